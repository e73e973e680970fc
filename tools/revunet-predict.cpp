// revunet-predict: segmentations of a dataset's cases by a trained network.
#include <chrono>
#include <cstdio>

#include "io/folders.h"
#include "tools/check/check.h"
#include "tools/common/device_options.h"
#include "tools/common/help.h"
#include "tools/common/labels_option.h"
#include "tools/common/memory_failure.h"
#include "tools/common/option_range.h"
#include "tools/common/parse_list.h"
#include "tools/common/precision.h"
#include "tools/common/progress_line.h"
#include "tools/common/spelling.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/common/weights_file.h"
#include "tools/predict/prediction.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

struct Options {
  std::vector<std::filesystem::path> weights;
  std::filesystem::path data, out;
  std::string size;   // empty: the weights' own
  std::string patch;  // empty: one pass over the field of view
  double overlap = 0.5;
  std::optional<int64_t> keep_components;
  double min_component_volume = 0;
  std::string mirror = "none", labels, check = "full";  // labels empty: as the layout says
  std::string missing_modality = "refuse";
  bool probabilities = false, overlay = false;
  std::string precision = name_of(Precision::fp32);
  int threads = 0;
  DeviceArguments device;
};

struct FieldOfView {
  std::optional<io::VolumeSize> size;  // none: each brain's own
  std::string source;

  std::string describe() const {
    return size ? fmt::format("field of view {} ({})", fmt::join(*size, ","), source) : "field of view " + source;
  }
};

// One for all networks: theirs, where they agree, unless --size gives one. By patches, all of each brain.
FieldOfView field_of_view(const Options& options, const std::vector<Ensemble::Member>& members) {
  if (!options.size.empty()) return {parse_size(options.size, "--size"), "from --size"};
  if (!options.patch.empty()) return {std::nullopt, "the whole brain of each case"};
  const auto& first = members.front().info.size;
  for (size_t i = 1; i < members.size(); ++i) {
    REVUNET_EXPECTS(
        members[i].info.size == first, UsageError,
        "[--weights] expected networks of one field of view, got {} and {} with others; choose one with --size",
        options.weights[0].string(), options.weights[i].string());
  }
  if (first) return {*first, "from the weights"};
  return {io::default_field_of_view, "the default: the weights name none"};
}

std::optional<Windows> windows_of(const Options& options, const FieldOfView& view) {
  REVUNET_EXPECTS(options.overlap >= 0 && options.overlap < 1, UsageError,
                  "[--overlap] expected a share of the patch from 0 to below 1, got {}", options.overlap);
  if (options.patch.empty()) return std::nullopt;
  const Windows windows{parse_size(options.patch, "--patch"), options.overlap};
  for (size_t axis = 0; view.size && axis < 3; ++axis) {
    REVUNET_EXPECTS(windows.size[axis] <= (*view.size)[axis], UsageError,
                    "[--patch] expected patches that fit into --size {}, got {}; leave out --size for whole brains",
                    options.size, options.patch);
  }
  return windows;
}

PredictionOptions prediction_options(const Options& options, const FieldOfView& view,
                                     const std::vector<Ensemble::Member>& members) {
  const PredictionOptions result = {
      .size = view.size,
      .windows = windows_of(options, view),
      .filter = {.keep = options.keep_components, .min_volume = options.min_component_volume}};
  const io::Size3 seen = result.windows ? result.windows->size : view.size.value();  // by the networks
  for (const Ensemble::Member& m : members) check_size(m.info.config, {seen.begin(), seen.end()});
  return result;
}

void check_filter(const Options& options) {
  expect_range<int64_t>("--keep-components", options.keep_components.value_or(1), 1, kMostCounted);
  expect_range("--min-component-volume", options.min_component_volume, 0.0, kMostVolume);
}

// A line about the work, which -q leaves out.
void say(const std::string& line) {
  if (verbosity() == Verbosity::quiet) return;
  print_result("{}\n", line);
}

