#include "models/training/samples/checked_split.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet {

namespace {

io::CheckOptions check_options(io::CheckLevel level, const TrainOptions& options) {
  io::CheckOptions check{.level = level, .patients = options.split.patients, .wants_sums = true};
  if (options.resume) {
    // The size and the network of a resumed run are fixed, so the view is not checked again.
    check.level = std::min(level, io::CheckLevel::headers);
  } else {
    check.view = io::TrainingView{options.size.axes(), options.network.size_multiple()};
  }
  return check;
}

Split found_split(const DatasetChoice& data, const TrainOptions& options, const io::OnNote& on_note) {
  SplitOptions how = options.split;
  if (options.resume) how.file = options.out / "split.json";
  std::vector<io::CaseFiles> cases = io::find_cases_of(data.path, data.labels, data.modalities, on_note);
  for (io::CaseFiles& c : cases) {
    REVUNET_EXPECTS(io::same_task(*c.task(), *options.task), DataError,
                    "[{}] expected the run's task, {}, got {}; pass the dataset that the run began with",
                    data.path.string(), io::describe(*options.task), io::describe(*c.task()));
    c = io::with_task(c, options.task);
    c.background = options.background;
  }
  return split_cases(std::move(cases), how);
}

}  // namespace

Split split_of_run(const DatasetChoice& data, const TrainOptions& options) {
  return found_split(data, options, {});
}

CheckedSplit checked_split(const DatasetChoice& data, const TrainOptions& options, const SplitMessages& messages) {
  Split split = found_split(data, options, messages.on_note);
  expect_validation(options.stopping, !split.validation.empty());
  std::vector<io::CaseFiles> used = split.training;
  used.insert(used.end(), split.validation.begin(), split.validation.end());
  io::StartCheck check = io::check_before_start(used, check_options(data.check, options), messages.progress);
  io::expect_sound(check, used, data.path);
  for (const std::string& warning : check.warnings) {
    if (messages.on_warning) messages.on_warning(warning);
  }
  return {std::move(split), std::move(check.sums)};
}

Split complete_split(CheckedSplit checked, const StoppingRule& stopping, const io::OnProgress& progress) {
  Split& split = checked.split;
  split.hashes = hash_files(split, checked.sums, progress);
  split.validation_regions = count_regions(split.validation, progress);
  expect_validation(stopping, has_regions(split.validation_regions));
  return std::move(split);
}

}  // namespace revunet
