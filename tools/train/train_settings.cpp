#include "tools/train/train_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/dataset/layouts/dataset_layout.h"
#include "io/text/similar_words.h"
#include "models/networks.h"
#include "tools/common/verbosity.h"
#include "tools/train/augmentation_options.h"
#include "tools/train/protocol.h"
#include "tools/train/training_values.h"

namespace revunet::tools {

namespace {

constexpr int64_t kMostEpochs = 1'000'000;  // far beyond use; times any number of cases it does not overflow
constexpr int64_t kMostLoaderThreads = 256;

std::vector<Option> run_options(TrainSettings& s) {
  return {
      {.name = "config",
       .value = path(s.config),
       .help = "TOML file with any of these options, by their long names; the command line wins",
       .in_files = InFiles::no,
       .of_new_runs = true},
      {.name = "out",
       .value = path(s.run.out),
       .help = "run folder to create; must be new or empty; required unless --resume or --plan",
       .of_new_runs = true},
      {.name = "resume",
       .value = path(s.resume),
       .help = "continue the interrupted run in this folder with its own config.toml; other options given here take "
               "precedence",
       .in_files = InFiles::no},
      {.name = "protocol",
       .value = words(s.protocol),
       .help = "values for all training options that are not given: " + protocol_names() +
               ", or a TOML file of your own. paper is the training of arXiv 1906.06148, paper-patch the same on "
               "patches of 128,128,128",
       .in_files = InFiles::read,
       .of_new_runs = true},
      {.name = "seed",
       .value = seed_number(s.run.seed),
       .help = "seed of initialisation, split, order, patches, augmentation and dropout"}};
}

std::vector<Option> data_options(TrainSettings& s) {
  return {
      {.name = "data",
       .value = path_from_root(s.data.path),
       .help = fmt::format("dataset in the layout of {}, see docs/data.md; required unless --plan",
                           io::alternatives(io::known_datasets()))},
      task_option(s.task, kTaskOfDataset),
      labels_option(s.labels),
      {.name = "channels-used",
       .value = name_list(s.data.modalities),
       .help = "modalities to train on, such as flair,t1ce; cases may lack the others [all]",
       .of_new_runs = true},
      background_option(s.run.background),
      patients_option(s.patients),
      check_option(s.data.check),
      {.name = "val-fraction",
       .value = number(s.run.split.validation_fraction, {.least = 0, .most = 1, .below = true}),
       .help = "fraction of the cases to validate on; all cases of a patient stay together",
       .idle_with = {"folds", "split"},
       .of_new_runs = true},
      {.name = "folds",
       .value = whole_number(s.run.split.folds, 0, kMostCounted),
       .help = "number of folds for cross-validation, in place of --val-fraction; 0: none",
       .of_new_runs = true},
      {.name = "fold",
       .value = whole_number(s.run.split.fold, 0, kMostCounted),
       .help = "the fold to validate on, counted from 0",
       .needs = "folds",
       .of_new_runs = true},
      {.name = "split",
       .value = path_from_root(s.run.split.file),
       .help = "split.json of an earlier run: same training and validation cases, in place of --val-fraction and "
               "--folds",
       .of_new_runs = true},
      {.name = "spacing",
       .value = spacing(s.resampling),
       .help = "spacing in mm to which images and labels are resampled, and predictions back; none: voxels as they "
               "are; auto: as the task says, which is none for BraTS, and for others the median of the labelled "
               "cases where their spacings differ",
       .of_new_runs = true},
      {.name = "interpolation",
       .value = interpolation(s.interpolation),
       .help = "interpolation of images that are resampled: linear, or cubic splines; labels are resampled by classes "
               "[as the task says, otherwise cubic]",
       .of_new_runs = true},
      {.name = "size",
       .value = size_or(s.size, "auto"),
       .help =
           "X,Y,Z field of view in voxels: each case is cropped or padded to it, centred on the voxels that are not "
           "0; auto: the extent of the largest labelled case, rounded up to what the network takes, as is the "
           "default for other tasks than BraTS"},
      {.name = "patch",
       .value = size_or(s.run.patch, "full"),
       .help =
           "X,Y,Z size in voxels of random patches to train on; full: the whole field of view; a dataset of another "
           "task than BraTS's takes the largest patch that fits into --memory-budget where the whole does not"},
      {.name = "field",
       .value = choice<bool>(s.run.own_fields, {{"size", false}, {"case", true}}),
       .help =
           "field of view that patches are cut from: size: --size, the same for all cases; case: each case's own box "
           "of voxels that are not 0, at least --patch and at most --size; other tasks than BraTS take case, unless "
           "--validate-by whole is given",
       .needs = "patch"},
      {.name = "validate-by",
       .value = mode(s.modes.validation, {ValidationPass::whole, ValidationPass::patches}),
       .help = "what the network sees of a case at once in validation: whole: the field of view; patches: overlapping "
               "patches of --patch; auto: whole, but patches with --field case, and, with --memory-budget, where the "
               "whole does not fit",
       .needs = "patch"},
      {.name = "foreground",
       .value = number(s.run.foreground, {0, 1}),
       .help = "fraction of the patches that are placed on a voxel of a region",
       .needs = "patch",
       .on = "above 0"},
      {.name = "foreground-by",
       .value = choice<ForegroundBy>(s.run.foreground_by,
                                     {{"voxel", ForegroundBy::voxel}, {"region", ForegroundBy::region}}),
       .help =
           "voxel that such a patch is placed on: voxel: any of a region, all as likely; region: one of a region of "
           "the case, all regions as likely; other tasks than BraTS take region",
       .needs = "foreground"},
      {.name = "loader-threads",
       .value = whole_number(s.run.loader_threads, 1, kMostLoaderThreads),
       .help = "threads that read and prepare samples ahead of time; results do not depend on it"},
      {.name = "cache",
       .value = path_from_root(s.run.cache),
       .help = "folder of cases cropped to the voxels that are not 0 and uncompressed, 27 MB for one of BraTS: written "
               "on first use, then "
               "memory-mapped by later epochs and runs [none: cases beyond 2 GiB are read from their files each "
               "epoch]"}};
}

std::vector<Option> network_options(TrainSettings& s) {
  UNetConfig& n = s.run.network;
  std::vector<std::pair<std::string, ModelKind>> kinds;
  std::vector<std::string> defaults;
  for (const NetworkRow& network : networks()) {
    kinds.emplace_back(network.name, network.kind);
    defaults.push_back(fmt::format("{} {}", network.name, fmt::join(network.channels, ",")));
  }
  return {{.name = "model",
           .value = choice(n.kind, kinds),
           .help = "network: partially reversible, or the non-reversible baseline"},
          {.name = "channels",
           .value = list(n.channels),
           .help = fmt::format("channels per level, finest first [{}]", fmt::join(defaults, "; "))},
          {.name = "halve",
           .value = halved_axes(s.halve),
           .help = "axes that each step from a level to the next coarser one halves, such as xy,xy,xyz,xyz for five "
                   "levels of images with few thick slices; a dataset of another task than BraTS's chooses them by its "
                   "cases [xyz in each step]"},
          {.name = "encoder-depth",
           .value = whole_number(n.encoder_depth, 1, kMostDepth),
           .help = "reversible blocks per encoder level"},
          {.name = "decoder-depth",
           .value = whole_number(n.decoder_depth, 1, kMostDepth),
           .help = "reversible blocks per decoder level"},
          {.name = "init",
           .value = path_from_root(s.run.init),
           .help = "initial weights (.safetensors); the network is theirs [PyTorch's default initialisation]",
           .of_new_runs = true}};
}

std::vector<Option> schedule_options(TrainOptions& r) {
  return {
      {.name = "epochs", .value = whole_number(r.epochs, 1, kMostEpochs), .help = "passes over the training cases"},
      {.name = "max-steps",
       .value = whole_number(r.max_steps, 0, kMostCounted),
       .help = "stop after this many optimiser steps; 0: no limit"},
      {.name = "lr",
       .value = number(r.learning_rate.initial, {.least = 0, .most = 1, .above = true, .below = true}),
       .help = "Adam's learning rate"},
      {.name = "lr-schedule",
       .value = choice<LearningRateCurve>(
           r.learning_rate.curve, {{"drops", LearningRateCurve::drops}, {"poly", LearningRateCurve::polynomial}}),
       .help = "how the learning rate falls: drops: at the epochs of --lr-drops; poly: from epoch to epoch, to almost "
               "nothing in the last of --epochs, as in nnU-Net",
       .on = "drops",
       .is_on = [&r] { return r.learning_rate.curve == LearningRateCurve::drops; }},
      {.name = "lr-drops",
       .value = list(r.learning_rate.drops, "none"),
       .help = "epochs after each of which the learning rate is divided by --lr-divisor, or none",
       .needs = "lr-schedule"},
      {.name = "lr-divisor",
       .value = number(r.learning_rate.divisor, {1, 1e6}),
       .help = "divisor of the learning rate at each of --lr-drops",
       .needs = "lr-drops"},
      {.name = "weight-decay",
       .value = number(r.weight_decay, {.least = 0, .most = 1, .below = true}),
       .help = "L2 penalty: this times the weights is added to their gradients, as torch.optim.Adam does"},
      {.name = "validate-every",
       .value = whole_number(r.validate_every, 1, kMostCounted),
       .help = "epochs between validations"},
      {.name = "stop-patience",
       .value = whole_number(r.stopping.patience, 0, kMostCounted),
       .help = "early stopping: end when the moving average of validation Dice has not risen for this many epochs "
               "(paper: 60); 0: off"},
      {.name = "stop-window",
       .value = whole_number(r.stopping.window, 1, kMostCounted),
       .help = "epochs that the moving average of --stop-patience spans",
       .needs = "stop-patience"}};
}

std::vector<Option> step_options(StepExtras& e) {
  return {
      {.name = "accumulate",
       .value = whole_number(e.accumulate, 1, kMostAccumulated),
       .help = "samples per optimiser step: they pass through the network one by one, and the step takes their mean "
               "gradient"},
      {.name = "cross-entropy",
       .value = number(e.cross_entropy, {0, 1000}),
       .help = "weight of cross entropy, added to the Dice loss: binary for regions, softmax for exclusive classes"},
      {.name = "clip-gradients",
       .value = number(e.clip_gradients, {0, std::numeric_limits<float>::max()}),
       .help = "maximum norm of the gradient of all parameters; 0: no clipping"},
      {.name = "ema",
       .value = number(e.ema, {.least = 0, .most = 1, .below = true}),
       .help = "decay of an exponential moving average of the weights, used for validation and saved weights; 0: "
               "none"},
      {.name = "dropout",
       .value = number(e.dropout, {.least = 0, .most = 1, .below = true}),
       .help = "probability that a channel is dropped, inside reversible sequences only"}};
}

std::vector<Option> machine_options(TrainSettings& s) {
  std::vector<Option> options = device_options(s.device);
  options.insert(options.begin(), {threads_option(s.run.threads), processes_option(s.processes, "train together")});
  options.push_back(precision_option(s.run.precision));
  return options;
}

std::vector<Option> memory_options(TrainSettings& s) {
  return {
      {.name = "activations",
       .value = mode(s.modes.activations, {Activations::stored, Activations::checkpointed, Activations::reversible}),
       .help = "activations: stored; checkpointed, which recomputes them in backward from the inputs of segments "
               "(gradient checkpointing); or reversible, which recomputes those of reversible sequences from their "
               "outputs; auto: reversible (--model baseline: stored), or, with --memory-budget, the fastest that "
               "fits"},
      {.name = "skips",
       .value = mode(s.modes.skips, {Skips::stored, Skips::reversible}),
       .help = "encoder outputs: stored, or recomputed from the decoder's; auto: as for --activations"},
      {.name = "finest-level",
       .value = mode(s.modes.finest, {FinestLevel::whole, FinestLevel::slabs}),
       .help = "reversible blocks of the finest level: computed as a whole, or slab by slab (least memory, more "
               "computation; needs reversible activations and skips); auto: whole, or, with --memory-budget, the "
               "fastest that fits"},
      {.name = "optimiser-step",
       .value = mode(s.modes.optimiser_step, {OptimiserStep::separate, OptimiserStep::fused}),
       .help = "when parameters are updated: separate, once all gradients are complete, or fused, each as soon as its "
               "gradient is complete, which is then freed (less memory, same bits); auto: separate, or, with "
               "--memory-budget, the fastest that fits",
       .flag_before = {.name = "fused-optimizer", .on = "fused", .off = "auto"}},
      {.name = "memory-budget",
       .value = bytes(s.memory_budget),
       .help = "memory to reserve for tensors at most, for example 8GiB or 6646MB: auto modes take the fastest that "
               "fits, and datasets of other tasks than BraTS the largest --patch; 0: no limit",
       .in_files = InFiles::read},
      {.name = "plan",
       .value = flag(s.plan),
       .help = "print the memory that this configuration and its alternatives would take, and exit",
       .in_files = InFiles::read},
      {.name = "monitor-reconstruction",
       .value = whole_number(s.run.monitor_reconstruction, 0, kMostCounted),
       .help = "every this many steps, compare the recomputed input of a sequence with the true one, which is kept "
               "for that; 0: never"},
      {.name = "memory-trace",
       .value = path(s.run.trace.path),
       .help = "file for every allocation and free of the first steps, for revunet-trace; with --plan: of the "
               "planned steps, at most two",
       .in_files = InFiles::read},
      {.name = "memory-trace-steps",
       .value = whole_number(s.run.trace.steps, 1, kMostCounted),
       .help = "number of steps that --memory-trace records",
       .needs = "memory-trace",
       .in_files = InFiles::read}};
}

std::vector<Option> report_options(TrainOptions& r) {
  return {{.name = "previews",
           .value = whole_number(r.previews, 0, kMostCounted),
           .help = "validation cases whose predictions are drawn at each validation, for report.html and TensorBoard; "
                   "0: none"},
          {.name = "tensorboard",
           .value = flag(r.tensorboard),
           .help = "write TensorBoard event files to <out>/tensorboard (the default), or do not"}};
}

}  // namespace

OptionTable train_options(TrainSettings& s) {
  return OptionTable({{"Options", run_options(s)},
                      {"Data", data_options(s)},
                      {"Augmentation", augmentation_options(s)},
                      {"Network", network_options(s)},
                      {"Epochs and learning rate", schedule_options(s.run)},
                      {"Steps", step_options(s.run.extras)},
                      {"Device", machine_options(s)},
                      {"Memory", memory_options(s)},
                      {"Pictures and event files", report_options(s.run)},
                      {"Options", verbosity_options("the options as they are used, each step and each case of a "
                                                    "validation")}});
}

}  // namespace revunet::tools