// The files of a case, with -v.
void say_files(const io::CaseFiles& read, const PredictionFiles& written) {
  if (verbosity() != Verbosity::verbose) return;
  for (const io::CaseFile& file : io::files_of(read))
    say(fmt::format("  read {} from {}", file.role, file.path.string()));
  say(fmt::format("  wrote {}", written.labels.string()));
  for (const auto& file : {written.probabilities, written.overlay}) {
    if (file) say(fmt::format("  wrote {}", file->string()));
  }
}

void report(const io::CaseFiles& files, const std::string& count, const PredictedCase& predicted, double seconds) {
  const std::string& name = files.name;
  const auto& v = predicted.region_voxels;
  const std::vector<std::string> missing = io::missing_modalities(files);
  say(fmt::format("{} {}  WT {} TC {} ET {} voxels  {:.1f} s{}", count, name, v[0], v[1], v[2], seconds,
                  missing.empty() ? "" : fmt::format("  without {}", fmt::join(missing, " and "))));
  if (predicted.cut != io::Size3{}) {
    print_message(
        "revunet-predict: warning: {}: the brain's box is {} voxels larger along x,y,z than the field of view "
        "{}; what lies outside has label 0. A larger --size takes it in, or --patch\n",
        name, fmt::join(predicted.cut, ","), fmt::join(predicted.size, ","));
  }
}

