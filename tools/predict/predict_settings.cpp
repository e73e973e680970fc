#include "tools/predict/predict_settings.h"

#include <fmt/format.h>

#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

// Each image of a case has its own option.
std::vector<Option> loose_file_options(io::LooseFiles& files) {
  std::vector<Option> options;
  for (size_t i = 0; i < files.images.size(); ++i) {
    const std::string name = io::brats_task()->modalities()[i];
    options.push_back({.name = name,
                       .value = path(files.images[i]),
                       .help = i == 0 ? "T1 image of one BraTS case, with --t1ce, --t2 and --flair in place of --data"
                                      : fmt::format("{} image of that case", name)});
  }
  options.push_back({.name = "name",
                     .value = words(files.name),
                     .help = "name of the case of --t1, --t1ce, --t2 and --flair: <out>/<name>.nii.gz is written [what "
                             "the names of the files share]"});
  return options;
}

std::vector<Option> inputs(PredictSettings& s) {
  std::vector<Option> options = {
      {.name = "weights",
       .value = paths(s.weights),
       .help = "weights (.safetensors) of revunet-train, or with the same parameter names; several: their mean "
               "prediction",
       .required = true},
      {.name = "data",
       .value = path(s.data),
       .help = "dataset, or the folder of one case, as for revunet-train; segmentations are not needed"}};
  for (Option& option : loose_file_options(s.loose)) options.push_back(std::move(option));
  options.push_back(task_option(s.task,
                                "TOML file of the weights' task that says how the files of --data are named, where "
                                "they are not named as in training, see docs/own-dataset.md"));
  options.push_back(labels_option(s.labels));
  options.push_back(background_option(s.view.background, "that of the weights"));
  options.push_back(check_option(s.check));
  options.push_back(
      {.name = "missing-modality",
       .value = choice<io::MissingModality>(
           s.missing_modality, {{"refuse", io::MissingModality::refused}, {"zero", io::MissingModality::allowed}}),
       .help = "cases that lack a modality: refuse, or zero: fill it with zeros, the mean of a standardised modality; "
               "expect worse scores from a network that has not seen such cases"});
  return options;
}

std::vector<Option> outputs(PredictSettings& s) {
  return {{.name = "out",
           .value = path(s.out),
           .help = "folder for the predictions; it must not hold predictions of these cases, unless --skip-existing is "
                   "given",
           .required = true},
          {.name = "skip-existing",
           .value = flag(s.skip_existing),
           .help = "leave cases whose prediction is there and whole as they are: this goes on with an interrupted "
                   "prediction. A prediction on another grid is refused"},
          {.name = "skip-bad",
           .value = flag(s.skip_bad),
           .help = "go on past cases that lack files or cannot be read or predicted; they are listed at the end, and "
                   "the exit code is 1"},
          {.name = "probabilities",
           .value = flag(s.probabilities),
           .help = "also write <out>/<case>_probabilities.nii.gz: float32, a frame for each of the task's regions; for "
                   "exclusive classes the background is the first"},
          {.name = "overlay",
           .value = flag(s.overlay),
           .help = "also draw <out>/<case>.png: each region over an image, on three planes, with the case's own "
                   "segmentation if it has one"}};
}

std::vector<Option> field_of_view_options(FieldOfViewOptions& view) {
  return {{.name = "size",
           .value = words(view.size),
           .help = "X,Y,Z field of view in voxels: cases are cropped or padded to it [that of the weights, else "
                   "160,192,160; the whole image where it is predicted by patches]"},
          {.name = "patch",
           .value = words(view.patch),
           .help = "X,Y,Z size of overlapping patches to predict the whole image by, or the field of view if --size is "
                   "given; full: one pass over the field of view. Patches need the memory of one, and 32 bytes per "
                   "voxel [the patch that the weights were trained on, else full]"},
          {.name = "overlap",
           .value = number(view.overlap, {.least = 0, .most = 1, .below = true}),
           .help = "overlap of neighbouring patches, as a fraction of their size; their weighted mean (Gaussian) is "
                   "taken [0.5]"}};
}

std::vector<Option> result_options(PredictSettings& s) {
  return {
      {.name = "keep-components",
       .value = whole_number(s.keep_components, 1, kMostCounted),
       .help =
           "number of largest connected components of each region to keep; regions are filtered in the task's order, "
           "each within what is left [all]"},
      {.name = "min-component-volume",
       .value = number(s.min_component_volume, {0, kMostVolume}),
       .help = "remove connected components of less than this volume, mm^3; regions as for --keep-components"},
      {.name = "mirror",
       .value = axes(s.mirror),
       .help = "test-time augmentation: also predict mirror images along these axes (x,y,z) and their "
               "combinations, and take the mean; each axis doubles the time"}};
}

std::vector<Option> machine_options(PredictSettings& s) {
  std::vector<Option> options = device_options(s.device);
  options.insert(options.begin(), precision_option(s.precision));
  options.push_back(threads_option(s.threads));
  options.push_back(processes_option(s.processes, "predict their share of the cases"));
  return options;
}

}  // namespace

OptionTable predict_options(PredictSettings& s) {
  return OptionTable({{"Data", inputs(s)},
                      {"Output", outputs(s)},
                      {"Field of view", field_of_view_options(s.view)},
                      {"Prediction", result_options(s)},
                      {"Device", machine_options(s)},
                      {"Options", verbosity_options("the files that are read and written")}});
}

}  // namespace revunet::tools
