#include "tools/train/arguments.h"

#include "tools/check/check.h"
#include "tools/common/labels_option.h"
#include "tools/common/precision.h"
#include "tools/train/protocol.h"

namespace revunet::tools {

namespace {

void add_augmentation_options(CLI::App& app, TrainArguments& a) {
  app.add_option(
         "--augment", a.augment,
         "random changes of training samples: none; paper: flips, and in the planes perpendicular to z "
         "rotation, scaling and elastic deformation, and a shift of each modality's intensities; strong: besides, "
         "each with a probability of its own, noise, blur, brightness, contrast, low resolution and gamma, as "
         "in nnU-Net")
      ->check(CLI::IsMember({"none", "paper", "strong"}))
      ->capture_default_str();
  app.add_option("--rotation", a.rotation, "greatest angle of it, degrees")->capture_default_str();
  app.add_option("--scaling", a.scaling, "least and greatest factor of it")->capture_default_str();
  app.add_option("--deformation", a.deformation,
                 "standard deviation of its normal displacements, at 3x3 points of the plane, voxels")
      ->capture_default_str();
  app.add_option("--flip", a.flip, "its probability of a flip, along each axis")->capture_default_str();
  app.add_option("--intensity-shift", a.intensity_shift, "greatest shift of it, in standard deviations of the modality")
      ->capture_default_str();
}

void add_step_options(CLI::App& app, TrainArguments& a) {
  app.add_option("--accumulate", a.accumulate, "samples, one after the other, whose mean gradient a step takes")
      ->capture_default_str();
  app.add_option("--cross-entropy", a.cross_entropy, "weight of the binary cross entropy beside the Dice loss")
      ->capture_default_str();
  app.add_option("--clip-gradients", a.clip_gradients, "greatest norm of all gradients together, 0 for no limit")
      ->capture_default_str();
  app.add_option("--ema", a.ema,
                 "decay of a moving average of the weights, which validation and the weights' files then have; 0: none")
      ->capture_default_str();
  app.add_option("--dropout", a.dropout, "rate at which channels are dropped inside reversible sequences")
      ->capture_default_str();
}

}  // namespace

void add_train_options(CLI::App& app, TrainArguments& a) {
  app.allow_config_extras(CLI::config_extras_mode::error);  // a mistyped name is not to be passed over
  app.set_config("--config", "", "TOML file with any of these options, by their long names; the command line wins");
  app.add_option("--data", a.data,
                 "dataset of BraTS 2018 to 2024, the Decathlon or nnU-Net, as docs/data.md shows; required");
  add_labels_option(app, a.labels);
  add_check_option(app, a.check);
  app.add_option("--out", a.out, "run folder to make; must not hold an earlier run; required");
  app.add_option("--protocol", a.protocol,
                 "values for the options of the training protocol that are not given: paper (arXiv 1906.06148), or "
                 "paper-patch, on patches of 128,128,128")
      ->check(CLI::IsMember(protocol_names()))
      ->capture_default_str();
  app.add_option("--model", a.model, "network")
      ->check(CLI::IsMember({"reversible", "baseline"}))
      ->capture_default_str();
  app.add_option("--channels", a.channels,
                 "channels of each level, finest first [reversible 60,120,240,360,480; baseline 30,60,120,240,480]");
  app.add_option("--encoder-depth", a.encoder_depth, "reversible blocks an encoder level")->capture_default_str();
  app.add_option("--decoder-depth", a.decoder_depth, "reversible blocks a decoder level")->capture_default_str();
  app.add_option("--size", a.size, "X,Y,Z voxels that every case is cropped or padded to about its brain")
      ->capture_default_str();
  app.add_option("--patch", a.patch, "X,Y,Z voxels of a random patch to train on, or full")->capture_default_str();
  app.add_option("--foreground", a.foreground, "share of the patches that are put on the tumour")
      ->capture_default_str();
  add_augmentation_options(app, a);
  app.add_option("--epochs", a.epochs, "passes over the training cases")->capture_default_str();
  app.add_option("--max-steps", a.max_steps, "optimiser steps after which to stop, 0 for no limit")
      ->capture_default_str();
  app.add_option("--lr", a.learning_rate, "Adam's learning rate")->capture_default_str();
  app.add_option("--lr-drops", a.learning_rate_drops,
                 "epochs after each of which the learning rate is divided by --lr-divisor, or none")
      ->capture_default_str();
  app.add_option("--lr-divisor", a.learning_rate_divisor, "as above")->capture_default_str();
  app.add_option("--weight-decay", a.weight_decay, "Adam's L2 penalty, times the weights in their gradients")
      ->capture_default_str();
  add_step_options(app, a);
  app.add_option("--stop-patience", a.stop_patience,
                 "stop when the moving average of validation Dice has not risen for so many epochs (the paper: 60); 0: "
                 "train all --epochs")
      ->capture_default_str();
  app.add_option("--stop-window", a.stop_window, "epochs of that moving average")->capture_default_str();
  app.add_option("--val-fraction", a.validation_fraction,
                 "share of the cases kept for validation; a patient's cases stay together")
      ->capture_default_str();
  app.add_option("--folds", a.folds,
                 "for cross-validation: folds to share the patients among, in place of a fraction; 0: none")
      ->capture_default_str();
  app.add_option("--fold", a.fold, "the fold that validates, from 0")->capture_default_str();
  app.add_option("--split", a.split, "split.json of an earlier run, in place of both");
  app.add_option("--validate-every", a.validate_every, "epochs between validations")->capture_default_str();
  app.add_option("--seed", a.seed, "of initialisation, split, order and patches")
      ->check(CLI::NonNegativeNumber)  // else CLI11 wraps -1 to 2^64 - 1
      ->capture_default_str();
  app.add_option("--threads", a.threads, "CPU threads, 0 for all; results do not depend on it")->capture_default_str();
  app.add_option("--loader-threads", a.loader_threads,
                 "threads that read and prepare samples, one each, ahead of their use; results do not depend on it")
      ->capture_default_str();
  app.add_option(
      "--cache", a.cache,
      "folder for cases cropped to the brain and not compressed, made at their first use (about 27 MB each), "
      "which later epochs and runs map into memory; [each epoch reads the files that do not fit into 2 GiB]");
  add_device_options(app, a.device);
  add_precision_option(app, a.precision);
  const auto mode = CLI::IsMember({"auto", "stored", "reversible"});
  app.add_option("--activations", a.activations,
                 "of reversible sequences: stored, or rebuilt in backward; auto: reversible, or the fastest within "
                 "--memory-budget")
      ->check(mode)
      ->capture_default_str();
  app.add_option("--skips", a.skips, "encoder outputs: stored, or rebuilt from the decoder's; auto as above")
      ->check(mode)
      ->capture_default_str();
  app.add_flag("--fused-optimizer", a.fused_optimizer,
               "Adam takes each gradient as soon as it is complete and drops it: less memory, the same bits");
  add_bytes_option(app, "--memory-budget", a.memory_budget,
                   "bytes to reserve for tensors, with a unit if you like (8GiB, 6646MB: 10^6 bytes): auto modes take "
                   "the fastest that fits");
  app.add_flag("--plan", a.plan, "print the memory that this configuration and its alternatives take, and stop");
  app.add_option("--monitor-reconstruction", a.monitor_reconstruction,
                 "steps between checks of a sequence's rebuilt input against the true one, which takes that much more "
                 "memory; 0 for none")
      ->capture_default_str();
  app.add_option("--memory-trace", a.memory_trace,
                 "file for every allocation and free of the first steps, which revunet-trace reads; with --plan those "
                 "of the plan, which has two steps at most");
  app.add_option("--memory-trace-steps", a.memory_trace_steps, "steps to record")->capture_default_str();
  app.add_option("--previews", a.previews,
                 "validation cases whose predictions are drawn at each validation, for report.html and TensorBoard; 0: "
                 "none")
      ->capture_default_str();
  app.add_flag("--no-tensorboard", a.no_tensorboard, "write no event files into <out>/tensorboard");
  app.add_option(
      "--resume", a.resume,
      "folder of an interrupted run to go on with: its config.toml stands for --config, further options win");
  app.add_option("--init", a.init, "weights (.safetensors) to start from [PyTorch's default initialisation]");
}

}  // namespace revunet::tools
