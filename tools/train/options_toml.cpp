#include <utility>

#include "io/files/toml_file.h"
#include "models/precision.h"
#include "tools/train/resolve_options.h"

namespace revunet::tools {

std::string to_toml(const TrainOptions& o) {
  std::string text;
  const auto line = [&](const char* key, const auto& value) { text += fmt::format("{} = {}\n", key, value); };
  const auto quoted = [](const std::string& value) { return io::toml_string(value); };
  const auto list = [&](const auto& values) { return quoted(fmt::format("{}", fmt::join(values, ","))); };
  line("data", quoted(o.data.string()));
  line("check", quoted(o.check));
  if (!o.labels.empty()) line("labels", quoted(o.labels));
  line("background", quoted(o.background.name()));
  if (!o.patients.empty()) line("patients", quoted(o.patients));
  line("out", quoted(o.out.string()));
  line("model", quoted(name_of(o.network.kind)));
  line("channels", list(o.network.channels));
  line("encoder-depth", o.network.encoder_depth);
  line("decoder-depth", o.network.decoder_depth);
  line("size", list(o.size));
  line("patch", o.patch ? list(*o.patch) : quoted("full"));
  line("foreground", o.foreground);
  line("augment", quoted(!o.augmentation ? "none" : o.augmentation->strong ? "strong" : "paper"));
  if (o.augmentation) {
    line("rotation", o.augmentation->rotation);
    line("scaling", quoted(fmt::format("{},{}", o.augmentation->scale_low, o.augmentation->scale_high)));
    line("deformation", o.augmentation->deformation);
    line("flip", o.augmentation->flip);
    line("intensity-shift", o.augmentation->intensity_shift);
  }
  line("epochs", o.epochs);
  line("max-steps", o.max_steps);
  line("lr", o.learning_rate.initial);
  line("lr-drops", o.learning_rate.drops.empty() ? quoted("none") : list(o.learning_rate.drops));
  line("lr-divisor", o.learning_rate.divisor);
  line("weight-decay", o.weight_decay);
  line("accumulate", o.extras.accumulate);
  line("cross-entropy", o.extras.cross_entropy);
  line("clip-gradients", o.extras.clip);
  line("ema", o.extras.average);
  line("dropout", o.extras.dropout);
  line("stop-patience", o.stopping.patience);
  line("stop-window", o.stopping.window);
  line("val-fraction", o.split.validation_fraction);
  if (o.split.fold) {
    line("folds", o.split.fold->count);
    line("fold", o.split.fold->index);
  }
  if (!o.split.file.empty()) line("split", quoted(o.split.file.string()));
  line("validate-every", o.validate_every);
  // TOML's integers end at 2^63 - 1.
  if (std::in_range<int64_t>(o.seed)) line("seed", o.seed);
  if (!std::in_range<int64_t>(o.seed)) line("seed", quoted(fmt::format("{}", o.seed)));
  line("threads", o.threads);
  line("loader-threads", o.loader_threads);
  if (!o.cache.empty()) line("cache", quoted(o.cache.string()));
  line("device", quoted(o.device.name()));
  if (o.device.memory_limit) line("memory-limit", *o.device.memory_limit);
  if (o.device.kind == DeviceKind::cuda) {
    line("conv-workspace", o.device.layout.convolution_workspace);
    line("strict-fp32", o.device.arithmetic.strict_fp32);
    line("deterministic", o.device.arithmetic.deterministic);
    if (!o.device.plan_cache.empty()) line("plan-cache", quoted(o.device.plan_cache.string()));
  }
  line("precision", quoted(name_of(o.precision)));
  if (o.network.kind == ModelKind::reversible) {
    line("activations", quoted(name_of(o.mode.activations)));
    line("skips", quoted(name_of(o.mode.skips)));
  }
  line("fused-optimizer", o.optimiser_step == OptimiserStep::fused);
  line("monitor-reconstruction", o.monitor_reconstruction);
  line("no-tensorboard", !o.tensorboard);
  line("previews", o.previews);
  if (!o.init.empty()) line("init", quoted(o.init.string()));
  return text;
}

}  // namespace revunet::tools
