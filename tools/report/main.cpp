// revunet-report writes the page of a training run, from the files of its folder.
#include <fmt/format.h>

#include "io/files/atomic_file.h"
#include "models/training/report/report.h"
#include "models/training/run_folder/run_lock.h"
#include "tools/common/option_table.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"

using namespace revunet;
using namespace revunet::tools;

int main(int argc, char** argv) {
  std::filesystem::path run, out;
  OptionTable options({{"Options",
                        {{.name = "RUN",
                          .value = path(run),
                          .help = "folder of a run of revunet-train",
                          .required = true,
                          .positional = true},
                         {.name = "out", .value = path(out), .help = "file to write [RUN/report.html]"}}}});
  const auto write_report = [&] {
    if (out.empty()) RunLock::expect_free(run, "RUN");  // a run in training writes its page itself
    if (out.empty()) out = run / "report.html";
    io::write_file_atomically(out, report_of(run));
    print_result("{}\n", out.string());
  };
  const Program program = {
      .name = "revunet-report",
      .description =
          "Writes the page that shows a training run: curves, memory, time, pictures of predictions, configuration. "
          "revunet-train writes it after each epoch too. The page is one file and needs no network.",
      .help = {.examples = {{"revunet-report RUN", "writes RUN/report.html"},
                            {"revunet-report RUN --out page.html", "writes another file"},
                            {"for run in RUNS/*; do revunet-report \"$run\"; done", "writes the pages of many runs"}}},
      .options = &options,
      .run = write_report};
  return run_tool(program, argc, argv);
}
