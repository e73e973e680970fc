// Tests how many threads a program starts and how they wait. libgomp prints how it understands its settings.
#include <string>

#include "tests/support/catch.h"
#include "tests/tools/tool_runner.h"

using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Returns what libgomp prints at the start of a program about how threads wait. The last start's is at the end.
std::string last_spin_count(const std::string& environment) {
  const ToolResult got = run_tool("revunet-check", "--version",
                                  "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose " + environment);
  REQUIRE(got.exit_code == 0);
  const std::string name = "GOMP_SPINCOUNT = '";
  const size_t at = got.errors.rfind(name);
  INFO(got.errors);
  REQUIRE(at != std::string::npos);
  const size_t begin = at + name.size();
  return got.errors.substr(begin, got.errors.find('\'', begin) - begin);
}

}  // namespace

TEST_CASE("waiting threads spin briefly, unless the environment says how they wait", "[threads]") {
  CHECK(last_spin_count("") == "1000");
  CHECK(last_spin_count("GOMP_SPINCOUNT=77 ") == "77");
  CHECK(last_spin_count("OMP_WAIT_POLICY=passive ") == "0");
}

TEST_CASE("a program that starts anew keeps its arguments and its streams", "[threads]") {
  const ToolResult got =
      run_tool("revunet-check", "--data 'no such folder' --json ''", "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT ");
  CHECK(got.exit_code == 3);
  CHECK(got.output.empty());
  CHECK_THAT(got.errors, ContainsSubstring("no such folder"));
}

#if !defined(__SANITIZE_ADDRESS__)  // it takes terabytes of addresses
TEST_CASE("a number of threads that the system refuses is an error that says how many start", "[threads]") {
  const ToolResult got = run_tool("revunet-check", "--data . --threads 1000",
                                  R"(sh -c 'ulimit -v 2000000; ulimit -s 8192; exec "$0" "$@"' )");
  CHECK(got.exit_code == 2);
  CHECK_THAT(got.errors, ContainsSubstring("[--threads] expected to start 1000 threads, got "));
}
#endif