void predict(const Options& options) {
  expect_threads(options.threads);
  check_filter(options);
  set_cpu_threads(options.threads > 0 ? options.threads : available_cpu_threads());
  const DeviceOptions device_options = resolve(options.device);
  const MirrorAxes mirror = parse_mirror_axes(options.mirror);
  std::vector<io::CaseFiles> cases =
      io::find_cases(options.data, labels_of_option(options.labels),
                     options.missing_modality == "zero" ? io::MissingModality::allowed : io::MissingModality::refused);
  for (io::CaseFiles& c : cases) {
    if (!options.overlay) c.segmentation.reset();  // not looked at
  }
  const std::vector<PredictionFiles> files =
      prediction_files(cases, options.out, options.probabilities, options.overlay);
  expect_sound(cases, options.data, parse_check_level(options.check), "revunet-predict");

  ComputeDevice device(device_options);
  const Ensemble ensemble({device.get()}, options.weights, parse_precision(options.precision), mirror);
  const FieldOfView view = field_of_view(options, ensemble.members());
  PredictionOptions how = prediction_options(options, view, ensemble.members());
  io::make_folder(options.out);
  for (const Ensemble::Member& m : ensemble.members()) {
    say(fmt::format("{} network, channels {}, {} parameters", name_of(m.info.config.kind),
                    fmt::join(m.info.config.channels, ","), m.network->parameter_count()));
  }
  say(fmt::format("{}{}; {} cases; {}, {}{}", view.describe(),
                  how.windows ? fmt::format(" by patches of {}, overlap {}", options.patch, options.overlap) : "",
                  cases.size(), options.precision, device.description(),
                  options.mirror == "none" ? "" : fmt::format("; mirrored along {}", options.mirror)));
  ProgressLine progress("cases", std::ssize(cases));
  for (size_t i = 0; i < cases.size(); ++i) try {
      const auto show = [&](const std::string& what) { progress.show(static_cast<int64_t>(i), what); };
      show(cases[i].name);
      how.on_pass = [&](int64_t done, int64_t count) {
        if (count > 1) show(fmt::format("{}, pass {} of {}", cases[i].name, done, count));
      };
      const auto start = std::chrono::steady_clock::now();
      const PredictedCase predicted =
          with_host_memory("case " + cases[i].name, [&] { return predict_case(ensemble, cases[i], how, files[i]); });
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      device.save_plan_cache();
      progress.clear();
      report(cases[i], fmt::format("{}/{}", i + 1, cases.size()), predicted, elapsed.count());
      say_files(cases[i], files[i]);
    } catch (const OutOfMemoryError& e) {
      throw OutOfMemoryError(fmt::format("{}\nuse --precision bf16, or a smaller --size or --patch", e.what()),
                             e.capacity);
    }
  print_result("done: {} predictions in {}\n", cases.size(), options.out.string());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Segments BraTS cases with a trained network.", "revunet-predict");
  app.footer(
      "Each <out>/<case>.nii.gz lies on the case's own grid, and has the labels that the dataset's segmentations have "
      "(--labels). revunet-evaluate --prediction <out> scores them.");
  Options options;
  app.add_option(
         "--weights", options.weights,
         "weights (.safetensors) of revunet-train, or with the same parameter names; several: their mean prediction")
      ->required();
  app.add_option("--data", options.data,
                 "dataset, or the folder of one case, as for revunet-train; segmentations are not needed")
      ->required();
  app.add_option("--out", options.out, "folder for the predictions; must not hold any of these cases yet")->required();
  add_labels_option(app, options.labels);
  add_check_option(app, options.check);
  app.add_option("--missing-modality", options.missing_modality,
                 "cases that lack a modality: refuse, or zero: fill it with zeros, the mean of a standardised "
                 "modality; expect worse scores from a network that has not seen such cases")
      ->check(one_of({"refuse", "zero"}))
      ->capture_default_str();
  app.add_option(
      "--size", options.size,
      "X,Y,Z field of view in voxels: cases are cropped or padded to it [that of the weights, else 160,192,160]");
  auto* patch =
      app.add_option("--patch", options.patch,
                     "X,Y,Z size of overlapping patches to predict the whole brain by, or the field of view if --size "
                     "is given; use the size of training. Needs the memory of one patch, and 32 bytes per voxel");
  app.add_option(
         "--overlap", options.overlap,
         "overlap of neighbouring patches, as a fraction of their size; their weighted mean (Gaussian) is taken")
      ->capture_default_str()
      ->needs(patch);
  app.add_option("--keep-components", options.keep_components,
                 "number of largest connected components of each region to keep; those of TC lie within the kept WT, "
                 "those of ET within TC [all]");
  app.add_option("--min-component-volume", options.min_component_volume,
                 "remove connected components of less than this volume, mm^3; regions as for --keep-components")
      ->capture_default_str();
  app.add_option("--mirror", options.mirror,
                 "test-time augmentation: also predict mirror images along these axes (x,y,z) and their combinations, "
                 "and take the mean; each axis doubles the time")
      ->capture_default_str();
  app.add_flag("--probabilities", options.probabilities,
               "also write <out>/<case>_probabilities.nii.gz: float32, frames WT, TC and ET");
  app.add_flag("--overlay", options.overlay,
               "also draw <out>/<case>.png: predicted regions over FLAIR on three planes, next to those of the case's "
               "segmentation if it has one");
  add_precision_option(app, options.precision);
  add_device_options(app, options.device);
  app.add_option("--threads", options.threads, "CPU threads, 0: all; results do not depend on it")
      ->capture_default_str();
  add_verbosity_options(app, "the files that are read and written");
  const std::string start = "revunet-predict --weights RUN/best.safetensors ";
  set_help(
      app,
      {.examples = {{start + "--data DATASET --out PREDICTIONS", "segments every case of a dataset"},
                    {start + "--data DATASET/CASE --out PREDICTIONS --overlay",
                     "segments one case, and draws its regions over FLAIR"},
                    {start + "--data DATASET --out PREDICTIONS --mirror x,y,z",
                     "also predicts mirror images and takes the mean: better scores, in eight times the time"}},
       .most_used = {"--weights", "--data", "--out", "--overlay", "--mirror", "--patch", "--device", "--precision"}});
  return run_tool(app, argc, argv, [&] { predict(options); });
}
