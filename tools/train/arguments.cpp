#include "tools/train/arguments.h"

#include <charconv>

#include "engine/error.h"
#include "models/precision.h"
#include "tools/common/background_option.h"
#include "tools/common/check_option.h"
#include "tools/common/help.h"
#include "tools/common/labels_option.h"
#include "tools/common/option_spelling.h"
#include "tools/common/patients_option.h"
#include "tools/common/precision_option.h"
#include "tools/common/verbosity.h"
#include "tools/train/protocol.h"

namespace revunet::tools {

namespace {

// CLI11 wraps -1 to 2^64 - 1, and takes what is beyond that for it.
CLI::Validator whole_number() {
  const auto check = [](const std::string& text) -> std::string {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? "" : fmt::format("expected a whole number from 0 to 2^64 - 1, got '{}'", text);
  };
  return CLI::Validator(check, "");
}

void add_augmentation_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--augment", a.augment,
                 "random changes to training samples: none; paper: flips, rotation, scaling and elastic deformation in "
                 "the planes perpendicular to z, and an intensity shift of each modality; strong: also noise, blur, "
                 "brightness, contrast, low resolution and gamma, each with its own probability, as in nnU-Net")
      ->check(one_of({"none", "paper", "strong"}))
      ->capture_default_str();
  app.add_option("--rotation", a.rotation, "with --augment: maximum rotation angle, degrees")->capture_default_str();
  app.add_option("--scaling", a.scaling, "with --augment: minimum and maximum scaling factor")->capture_default_str();
  app.add_option("--deformation", a.deformation,
                 "with --augment: standard deviation of the displacements at the 3x3 control points of the elastic "
                 "deformation, voxels")
      ->capture_default_str();
  app.add_option("--flip", a.flip, "with --augment: probability of a flip along each axis")->capture_default_str();
  app.add_option("--intensity-shift", a.intensity_shift,
                 "with --augment: maximum intensity shift, in standard deviations of the modality")
      ->capture_default_str();
}

void add_step_options(CLI::App& app, TrainArguments& a) {
  app.add_option(
         "--accumulate", a.accumulate,
         "samples per optimiser step: they pass through the network one by one, and the step takes their mean gradient")
      ->capture_default_str();
  app.add_option("--cross-entropy", a.cross_entropy, "weight of binary cross entropy, added to the Dice loss")
      ->capture_default_str();
  app.add_option("--clip-gradients", a.clip_gradients, "maximum norm of the gradient of all parameters; 0: no clipping")
      ->capture_default_str();
  app.add_option(
         "--ema", a.ema,
         "decay of an exponential moving average of the weights, used for validation and saved weights; 0: none")
      ->capture_default_str();
  app.add_option("--dropout", a.dropout, "probability that a channel is dropped, inside reversible sequences only")
      ->capture_default_str();
}

void add_run_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--out", a.out, "run folder to create; must be new or empty; required unless --resume or --plan");
  app.add_option("--resume", a.resume,
                 "continue the interrupted run in this folder with its own config.toml; other options given here take "
                 "precedence")
      ->configurable(false);
  app.add_option(
         "--protocol", a.protocol,
         "values for all training options that are not given: paper (those of arXiv 1906.06148), or paper-patch "
         "(the same on patches of 128,128,128)")
      ->check(one_of(protocol_names()))
      ->capture_default_str();
  app.add_option("--seed", a.seed, "seed of initialisation, split, order, patches, augmentation and dropout")
      ->check(whole_number())
      ->capture_default_str();
}

void add_data_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--data", a.data,
                 "dataset in the layout of BraTS 2018 to 2024, the Decathlon or nnU-Net, see docs/data.md; required "
                 "unless --plan");
  add_labels_option(app, a.labels);
  add_background_option(app, a.background);
  add_patients_option(app, a.patients);
  add_check_option(app, a.check);
  app.add_option("--val-fraction", a.validation_fraction,
                 "fraction of the cases to validate on; all cases of a patient stay together")
      ->capture_default_str();
  app.add_option("--folds", a.folds, "number of folds for cross-validation, in place of --val-fraction; 0: none")
      ->capture_default_str();
  app.add_option("--fold", a.fold, "with --folds: the fold to validate on, counted from 0")->capture_default_str();
  app.add_option(
      "--split", a.split,
      "split.json of an earlier run: same training and validation cases, in place of --val-fraction and --folds");
  app.add_option("--size", a.size,
                 "X,Y,Z field of view in voxels: each case is cropped or padded to it, centred on the brain")
      ->capture_default_str();
  app.add_option("--patch", a.patch,
                 "X,Y,Z size in voxels of random patches to train on; full: the whole field of view")
      ->capture_default_str();
  app.add_option("--foreground", a.foreground, "with --patch: fraction of the patches that are placed on the tumour")
      ->capture_default_str();
  app.add_option("--loader-threads", a.loader_threads,
                 "threads that read and prepare samples ahead of time; results do not depend on it")
      ->capture_default_str();
  app.add_option(
      "--cache", a.cache,
      "folder of cases cropped to the brain and uncompressed, about 27 MB each: written on first use, then "
      "memory-mapped by later epochs and runs [none: cases beyond 2 GiB are read from their files each epoch]");
}

void add_network_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--model", a.model, "network: partially reversible, or the non-reversible baseline")
      ->check(one_of({"reversible", "baseline"}))
      ->capture_default_str();
  app.add_option("--channels", a.channels,
                 "channels per level, finest first [reversible 60,120,240,360,480; baseline 30,60,120,240,480]");
  app.add_option("--encoder-depth", a.encoder_depth, "reversible blocks per encoder level")->capture_default_str();
  app.add_option("--decoder-depth", a.decoder_depth, "reversible blocks per decoder level")->capture_default_str();
  app.add_option("--init", a.init,
                 "initial weights (.safetensors); the network is theirs [PyTorch's default initialisation]");
}

