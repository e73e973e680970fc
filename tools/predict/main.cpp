// revunet-predict: segmentations of a dataset's cases by a trained network.
#include <chrono>
#include <set>

#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "io/files/folders.h"
#include "models/inference/field_of_view.h"
#include "models/precision.h"
#include "tools/common/background_option.h"
#include "tools/common/check_option.h"
#include "tools/common/cpu_threads.h"
#include "tools/common/device_options.h"
#include "tools/common/help.h"
#include "tools/common/labels_option.h"
#include "tools/common/option_range.h"
#include "tools/common/option_spelling.h"
#include "tools/common/precision_option.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/predict/case_selection.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

struct Options {
  std::vector<std::filesystem::path> weights;
  std::filesystem::path data, out;
  LooseFiles loose;
  FieldOfViewOptions view;
  std::optional<int64_t> keep_components;
  double min_component_volume = 0;
  std::string mirror = "none", labels, check = "full";  // labels empty: as the layout says
  std::string missing_modality = "refuse";
  bool probabilities = false, overlay = false, skip_existing = false, skip_bad = false;
  std::string precision = name_of(Precision::fp32);
  int threads = 0;
  DeviceArguments device;
};

void print_note(const std::string& note) {
  print_message("revunet-predict: note: {}\n", note);
}

SelectionOptions selection_options(const Options& options) {
  REVUNET_EXPECTS(
      options.data.empty() == options.loose.any(), UsageError,
      "[--data] expected a dataset, or a case's files by --t1, --t1ce, --t2 and --flair, got {}; give one of the two",
      options.loose.any() ? "both" : "neither");
  REVUNET_EXPECTS(options.loose.any() || options.loose.name.empty(), UsageError,
                  "[--name] expected a case's files by --t1, --t1ce, --t2 and --flair, got --data, whose cases have "
                  "names; leave it out");
  return {.data = options.data,
          .out = options.out,
          .loose = options.loose,
          .labels = labels_of_option(options.labels),
          .missing = options.missing_modality == "zero" ? io::MissingModality::allowed : io::MissingModality::refused,
          .check = io::parse_check_level(options.check),
          .probabilities = options.probabilities,
          .overlay = options.overlay,
          .skip_existing = options.skip_existing,
          .skip_bad = options.skip_bad,
          .on_note = print_note};
}

