// Tests options with numbers beyond reason.
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("numbers of options beyond reason are refused with the option and the largest there is", "[options]") {
  const auto refused = [](const std::string& tool, const std::string& arguments, const std::string& message) {
    INFO(arguments);
    const ToolResult got = run_tool(tool, arguments);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring(message));
  };
  const auto plan = [&](const std::string& options, const std::string& message) {
    refused("revunet-train", "--plan " + options, message);
  };
  plan("--size 4194304,2097152,2097152", "[--size] expected a size X,Y,Z of 1 to 4096");
  plan("--threads 100000", "[--threads] expected a whole number from 0 to 1024, got 100000");
  plan("--channels 4,4611686018427387904", "--channels of at most 4096");
  plan("--channels 4,8,8,8,8,8,8,8,8,8,8,8,8,8", "at most 12 levels");
  plan("--encoder-depth 2147483648", "[--encoder-depth] expected a whole number from 1 to 1000");
  plan("--max-steps 4611686018427387904", "[--max-steps] expected a whole number from 0 to 1000000000");
  plan("--memory-budget 8", "did you mean 8GiB?");
  plan("--folds 9223372036854775807", "[--folds] expected a whole number from 0 to 1000000000");
  plan("--folds 99999999999999999999", "[--folds] expected a whole number from 0 to 1000000000");
  for (const char* seed : {"99999999999999999999", "18446744073709551616", "-1", "1e3"}) {
    plan(fmt::format("--seed={}", seed), "[--seed] expected a whole number from 0 to 18446744073709551615");
  }
  refused("revunet-check", "--data . --threads 100000",
          "[--threads] expected a whole number from 0 to 1024, got 100000");
  refused("revunet-evaluate", "--reference . --prediction . --lesion-wise --lesion-dilation 2147483647",
          "[--lesion-dilation] expected a whole number from 0 to 1000");
  refused("revunet-predict", "--data . --weights x --out y --min-component-volume nan", "[--min-component-volume]");
}
