#include "tools/train/dataset_defaults.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>

#include <fmt/ranges.h>

#include "engine/process/host_memory_failure.h"
#include "io/nifti/size_text.h"
#include "io/preprocessing/fingerprint.h"
#include "models/inference/ensemble.h"
#include "models/training/run_folder/run_folder.h"
#include "models/training/samples/split.h"
#include "tools/common/progress_line.h"
#include "tools/train/choose_option.h"
#include "tools/train/level_choice.h"
#include "tools/train/resolve_settings.h"

namespace revunet::tools {

namespace {

constexpr std::array<int64_t, 5> kChannels = {32, 64, 128, 256, 320};  // Isensee et al. (2021)
// The rate is that of the run on the Decathlon's hippocampus in docs/own-dataset.md.
constexpr const char* kLearningRate = "0.001";
constexpr double kAcross = 1.5;  // times the voxels' other lengths, or extents, from which on planes lie across

// Says which spacing networks see where the cases decided it.
void choose_spacing(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  const auto text = [](const std::array<double, 3>& spacing) { return fmt::format("{}", fmt::join(spacing, ",")); };
  const io::Resampling& resampling = s.run.task->resampling();
  if (resampling.kind == io::Resampling::Kind::given) {
    choose_option(options, s, "spacing", text(resampling.spacing),
                  fmt::format("mm, the median of {} cases, whose spacings differ", fingerprint.cases.size()));
  } else {
    choose_option(
        options, s, "spacing", "none",
        fmt::format("all of {} cases have {} mm", fingerprint.cases.size(), text(io::median_spacing(fingerprint))));
  }
}

// Returns the spacing of the median case, as networks see it.
io::Spacing3 spacing_of(const io::Task& task, const io::DatasetFingerprint& fingerprint) {
  const io::Resampling& resampling = task.resampling();
  return resampling.kind == io::Resampling::Kind::given ? resampling.spacing : io::median_spacing(fingerprint);
}

// Returns a reason such as "the median of 208 cases has 35,50,36 voxels of 1,1,1 mm".
std::string median_text(const io::Task& task, const io::DatasetFingerprint& fingerprint) {
  return fmt::format("the median of {} cases has {} voxels of {} mm", fingerprint.cases.size(),
                     fmt::join(io::median_extent(fingerprint, task.resampling()), ","),
                     fmt::join(spacing_of(task, fingerprint), ","));
}

void choose_network(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  const io::Size3 extent = io::median_extent(fingerprint, s.run.task->resampling());
  const io::Spacing3 spacing = spacing_of(*s.run.task, fingerprint);
  const std::string median = median_text(*s.run.task, fingerprint);
  size_t levels = s.run.network.levels();
  std::vector<HalvedAxes> steps = choose_steps(extent, spacing, levels > 0 ? levels : kChannels.size());
  if (levels == 0) {
    levels = std::min(kChannels.size(), 1 + (s.halve.empty() ? steps.size() : s.halve.size()));
    choose_option(options, s, "channels", fmt::format("{}", fmt::join(std::span(kChannels).first(levels), ",")),
                  fmt::format("those of nnU-Net, and {} levels, because {}", levels,
                              s.halve.empty() ? median : "--halve has a word for each step between them"));
  }
  const bool too_few = steps.size() + 1 < levels;
  steps.resize(levels - 1, kAllAxes);
  if (steps.empty()) return;                                                               // one level
  if (canonical(steps).empty()) return options.take_default("halve", halved_text(steps));  // for config.toml
  choose_option(options, s, "halve", halved_text(steps),
                fmt::format("{}, and {}", median,
                            too_few ? "`channels` asks for more levels than there are voxels for"
                                    : fmt::format("a step halves an axis where that leaves at least {} voxels along it",
                                                  kLeastExtent)));
}

// The field of view holds the largest case.
void choose_size(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  UNetConfig network = default_config(s.run.network.kind);
  if (!s.run.network.channels.empty()) network.channels = s.run.network.channels;
  network.halved = canonical(s.halve, network.levels());
  check_config(network);
  const io::Size3 largest = io::largest_extent(fingerprint, s.run.task->resampling());
  const io::Size3 multiple = network.size_multiple();
  choose_option(options, s, "size", io::size_as_given(io::rounded_up(largest, multiple)),
                fmt::format("the largest of {} cases has {} voxels, and sizes are multiples of {}",
                            fingerprint.cases.size(), io::size_as_given(largest), multiple_text(multiple)));
}

void choose_loss(OptionTable& options, TrainSettings& s) {
  const io::Task& task = *s.run.task;
  if (!task.exclusive()) return;
  choose_option(options, s, "cross-entropy", std::to_string(task.regions().size()),
                "as much as the Dice loss of all classes together");
}

void choose_schedule(OptionTable& options, TrainSettings& s) {
  choose_option(options, s, "lr-schedule", "poly", "as in nnU-Net");
  choose_option(options, s, "lr", kLearningRate, "that of a training of this length");
}

// Images are changed in the plane of the finest voxels. Where all are alike, that is the plane of most voxels.
void choose_plane(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  const io::Spacing3 spacing = spacing_of(*s.run.task, fingerprint);
  const io::Size3 extent = io::median_extent(fingerprint, s.run.task->resampling());
  std::optional<size_t> across;  // the axis that the planes lie across
  const auto take_if = [&](auto lies_across) {
    for (size_t axis = 0; axis < 3; ++axis) {
      if (lies_across(axis, (axis + 1) % 3, (axis + 2) % 3)) across = axis;
    }
  };
  take_if([&](size_t axis, size_t u, size_t v) {
    return kAcross * static_cast<double>(extent[axis]) < static_cast<double>(std::min(extent[u], extent[v]));
  });
  take_if([&](size_t axis, size_t u, size_t v) { return spacing[axis] > kAcross * std::max(spacing[u], spacing[v]); });
  if (!across) return;
  constexpr std::array<const char*, 3> kPlanes = {"yz", "xz", "xy"};
  choose_option(options, s, "rotation-plane", kPlanes[*across], median_text(*s.run.task, fingerprint));
}

void choose_augmentation(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  choose_option(options, s, "augment", "paper", "a network of few cases learns more from changed ones");
  if (s.augment == Augmentation::none) return;
  choose_plane(options, s, fingerprint);
  if (options.given("flip-axes") || s.flip_axes_known) return;
  choose_option(options, s, "flip", "0",
                "nobody knows along which axes this anatomy may be mirrored; give `flip-axes`");
}

void choose_all(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  for (size_t m = 0; m < s.run.task->modalities().size(); ++m) {
    s.choices.push_back(
        fmt::format("{}: {}", s.run.task->modalities()[m], name_of(s.run.task->normalisations()[m].kind).meaning));
  }
  if (s.facts && s.run.init.empty()) choose_network(options, s, fingerprint);
  choose_size(options, s, fingerprint);
  choose_loss(options, s);
  if (!s.facts) return;
  choose_schedule(options, s);
  choose_augmentation(options, s, fingerprint);
}

// All labelled cases are measured, those that validate included, so that the folds of a cross-validation agree.
io::DatasetFingerprint measured(const std::vector<io::CaseFiles>& cases, const io::Background& background) {
  std::vector<io::CaseFiles> labelled;
  for (const io::CaseFiles& c : cases) {
    if (!c.segmentation) continue;
    labelled.push_back(c);
    labelled.back().background = background;
  }
  REVUNET_EXPECTS(!labelled.empty(), DataError, "[{}] expected a segmentation to train on, got none of {} cases",
                  cases.front().name, cases.size());
  return with_host_memory("measuring the cases", [&] { return io::fingerprint_of(labelled, progress_on_terminal()); });
}

std::set<std::string> names_of(const std::vector<io::CaseFiles>& cases) {
  std::set<std::string> names;
  for (const io::CaseFiles& c : cases) names.insert(c.name);
  return names;
}

// A plan needs no dataset that is there, and a run without one is refused once its options are checked.
std::vector<io::CaseFiles> cases_of(const TrainSettings& s) {
  std::error_code error;
  if (s.data.path.empty() || !std::filesystem::is_directory(s.data.path, error)) return {};
  return io::find_cases_of(s.data.path, s.data.labels, s.data.modalities);
}

// A plan without a dataset is of BraTS.
io::TaskPointer task_without_cases(const TrainSettings& s) {
  const io::TaskPointer task = s.data.labels ? s.data.labels->task() : io::brats_task();
  return s.data.modalities.empty() ? task : io::with_modalities(task, s.data.modalities);
}

// Returns the task with the resampling that the options choose.
io::TaskPointer with_resampling(const io::TaskPointer& task, const TrainSettings& s) {
  io::Task::Rules rules = task->rules();
  if (s.resampling.kind != io::Resampling::Kind::automatic) {
    rules.resampling.kind = s.resampling.kind;
    rules.resampling.spacing = s.resampling.spacing;
  }
  if (s.interpolation) rules.resampling.interpolation = *s.interpolation;
  REVUNET_EXPECTS(!s.interpolation || rules.resampling.kind != io::Resampling::Kind::as_is, UsageError,
                  "[--interpolation] expected images that are resampled, got --spacing {} for the task {}; give "
                  "--spacing, or leave --interpolation out",
                  s.resampling.kind == io::Resampling::Kind::as_is ? "none" : "auto", task->name());
  if (rules.resampling.kind == io::Resampling::Kind::as_is) rules.resampling = {};
  return rules.resampling == task->resampling() ? task : io::with_rules(*task, std::move(rules));
}

// What a task's file says holds where the options do not say it.
void take_task_file(OptionTable& options, TrainSettings& s) {
  const std::optional<io::TaskFile> file = read_task(s.task, s.labels);
  if (!file) return;
  s.data.labels = io::profile_of_task(file->task);
  if (file->background) options.take_default("background", file->background->name());
  if (!file->mirror) return;
  options.take_default("flip-axes", *file->mirror);
  s.flip_axes_known = true;
}

bool waits_for_cases(const io::Task& task) {
  const auto is_open = [](const io::Normalisation& n) {
    return n.kind == io::Normalisation::Kind::automatic || (n.kind == io::Normalisation::Kind::ct && !n.foreground);
  };
  return task.resampling().kind == io::Resampling::Kind::automatic ||
         std::ranges::any_of(task.normalisations(), is_open);
}

void begin_run(OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  if (!s.plan) RunFolder::expect_new(run.out);  // before the cases are looked at
  resolve_split(s);
  take_task_file(options, s);
  const std::vector<io::CaseFiles> cases = cases_of(s);
  if (!cases.empty()) run.task = cases.front().task();
  if (cases.empty() && !run.init.empty()) run.task = task_of_weights({run.init});
  if (cases.empty() && run.init.empty()) run.task = task_without_cases(s);
  if (!run.init.empty()) take_architecture(options, run.init, run.task);
  run.task = with_resampling(run.task, s);
  const bool has_fixed_defaults = io::brats_task_of(*run.task) && !waits_for_cases(*run.task);
  if (cases.empty() || (has_fixed_defaults && s.size)) return;
  const Split split = split_cases(cases, run.split);  // before the cases are measured, which takes longer
  const io::DatasetFingerprint fingerprint = measured(cases, run.background);
  if (has_fixed_defaults) return choose_size(options, s, fingerprint);
  const bool spacing_is_open = run.task->resampling().kind == io::Resampling::Kind::automatic;
  run.task = io::with_fingerprint(run.task, fingerprint);
  if (spacing_is_open) choose_spacing(options, s, fingerprint);
  s.warnings = io::warnings_of(fingerprint, *run.task, names_of(split.training));
  if (s.protocol == "none") {  // a protocol is a choice of all that makes a training
    s.facts = {.median_extent = io::median_extent(fingerprint, run.task->resampling()),
               .training = std::ssize(split.training),
               .validation = std::ssize(split.validation)};
  }
  choose_all(options, s, fingerprint);
}

// Refuses before the cases are measured what no network can have.
void expect_halve(const TrainSettings& s) {
  if (s.halve.empty() || !s.run.init.empty()) return;  // weights have their own levels
  if (s.run.network.levels() > 0) return expect_steps(s.halve, s.run.network.levels());
  REVUNET_EXPECTS(s.halve.size() < kChannels.size(), UsageError,
                  "[--halve] expected at most {} words, for the {} levels that there are without --channels, got {}; "
                  "give --channels",
                  kChannels.size() - 1, kChannels.size(), s.halve.size());
  if (s.protocol != "none") expect_steps(s.halve, default_config(s.run.network.kind).levels());
}

void take_unguarded(OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  expect_data_and_out(s);
  s.data.labels = s.labels;
  expect_halve(s);
  if (s.resume.empty()) {
    begin_run(options, s);
  } else {
    run.task = task_of_split(s.resume / "split.json");
    // The run's own task names its files. Otherwise a layout does, which needs all channels of the task.
    if (!s.task.empty()) {
      s.data.labels = io::profile_of_task(run.task->rules().files ? run.task : io::read_task_file(s.task).task);
    }
  }
  REVUNET_EXPECTS(run.drop_modality == 0 || run.task->modalities().size() > 1, UsageError,
                  "[--drop-modality] expected a task of several modalities, of which one always stays, got {}",
                  io::describe(*run.task));
  run.network.in_channels = std::ssize(run.task->modalities());
  run.network.out_channels = run.task->output_count();
  run.extras.exclusive_classes = run.task->exclusive();
}

}  // namespace

void take_dataset(OptionTable& options, TrainSettings& settings) try {
  take_unguarded(options, settings);
} catch (const UsageError& e) {
  throw UsageError(options.with_lines(e.what()));
}

}  // namespace revunet::tools
