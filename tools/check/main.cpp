// revunet-check finds everything that is wrong with a dataset, before a training does.
#include <filesystem>

#include "engine/cpu_threads.h"
#include "engine/error.h"
#include "io/check/check.h"
#include "io/check/check_tables.h"
#include "io/files/atomic_file.h"
#include "tools/common/compute_options.h"
#include "tools/common/dataset_options.h"
#include "tools/common/flag_names.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"

namespace {

using namespace revunet;

struct Settings {
  std::filesystem::path data, task, json;  // json empty: not asked for
  std::optional<io::LabelProfile> labels;
  std::optional<io::Background> background;
  std::string patients;
  int threads = 0;
};

tools::OptionTable options_of(Settings& s) {
  return tools::OptionTable(
      {{"Options",
        {{.name = "data",
          .value = tools::path(s.data),
          .help = "dataset, or the folder of one case, as for revunet-train",
          .required = true},
         tools::task_option(s.task, tools::kTaskOfDataset),
         tools::labels_option(s.labels),
         tools::background_option(s.background, "that of --task, otherwise 0"),
         tools::patients_option(s.patients),
         {.name = "json", .value = tools::path(s.json), .help = "write the whole report to this JSON file"},
         tools::threads_option(s.threads,
                               "each reads one case at a time and needs the memory of one file; results do "
                               "not depend on it"),
         tools::quiet_option()}}});
}

void run(Settings options) {
  const io::Patients patients = tools::patients_of_option(options.patients);
  const int threads = chosen_cpu_threads(options.threads);
  const std::optional<io::TaskFile> task = tools::read_task(options.task, options.labels);
  if (task) options.labels = io::profile_of_task(task->task);
  if (task && !options.background) options.background = task->background;
  io::expect_output_folder(options.json);
  use_cpu_threads(threads);
  const io::CheckedDataset checked = io::check_dataset(
      options.data,
      {.labels = options.labels, .background = options.background.value_or(io::Background{}), .patients = patients},
      tools::progress_on_terminal());
  tools::print_result(io::table_of(checked));
  if (!options.json.empty()) io::write_file_atomically(options.json, tools::with_flags(io::json_of(checked)));
  const int64_t violations = checked.count(false);
  REVUNET_EXPECTS(violations == 0, Error, "[{}] expected a dataset to train on, got {} violations; fix them",
                  options.data.string(), violations);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  tools::OptionTable options = options_of(settings);
  const tools::Program program = {
      .name = "revunet-check",
      .description =
          "Checks every file of a dataset and lists everything that is wrong with it, before a training run does.",
      .help = {.examples = {{"revunet-check --data DATASET", "checks every case of a dataset"},
                            {"revunet-check --data DATASET/CASE", "checks one case"},
                            {"revunet-check --data DATASET --labels brats2023 --json report.json",
                             "checks labels by the convention of BraTS 2023, and writes the whole report to a file"}},
               .details =
                   "Violations are: files that are missing, damaged or truncated; grids that differ within a case; "
                   "voxels that are NaN; images that are empty or constant; labels that should not be there; images "
                   "that are there twice or under another patient's name. What is read but should be known, such as "
                   "spacings other than 1 mm, is a warning.\n"
                   "The exit code is 0 without violations, 1 with violations, and 3 if nothing can be read."},
      .options = &options,
      .run = [&] { run(settings); }};
  return tools::run_tool(program, argc, argv);
}