void add_schedule_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--epochs", a.epochs, "passes over the training cases")->capture_default_str();
  app.add_option("--max-steps", a.max_steps, "stop after this many optimiser steps; 0: no limit")
      ->capture_default_str();
  app.add_option("--lr", a.learning_rate, "Adam's learning rate")->capture_default_str();
  app.add_option("--lr-drops", a.learning_rate_drops,
                 "epochs after each of which the learning rate is divided by --lr-divisor, or none")
      ->capture_default_str();
  app.add_option("--lr-divisor", a.learning_rate_divisor, "divisor of the learning rate at each of --lr-drops")
      ->capture_default_str();
  app.add_option("--weight-decay", a.weight_decay,
                 "L2 penalty: this times the weights is added to their gradients, as torch.optim.Adam does")
      ->capture_default_str();
  app.add_option("--validate-every", a.validate_every, "epochs between validations")->capture_default_str();
  app.add_option("--stop-patience", a.stop_patience,
                 "early stopping: end when the moving average of validation Dice has not risen for this many epochs "
                 "(paper: 60); 0: off")
      ->capture_default_str();
  app.add_option("--stop-window", a.stop_window, "epochs that the moving average of --stop-patience spans")
      ->capture_default_str();
}

void add_memory_options(CLI::App& app, TrainArguments& a) {
  const auto mode = one_of({"auto", "stored", "reversible"});
  app.add_option("--activations", a.activations,
                 "activations of reversible sequences: stored, or recomputed in backward; auto: recomputed, or, with "
                 "--memory-budget, the fastest that fits")
      ->check(mode)
      ->capture_default_str();
  app.add_option("--skips", a.skips,
                 "encoder outputs: stored, or recomputed from the decoder's; auto: as for --activations")
      ->check(mode)
      ->capture_default_str();
  app.add_flag(
      "--fused-optimizer", a.fused_optimizer,
      "update each parameter as soon as its gradient is complete, then free the gradient: less memory, same bits");
  add_bytes_option(
      app, "--memory-budget", a.memory_budget,
      "memory to reserve for tensors at most, for example 8GiB or 6646MB: auto modes take the fastest that fits");
  app.add_flag("--plan", a.plan, "print the memory that this configuration and its alternatives would take, and exit");
  app.add_option(
         "--monitor-reconstruction", a.monitor_reconstruction,
         "every this many steps, compare the recomputed input of a sequence with the true one, which is kept for "
         "that; 0: never")
      ->capture_default_str();
  app.add_option("--memory-trace", a.memory_trace,
                 "file for every allocation and free of the first steps, for revunet-trace; with --plan: of the "
                 "planned steps, at most two");
  app.add_option("--memory-trace-steps", a.memory_trace_steps, "number of steps that --memory-trace records")
      ->capture_default_str();
}

void add_report_options(CLI::App& app, TrainArguments& a) {
  app.add_option(
         "--previews", a.previews,
         "validation cases whose predictions are drawn at each validation, for report.html and TensorBoard; 0: none")
      ->capture_default_str();
  app.add_flag("--no-tensorboard", a.no_tensorboard, "do not write TensorBoard event files to <out>/tensorboard");
}

}  // namespace

void add_train_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--config", "TOML file with any of these options, by their long names; the command line wins")
      ->type_name("FILE")
      ->configurable(false);
  add_run_options(app, a);
  // The heading in --help of what is added from here on. set_help names those that come first.
  const auto heading = [&](const char* title) { app.option_defaults()->group(title); };
  heading("Data");
  add_data_options(app, a);
  heading("Augmentation");
  add_augmentation_options(app, a);
  heading("Network");
  add_network_options(app, a);
  heading("Epochs and learning rate");
  add_schedule_options(app, a);
  heading("Steps");
  add_step_options(app, a);
  heading("Device");
  app.add_option("--threads", a.threads, "CPU threads, 0: as many as this process may use; results do not depend on it")
      ->capture_default_str();
  add_device_options(app, a.device);
  add_precision_option(app, a.precision);
  heading("Memory");
  add_memory_options(app, a);
  heading("Pictures and event files");
  add_report_options(app, a);
  heading("Options");  // of what others add
  add_verbosity_options(app, "the options as they are used, each step and each case of a validation");
  set_help(app, {.examples = {{"revunet-train --data DATASET --out RUN",
                               "trains on whole brains with the defaults, and validates on a fifth of the cases"},
                              {"revunet-train --protocol paper --plan",
                               "shows how much memory the paper's training would take here, and trains nothing"},
                              {"revunet-train --resume RUN", "continues a run that was interrupted"}},
                 .most_used = {"--data", "--out", "--resume", "--config", "--protocol", "--epochs", "--lr", "--size",
                               "--patch", "--augment", "--accumulate", "--precision", "--device", "--plan",
                               "--memory-budget"}});
}

std::optional<ConfigFile> read_configuration(CLI::App& app, const TrainArguments& a) {
  const CLI::Option& config = *app.get_option("--config");
  if (config.count() == 0 && a.resume.empty()) return std::nullopt;
  const std::filesystem::path own = std::filesystem::path(a.resume) / "config.toml";
  std::error_code error;
  REVUNET_EXPECTS(config.count() > 0 || std::filesystem::exists(own, error), UsageError,
                  "[--resume] expected the folder of an earlier run, which has config.toml, got {}", a.resume);
  ConfigFile file(config.count() > 0 ? std::filesystem::path(config.as<std::string>()) : own);
  file.apply(app);
  return file;
}

}  // namespace revunet::tools
