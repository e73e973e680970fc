// Tests what --cpu-instructions leaves to a run. oneDNN prints the instructions of each primitive that it computes.
#include "engine/cpu_instructions.h"

#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Returns what oneDNN prints of a tiny run, and all that the run prints.
std::pair<std::string, std::string> onednn_lines(const std::string& options) {
  const TemporaryFolder folder;
  const ToolResult got = run_tool(
      "revunet-train",
      fmt::format("--data '{}' --out '{}' {} --val-fraction 0 --epochs 1 --max-steps 1 --device cpu {}",
                  make_phantoms(folder / "data", 2).string(), (folder / "run").string(), tiny_options, options),
      std::string("DNNL_VERBOSE=1 ") + patient_threads);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  std::string lines;
  std::istringstream output(got.output);
  for (std::string line; std::getline(output, line);) {
    if (line.find("_verbose,") != std::string::npos && line.find(",exec,") != std::string::npos) lines += line + "\n";
  }
  return {lines, got.output + got.errors};
}

bool names_avx512(const std::string& lines) {
  return lines.find("avx512") != std::string::npos || lines.find("amx") != std::string::npos;
}

}  // namespace

TEST_CASE("a run with --cpu-instructions avx2 uses no others, and says so", "[threads]") {
  if (least_cpu_instructions() > CpuInstructions::avx2) return skip("this build is native: it has no kernels for AVX2");
  const auto [limited, text] = onednn_lines("--cpu-instructions avx2");
  CHECK_THAT(limited, ContainsSubstring(",exec,"));
  CHECK_FALSE(names_avx512(limited));
  CHECK_THAT(text, ContainsSubstring("CPU threads, avx2"));
  if (available_cpu_instructions() == CpuInstructions::avx2) return;  // there is nothing that the option took away
  const auto [all, text_of_all] = onednn_lines("");
  CHECK(names_avx512(all));
  CHECK_THAT(text_of_all, ContainsSubstring(std::string("CPU threads, ") + name_of(available_cpu_instructions())));
}

TEST_CASE("instructions that the processor or the build lacks are refused", "[threads]") {
  const auto refuses = [](CpuInstructions set) {
    const ToolResult got =
        run_tool("revunet-train", std::string("--plan --device cpu --cpu-instructions ") + name_of(set));
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring("[--cpu-instructions] expected"));
  };
  bool lacks_some = false;
  for (const CpuInstructions set : kCpuInstructions) {
    if (set >= least_cpu_instructions() && set <= available_cpu_instructions()) continue;
    refuses(set);
    lacks_some = true;
  }
  if (!lacks_some) skip("this processor and this build have all instructions that there are kernels for");
}
