// Tests a tool whose standard streams are closed, full, or a pipe that nobody reads, and whose files may not grow.
#include <cstdio>

#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"
#include "tools/common/flag_names.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// Returns the exit code of a tool, after whose arguments come redirections: "revunet-check --data x >&-". `before` runs
// in its shell.
int exit_code_of(const std::string& command, const std::string& before = "true") {
  const int status = std::system(
      fmt::format("{}; CUDA_VISIBLE_DEVICES= {} {}/{}", before, patient_threads, tools_dir(), command).c_str());
  REQUIRE(WIFEXITED(status));  // not killed by a signal
  return WEXITSTATUS(status);
}

const std::string small_plan = "revunet-train --plan --channels 4,8 --size 16,16,16 --threads 1";

std::string tiny_run(const fs::path& data, const fs::path& out) {
  return fmt::format("revunet-train --data '{}' --out '{}' --channels 4,8 --size 16,16,16 --epochs 1 --max-steps 2",
                     data.string(), out.string());
}

}  // namespace

TEST_CASE("a full or closed stderr does not change the exit code", "[streams]") {
  for (const char* to : {"2>/dev/full", "2>&-", "2>&- >&- <&-"}) {
    INFO(to);
    CHECK(exit_code_of(fmt::format("revunet-check --data /nowhere >/dev/null {}", to)) == 3);
    CHECK(exit_code_of(fmt::format("revunet-check --no-such-option >/dev/null {}", to)) == 2);
    CHECK(exit_code_of(fmt::format("{} >/dev/null {}", small_plan, to)) == 0);
  }
}

TEST_CASE("output that a full stdout did not take is an error", "[streams]") {
  const TemporaryFolder folder;
  const std::string errors = (folder / "errors").string();
  for (const std::string& command :
       {small_plan, std::string("revunet-check --help"), std::string("revunet-trace --version")}) {
    INFO(command);
    CHECK(exit_code_of(fmt::format("{} >/dev/full 2>'{}'", command, errors)) == 1);
    CHECK_THAT(read_bytes(errors), ContainsSubstring("error: [stdout] expected to write all of the output, got: No "
                                                     "space left on device"));
  }
  CHECK(exit_code_of(fmt::format("revunet-check --data /nowhere >/dev/full 2>'{}'", errors)) == 3);
}

TEST_CASE("a pipe that nobody reads ends a tool without a message", "[streams]") {
  const TemporaryFolder folder;
  const std::string errors = (folder / "errors").string(), code = (folder / "code").string();
  const std::string reader_gone = fmt::format("2>'{}'; echo $? >'{}'; }} | true", errors, code);
  CHECK(exit_code_of(fmt::format("{} {}", small_plan, reader_gone), "{ sleep 0.1") == 0);
  CHECK(read_bytes(errors) == "");
  CHECK(read_bytes(code) == "0\n");
}

TEST_CASE("a run does not depend on stdout: not on one that is closed, full or no longer read", "[streams][train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string errors = (folder / "errors").string();
  for (const char* to : {"1>&-", "1>/dev/full", "| true"}) {
    INFO(to);
    const fs::path run = folder / "run";
    CHECK(exit_code_of(fmt::format("{} 2>'{}' {}", tiny_run(data, run), errors, to)) == 0);
    CHECK_THAT(read_bytes(errors), !ContainsSubstring("error") && !ContainsSubstring("lacks lines"));
    // Every line of the log is where it belongs, and nowhere else.
    CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("epoch 1/1") && ContainsSubstring("done: "));
    for (const auto& file : fs::recursive_directory_iterator(run)) {
      if (!file.is_regular_file() || file.path().filename() == "train.log") continue;
      INFO(file.path().string());
      CHECK_THAT(read_bytes(file.path()), !ContainsSubstring("done: best weights"));
    }
    fs::remove_all(run);
  }
}

TEST_CASE("a file beyond the limit of its size is a disk that is full", "[streams]") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  const std::string errors = (folder / "errors").string();
  const std::string command = fmt::format("revunet-phantom --out '{}' --size 32,32,32 2>'{}'", out.string(), errors);
  CHECK(exit_code_of(command, "ulimit -f 4") == 3);  // 2 KiB, or 4 KiB in some shells
  CHECK_THAT(read_bytes(errors), ContainsSubstring("expected to write, got: File too large"));
  for (const auto& file : fs::recursive_directory_iterator(out)) {
    INFO(file.path().string());
    CHECK_FALSE(file.path().filename().string().starts_with('.'));
  }
}

TEST_CASE("options that libraries name are printed as flags, and nothing else is changed", "[streams]") {
  CHECK(tools::with_flags("[`size`] expected 1, got 2; use `lr-drops` none") ==
        "[--size] expected 1, got 2; use --lr-drops none");
  for (const char* same : {"", "`", "``", "`a", "`ulimit -a`", "`A`", "a`b c`d", "$(x)"})
    CHECK(tools::with_flags(same) == same);
  CHECK(tools::with_flags("``size``") == "`--size`");
}
