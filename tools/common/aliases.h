// This table lists what other programs call our options and their values. A program offers those of the meant words
// that it has.
#pragma once

#include <string_view>
#include <vector>

namespace revunet::tools {

struct Alias {
  std::vector<std::string_view> typed;  // in lower case, with - for _, without dashes in front
  std::vector<std::string_view> meant;  // an option, or an option and its value
};

inline const std::vector<Alias> kOptionAliases = {
    {{"learning-rate", "learningrate", "base-lr", "initial-lr", "init-lr", "step-size"}, {"--lr"}},
    {{"lr-decay", "lr-schedule", "lr-scheduler", "scheduler", "milestones", "lr-steps"}, {"--lr-drops"}},
    {{"gamma", "lr-gamma", "lr-factor", "decay-rate"}, {"--lr-divisor"}},
    {{"batch-size", "batchsize", "batch", "bs", "b", "grad-accum", "gradient-accumulation", "accumulation-steps",
      "gradient-accumulation-steps", "accumulate-grad-batches"},
     {"--accumulate"}},
    {{"gpu", "gpus", "gpu-id", "gpu-ids", "use-gpu", "accelerator", "g"}, {"--device"}},
    {{"cuda", "use-cuda"}, {"--device cuda"}},
    {{"cpu", "no-cuda", "no-gpu", "cpu-only"}, {"--device cpu"}},
    {{"output", "output-dir", "output-folder", "output-path", "outdir", "out-dir", "out-path", "save-dir", "save-path",
      "save", "results", "result-dir", "log-dir", "logdir", "run", "run-dir", "work-dir", "o"},
     {"--out", "--json", "--csv"}},
    {{"output-file", "report"}, {"--json", "--out"}},
    {{"input", "input-dir", "input-folder", "in", "dataset", "dataset-dir", "data-dir", "data-path", "data-root",
      "data-folder", "dataroot", "root", "train-data", "train-dir", "images", "image", "folder", "dir", "i"},
     {"--data", "--prediction"}},
    {{"data"}, {"--reference"}},
    {{"gt", "ground-truth", "groundtruth", "ref", "references", "truth", "target", "label-dir", "labels-dir"},
     {"--reference"}},
    {{"pred", "preds", "predictions", "prediction-dir", "seg", "segmentation", "segmentations"}, {"--prediction"}},
    {{"epoch", "num-epochs", "n-epochs", "max-epochs", "nb-epochs", "e"}, {"--epochs"}},
    {{"steps", "num-steps", "n-steps", "iterations", "iters", "max-iter", "max-iters", "max-iterations"},
     {"--max-steps"}},
    {{"amp", "fp16", "half", "float16", "mixed", "mixed-precision", "use-amp"}, {"--precision mixed"}},
    {{"bf16", "bfloat16"}, {"--precision bf16"}},
    {{"dtype", "autocast"}, {"--precision"}},
    {{"tf32"}, {"--strict-fp32"}},
    {{"workers", "num-workers", "n-workers", "nworkers", "jobs", "num-jobs", "loaders"},
     {"--loader-threads", "--threads"}},
    {{"j", "num-threads", "n-threads", "nthreads", "cpus", "cores", "num-cpus", "omp-threads"}, {"--threads"}},
    {{"checkpoint", "checkpoints", "ckpt", "ckpt-path", "checkpoint-path", "load", "restore", "load-checkpoint"},
     {"--weights", "--resume"}},
    {{"model-path", "model-file", "model-dir", "model", "network", "w"}, {"--weights", "--model", "--init"}},
    {{"weights", "weight", "pretrained", "pretrained-weights", "finetune", "init-weights"}, {"--init", "--weights"}},
    {{"continue", "resume-from", "restart", "c"}, {"--resume"}},
    {{"arch", "architecture", "net", "backbone"}, {"--model"}},
    {{"filters", "features", "base-filters", "num-filters", "width", "widths"}, {"--channels"}},
    {{"depth", "depths", "blocks", "num-blocks"}, {"--encoder-depth", "--decoder-depth"}},
    {{"patch-size", "crop", "crop-size", "roi", "roi-size", "window", "window-size", "sliding-window", "patches"},
     {"--patch"}},
    {{"image-size", "img-size", "input-size", "shape", "spatial-size", "field-of-view", "fov", "resolution"},
     {"--size"}},
    {{"tta", "test-time-augmentation", "flip", "flips"}, {"--mirror x,y,z"}},
    {{"augmentation", "augmentations", "aug", "data-augmentation"}, {"--augment paper"}},
    {{"no-augmentation", "no-augment", "no-aug"}, {"--augment none"}},
    {{"random-seed", "random-state", "manual-seed", "rng"}, {"--seed"}},
    {{"val-split", "val-ratio", "val-size", "val", "validation", "validation-split", "validation-fraction",
      "test-size"},
     {"--val-fraction"}},
    {{"val-interval", "validation-interval", "val-freq", "eval-every", "val-every", "check-val-every-n-epoch"},
     {"--validate-every"}},
    {{"k-fold", "kfold", "kfolds", "n-folds", "num-folds", "cv", "k"}, {"--folds"}},
    {{"early-stopping", "patience", "early-stop"}, {"--stop-patience"}},
    {{"wd", "l2", "decay", "regularization"}, {"--weight-decay"}},
    {{"grad-clip", "clip", "clip-grad", "clip-norm", "clip-value", "gradient-clipping", "max-grad-norm",
      "gradient-clip-val"},
     {"--clip-gradients"}},
    {{"bce", "ce", "bce-weight", "ce-weight"}, {"--cross-entropy"}},
    {{"drop", "dropout-rate", "dropout-prob", "p"}, {"--dropout"}},
    {{"fused", "fused-adam", "fused-optimiser"}, {"--optimiser-step fused"}},
    {{"optimizer-step"}, {"--optimiser-step"}},
    {{"dry-run", "dryrun", "estimate-memory", "summary"}, {"--plan"}},
    {{"max-memory", "gpu-memory", "vram", "memory", "mem", "mem-limit"}, {"--memory-budget", "--memory-limit"}},
    {{"cfg", "config-file", "conf", "yaml", "toml", "settings"}, {"--config"}},
    {{"probs", "prob", "softmax", "save-probabilities", "save-softmax", "proba"}, {"--probabilities"}},
    {{"png", "pictures", "picture", "visualize", "visualise", "visualization", "figure", "save-png"},
     {"--overlay", "--plot"}},
    {{"postprocess", "post-process", "postprocessing", "largest-component", "keep-largest"}, {"--keep-components 1"}},
    {{"min-size", "min-volume", "remove-small"}, {"--min-component-volume", "--lesion-min-volume"}},
    {{"lesionwise", "lesions", "per-lesion"}, {"--lesion-wise"}},
    {{"label-map", "label-set", "classes", "convention"}, {"--labels"}},
    {{"num", "n", "count", "num-cases", "n-cases", "number", "samples"}, {"--cases"}},
    {{"cache-dir", "cache-folder", "cache-data", "cache-rate"}, {"--cache"}},
};

inline const std::vector<Alias> kValueAliases = {
    {{"fp16", "f16", "float16", "half", "amp", "16", "16-mixed", "mixed-precision"}, {"mixed", "bf16"}},
    {{"bfloat16", "bf16-mixed"}, {"bf16", "mixed"}},
    {{"float32", "float", "f32", "full", "32", "single", "tf32"}, {"fp32"}},
    {{"unet", "u-net", "3dunet", "nonreversible", "non-reversible", "standard", "nnunet"}, {"baseline"}},
    {{"revunet", "rev-unet", "rev", "partially-reversible"}, {"reversible"}},
    {{"brats2017", "brats2018", "brats2019", "brats2020", "brats2021"}, {"brats"}},
    {{"brats2013", "brats2014"}, {"brats2015"}},
    {{"decathlon", "task01", "task01-braintumour"}, {"msd"}},
    {{"off", "no", "false", "0", "disable", "disabled"}, {"none"}},
    {{"default", "basic", "light", "yes", "true", "on"}, {"paper"}},
    {{"nnunet", "heavy", "all"}, {"strong"}},
    {{"recompute", "recomputed", "checkpoint", "checkpointing"}, {"reversible"}},
    {{"store", "keep", "normal"}, {"stored"}},
    {{"quick", "fast", "header"}, {"headers"}},
    {{"zeros", "fill"}, {"zero"}},
};

}  // namespace revunet::tools
