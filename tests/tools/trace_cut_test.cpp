// Tests how revunet-trace shows traces that prove nothing: those that end too early, and those of plans.
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

ToolResult run_trace_tool(const std::string& command, const fs::path& file) {
  return run_tool("revunet-trace", fmt::format("{} '{}'", command, file.string()));
}

}  // namespace

TEST_CASE("every command of revunet-trace shows what is before a cut, with a warning", "[trace]") {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(write(folder / "t.jsonl", planned_trace(header_of(tiny_settings))));
  const fs::path file = folder / "t.jsonl";
  write_bytes(file, whole.substr(0, whole.size() - 37));
  const auto warned = ContainsSubstring("warning: [" + file.string() + "] the trace has no end record");
  for (const auto& [command, shown] :
       {std::pair{"summary", "step 2"}, {"peak", "by tag"}, {"plot", "t.png"}, {"convert", "t.chrome.json"}}) {
    INFO(command);
    const ToolResult got = run_trace_tool(command, file);
    CHECK(got.exit_code == 0);
    CHECK_THAT(got.errors, warned);
    CHECK_THAT(got.output, ContainsSubstring(shown));
  }
  CHECK_THAT(run_trace_tool("summary", file).output,
             ContainsSubstring("ended: no end record") && ContainsSubstring("step 2 (cut)"));
  const ToolResult verified = run_trace_tool("verify", file);
  CHECK(verified.exit_code == 1);
  CHECK_THAT(verified.errors, warned && ContainsSubstring("the rest cannot be verified"));
  CHECK_THAT(verified.output, ContainsSubstring("step 1: every term") && !ContainsSubstring("verified"));
}

TEST_CASE("a plan's own trace is not called verified", "[trace]") {
  const TemporaryFolder folder;
  const ToolResult got = run_trace_tool("verify", write(folder / "p.jsonl", planned_trace(header_of(tiny_settings))));
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("proves nothing about a run") && !ContainsSubstring("verified"));
}
