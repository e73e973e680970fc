#include "tools/train/dataset_defaults.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/ranges.h>

#include "engine/process/host_memory_failure.h"
#include "io/preprocessing/fingerprint.h"
#include "models/inference/ensemble.h"
#include "models/training/run_folder/run_folder.h"
#include "models/training/samples/split.h"
#include "tools/common/progress_line.h"
#include "tools/train/level_choice.h"
#include "tools/train/resolve_settings.h"

namespace revunet::tools {

namespace {

constexpr std::array<int64_t, 5> kChannels = {32, 64, 128, 256, 320};  // Isensee et al. (2021)
// Rate and samples are those of the run on the Decathlon's hippocampus in docs/own-dataset.md.
constexpr const char* kLearningRate = "0.001";
constexpr size_t kSamples = 5000;  // of a whole training
constexpr size_t kFewestEpochs = 10, kMostDefaultEpochs = 1000;
constexpr double kDeformation = 10.0 / 160;  // share of the shorter axis of the plane: the paper has 10 voxels of 160

constexpr Spacing3 kSpacing = {1, 1, 1};  // mm: voxels count as cubes

std::string rounded_up(const io::Size3& extent, const io::Size3& multiple) {
  std::vector<int64_t> size;
  for (size_t axis = 0; axis < 3; ++axis) {
    size.push_back((extent[axis] + multiple[axis] - 1) / multiple[axis] * multiple[axis]);
  }
  return fmt::format("{}", fmt::join(size, ","));
}

// Sets an option that is not set, and says why.
void choose(OptionTable& options, TrainSettings& s, const std::string& name, const std::string& value,
            const std::string& reason) {
  if (options.given(name)) return;
  options.take_default(name, value);
  s.choices.push_back(fmt::format("`{}` {}: {}", name, value, reason));
}

void choose_network(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  const std::string median =
      fmt::format("the median of {} cases has {} voxels", fingerprint.cases, fmt::join(fingerprint.median, ","));
  size_t levels = s.run.network.levels();
  std::vector<HalvedAxes> steps = choose_steps(fingerprint.median, kSpacing, levels > 0 ? levels : kChannels.size());
  if (levels == 0) {
    levels = std::min(kChannels.size(), 1 + (s.halve.empty() ? steps.size() : s.halve.size()));
    choose(options, s, "channels", fmt::format("{}", fmt::join(std::span(kChannels).first(levels), ",")),
           fmt::format("those of nnU-Net, and {} levels, because {}", levels,
                       s.halve.empty() ? median : "--halve has a word for each step between them"));
  }
  steps.resize(levels - 1, kAllAxes);  // whoever asks for more levels than there are voxels for gets these
  if (canonical(steps).empty()) return;
  choose(
      options, s, "halve", halved_text(steps),
      fmt::format("{}, and a step halves an axis where that leaves at least {} voxels along it", median, kLeastExtent));
}

void choose_size(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint) {
  UNetConfig network = default_config(s.run.network.kind);
  if (!s.run.network.channels.empty()) network.channels = s.run.network.channels;
  network.halved = canonical(s.halve);
  check_config(network);
  const io::Size3 multiple = network.size_multiple();
  choose(options, s, "size", rounded_up(fingerprint.greatest, multiple),
         fmt::format("the greatest of {} cases has {} voxels, and sizes are multiples of {}", fingerprint.cases,
                     fmt::join(fingerprint.greatest, ","), multiple_text(multiple)));
}

void choose_loss(OptionTable& options, TrainSettings& s) {
  const io::Task& task = *s.run.task;
  if (!task.exclusive()) return;
  choose(options, s, "cross-entropy", std::to_string(task.regions().size()),
         "as much as the Dice loss of all classes together");
}

void choose_schedule(OptionTable& options, TrainSettings& s, size_t cases) {
  const size_t epochs = std::clamp((kSamples + cases - 1) / cases, kFewestEpochs, kMostDefaultEpochs);
  choose(options, s, "epochs", std::to_string(epochs),
         fmt::format("{} samples in all, of {} training cases", epochs * cases, cases));
  choose(options, s, "lr-schedule", "poly", "as in nnU-Net");
  choose(options, s, "lr", kLearningRate, "that of a training of this length");
}

void choose_augmentation(OptionTable& options, TrainSettings& s) {
  choose(options, s, "augment", "paper", "a network of few cases learns more from changed ones");
  if (s.augment == Augmentation::none) return;
  const auto [u, v] = plane_axes(s.ranges.plane_normal);
  const double extent = static_cast<double>(std::min(s.run.size[u], s.run.size[v]));
  choose(options, s, "deformation", fmt::format("{:.1f}", kDeformation * extent), "in proportion to the field of view");
  if (options.given("flip-axes")) return;  // whoever gives them knows
  choose(options, s, "flip", "0", "nobody knows along which axes this anatomy may be mirrored; give `flip-axes`");
}

void choose_all(OptionTable& options, TrainSettings& s, const io::DatasetFingerprint& fingerprint, size_t training) {
  for (size_t m = 0; m < s.run.task->modalities().size(); ++m) {
    s.choices.push_back(
        fmt::format("{}: {}", s.run.task->modalities()[m], name_of(s.run.task->normalisations()[m].kind).meaning));
  }
  const bool free = s.protocol == "none";  // a protocol is a choice of all that makes a training
  if (free && s.run.init.empty()) choose_network(options, s, fingerprint);
  choose_size(options, s, fingerprint);
  choose_loss(options, s);
  if (!free) return;
  choose_schedule(options, s, training);
  choose_augmentation(options, s);
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

// Returns how many of the cases train.
size_t count_training(TrainSettings& s, std::vector<io::CaseFiles> cases) {
  resolve_split(s);
  return split_cases(std::move(cases), s.run.split).training.size();
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

void begin_run(OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  if (!s.plan) RunFolder::expect_new(run.out);  // before the cases are looked at
  const std::vector<io::CaseFiles> cases = cases_of(s);
  if (!cases.empty()) run.task = cases.front().task();
  if (cases.empty() && !run.init.empty()) run.task = task_of_weights({run.init});
  if (cases.empty() && run.init.empty()) run.task = task_without_cases(s);
  if (!run.init.empty()) take_architecture(options, run.init, run.task);
  if (cases.empty() || io::brats_task_of(*run.task)) return;
  const io::DatasetFingerprint fingerprint = measured(cases, run.background);
  run.task = io::with_fingerprint(run.task, fingerprint);
  choose_all(options, s, fingerprint, count_training(s, cases));
}

void take_unguarded(OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  expect_data_and_out(s);
  if (!s.halve.empty() && run.network.levels() > 0) expect_steps(s.halve, run.network.levels());
  if (s.resume.empty()) {
    begin_run(options, s);
  } else {
    run.task = task_of_split(s.resume / "split.json");
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