FieldOfView field_of_view(const Options& options, const Ensemble& ensemble) {
  std::vector<Network> networks;
  for (size_t i = 0; i < options.weights.size(); ++i) {
    networks.push_back({options.weights[i], ensemble.members()[i].info});
  }
  return field_of_view(options.view, networks);
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

// What is done to which cases, before the first of them.
void announce(const Options& options, const Ensemble& ensemble, const FieldOfView& view, const Selection& selection,
              const std::string& device) {
  for (const Ensemble::Member& m : ensemble.members()) {
    say(fmt::format("{} network, channels {}, {} parameters", name_of(m.info.config.kind),
                    fmt::join(m.info.config.channels, ","), m.network->parameter_count()));
  }
  std::set<std::string> labels;
  for (const io::CaseFiles& c : selection.cases) labels.insert(c.labels.name());
  say(fmt::format("{}; {} cases, labels of {}; {}, {}{}", view.description, selection.cases.size(),
                  fmt::join(labels, " and "), options.precision, device,
                  options.mirror == "none" ? "" : fmt::format("; mirrored along {}", options.mirror)));
}

void announce_skipped(const Selection& selection) {
  const size_t count = selection.count;
  if (!selection.existing.empty()) {
    say(fmt::format("{} of {} cases are predicted already and left as they are", selection.existing.size(), count));
  }
  for (const std::string& damage : selection.damaged) {
    print_message("revunet-predict: warning: {}; it is predicted again\n", damage);
  }
}

void warn_of_bad(const Selection& selection) {
  if (selection.bad.empty()) return;
  print_message("revunet-predict: warning: {} of {} cases cannot be predicted:{}\n", selection.bad.size(),
                selection.count, list_of(selection.bad));
}

// Predicts the cases one after the other. With skip_bad, those whose images or predictions are no good become bad
// cases.
class CaseLoop {
 public:
  CaseLoop(const Ensemble& ensemble, ComputeDevice& device, PredictionOptions how, bool skip_bad)
      : ensemble_(ensemble), device_(device), how_(std::move(how)), skip_bad_(skip_bad) {}

  // How many were predicted.
  int64_t run(Selection& selection) {
    const size_t count = selection.cases.size();
    ProgressLine progress("cases", static_cast<int64_t>(count));
    for (size_t i = 0; i < count; ++i) {
      const io::CaseFiles& c = selection.cases[i];
      const auto show = [&](const std::string& what) { progress.show(static_cast<int64_t>(i), what); };
      expect_no_interruption(count);
      show(c.name);
      how_.on_pass = [&](int64_t done, int64_t passes) {
        if (done < passes) expect_no_interruption(count);
        if (passes > 1) show(fmt::format("{}, pass {} of {}", c.name, done, passes));
      };
      try {
        const auto start = std::chrono::steady_clock::now();
        const PredictedCase predicted = predict(c, selection.files[i]);
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        progress.clear();
        report(c, fmt::format("{}/{}", i + 1, count), predicted, elapsed.count());
        say_files(c, selection.files[i]);
        ++done_;
      } catch (const UnfitCase& e) {
        progress.clear();
        selection.bad.push_back({c.name, e.reason});
        print_message("revunet-predict: warning: {}/{} {} cannot be predicted: {}\n", i + 1, count, c.name, e.reason);
      }
    }
    return done_;
  }

 private:
  struct UnfitCase {
    std::string reason;
  };

  // Files that cannot be written, as on a full disk, end the run: the next case would fare no better.
  PredictedCase predict(const io::CaseFiles& c, const PredictionFiles& files) {
    const auto with_memory = [&](auto work) { return with_host_memory("case " + c.name, work); };
    const LoadedCase loaded =
        unfit_if<DataError>([&] { return with_memory([&] { return load_for_prediction(c, how_); }); });
    const PredictedCase predicted = unfit_if<NonFiniteError>(
        [&] { return with_memory([&] { return predict_case(ensemble_, loaded, how_, files); }); });
    device_.save_plan_cache();
    return predicted;
  }

  template <class Failure, class F>
  auto unfit_if(F f) -> decltype(f()) {
    try {
      return f();
    } catch (const Failure& e) {
      if (!skip_bad_) throw;
      throw UnfitCase{e.what()};
    } catch (const OutOfMemoryError& e) {
      throw OutOfMemoryError(fmt::format("{}\nuse --precision bf16, or a smaller --size or --patch", e.what()),
                             e.capacity);
    }
  }

  void expect_no_interruption(size_t count) const {
    REVUNET_EXPECTS(
        !interrupted(), Interrupted,
        "interrupted: {} of {} cases are predicted and whole; the same command with --skip-existing goes on", done_,
        count);
  }

  const Ensemble& ensemble_;
  ComputeDevice& device_;
  PredictionOptions how_;
  bool skip_bad_;
  int64_t done_ = 0;  // cases
};

void predict(const Options& options) {
  const int threads = threads_of_option(options.threads);
  check_filter(options);
  use_cpu_threads(threads);
  const DeviceOptions device_options = resolve(options.device);
  const MirrorAxes mirror = parse_mirror_axes(options.mirror);
  const SelectionOptions which = selection_options(options);
  Selection selection = select_cases(which);
  announce_skipped(selection);
  if (!selection.cases.empty()) {
    ComputeDevice device(device_options);
    const Ensemble ensemble({device.get()}, options.weights, parse_precision(options.precision), mirror, print_note);
    const FieldOfView view = field_of_view(options, ensemble);
    for (io::CaseFiles& c : selection.cases) c.background = view.background;
    check_selection(selection, which);
    warn_of_bad(selection);
    io::make_folder(options.out);
    announce(options, ensemble, view, selection, device.description());
    watch_for_interruption("this pass");
    const PredictionOptions how = {
        .size = view.size,
        .windows = view.windows,
        .filter = {.keep = options.keep_components, .min_volume = options.min_component_volume}};
    const int64_t done = CaseLoop(ensemble, device, how, options.skip_bad).run(selection);
    print_result("done: {} predictions in {}\n", done, options.out.string());
  }
  REVUNET_EXPECTS(selection.bad.empty(), Error, "{} of {} cases cannot be predicted:{}", selection.bad.size(),
                  selection.count, list_of(selection.bad));
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
                 "dataset, or the folder of one case, as for revunet-train; segmentations are not needed");
  add_loose_file_options(app, options.loose);
  app.add_option(
         "--out", options.out,
         "folder for the predictions; it must not hold predictions of these cases, unless --skip-existing is given")
      ->required();
  app.add_flag("--skip-existing", options.skip_existing,
               "leave cases whose prediction is there and whole as they are: this goes on with an interrupted "
               "prediction. A prediction on another grid is refused");
  app.add_flag("--skip-bad", options.skip_bad,
               "go on past cases that lack files or cannot be read or predicted; they are listed at the end, and the "
               "exit code is 1");
  add_labels_option(app, options.labels);
  add_background_option(app, options.view.background, "that of the weights");
  tools::add_check_option(app, options.check);
  app.add_option("--missing-modality", options.missing_modality,
                 "cases that lack a modality: refuse, or zero: fill it with zeros, the mean of a standardised "
                 "modality; expect worse scores from a network that has not seen such cases")
      ->check(one_of({"refuse", "zero"}))
      ->capture_default_str();
  app.add_option("--size", options.view.size,
                 "X,Y,Z field of view in voxels: cases are cropped or padded to it [that of the weights, else "
                 "160,192,160; the whole brain where it is predicted by patches]");
  app.add_option("--patch", options.view.patch,
                 "X,Y,Z size of overlapping patches to predict the whole brain by, or the field of view if --size is "
                 "given; full: one pass over the field of view. Patches need the memory of one, and 32 bytes per voxel "
                 "[the patch that the weights were trained on, else full]");
  app.add_option("--overlap", options.view.overlap,
                 "overlap of neighbouring patches, as a fraction of their size; their weighted mean (Gaussian) is "
                 "taken [0.5]");
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
               "also draw <out>/<case>.png: WT over FLAIR, TC and ET over T1ce, on three planes, with the case's own "
               "segmentation if it has one");
  add_precision_option(app, options.precision);
  add_device_options(app, options.device);
  app.add_option("--threads", options.threads,
                 "CPU threads, 0: as many as this process may use; results do not depend on it")
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
