#include "models/baseline_unet.h"

#include "engine/checkpoint.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet {

BaselineUNet::BaselineUNet(const Context& ctx, const UNetConfig& config, DType dtype, Activations activations)
    : UNet(config), activations_(activations) {
  const auto& c = config.channels;
  const size_t levels = config.levels();
  last_weight_ = &add_parameter(ctx, "lastConv.weight", {config.out_channels, 1, 1, 1, c[0]}, dtype);
  last_bias_ = &add_parameter(ctx, "lastConv.bias", {config.out_channels}, dtype);
  // The coarsest level has one layer in the encoder and one in the decoder. Every other level has two and two.
  for (size_t i = 0; i < levels; ++i) {
    const std::string stage = fmt::format("encoders.{}", i);
    auto& layers = encoders_.emplace_back();
    layers.push_back(add_layer(ctx, stage, 1, i == 0 ? config.in_channels : c[i - 1], c[i], dtype));
    if (i + 1 < levels) layers.push_back(add_layer(ctx, stage, 2, c[i], c[i], dtype));
  }
  for (size_t i = 0; i < levels; ++i) {
    const std::string stage = fmt::format("decoders.{}", i);
    const size_t level = levels - 1 - i;
    auto& layers = decoders_.emplace_back();
    if (i > 0) layers.push_back(add_layer(ctx, stage, 1, c[level], c[level], dtype));
    layers.push_back(add_layer(ctx, stage, 2, c[level], c[level > 0 ? level - 1 : 0], dtype));
  }
}

BaselineUNet::Layer BaselineUNet::add_layer(const Context& ctx, const std::string& stage, int number, int64_t in,
                                            int64_t out, DType dtype) {
  return {&add_parameter(ctx, fmt::format("{}.conv{}.weight", stage, number), {out, 3, 3, 3, in}, dtype),
          &add_parameter(ctx, fmt::format("{}.gn{}.weight", stage, number), {out}, dtype),
          &add_parameter(ctx, fmt::format("{}.gn{}.bias", stage, number), {out}, dtype)};
}

Variable BaselineUNet::run(const Context& ctx, std::span<const Layer> layers, Variable x) const {
  const Context saved = ctx.with_tag(Tag::saved_activation);
  for (const Layer& layer : layers) {
    std::vector<Variable> input;
    input.push_back(std::move(x));
    auto y = conv3d(saved, std::move(input), *layer.weight, nullptr);
    x = group_norm_leaky_relu(saved, std::move(y[0]), {*layer.gamma, *layer.beta, config_.groups()});
  }
  return x;
}

std::span<const BaselineUNet::Layer> BaselineUNet::layers_of(size_t stage) const {
  return stage < encoders_.size() ? encoders_[stage] : decoders_[stage - encoders_.size()];
}

void BaselineUNet::pool(const Context& ctx, size_t stage, State& state) const {
  const LayerScope scope(ctx, fmt::format("encoders.{}.pool", stage + 1));
  Variable pooled = max_pool3d(ctx.with_tag(Tag::saved_activation), state.x, config_.halved_by(stage));
  state.skips.push_back(std::move(state.x));
  state.x = std::move(pooled);
}

void BaselineUNet::upsample_and_add(const Context& ctx, size_t stage, State& state) const {
  const LayerScope scope(ctx, fmt::format("decoders.{}.upsample_add", stage - encoders_.size()));
  state.x =
      upsample_trilinear_add(ctx.with_tag(Tag::saved_activation), std::move(state.x), std::move(state.skips.back()));
  state.skips.pop_back();
}

// Sums are left to the caller where there is no skip.
void BaselineUNet::run_stages(const Context& ctx, size_t begin, size_t end, State& state) const {
  const size_t levels = encoders_.size();
  for (size_t stage = begin; stage < end; ++stage) {
    const std::span<const Layer> layers = layers_of(stage);
    const bool last = stage + 1 == 2 * levels;
    state.x = run(ctx, last ? layers.first(layers.size() - 1) : layers, std::move(state.x));
    if (stage + 1 < levels) pool(ctx, stage, state);
    if (stage >= levels && !state.skips.empty()) upsample_and_add(ctx, stage, state);
  }
}

// The segment's outputs are what it computed last, and the skips that it leaves to later segments.
void BaselineUNet::run_segment(const Context& ctx, const BaselineSegment& segment, State& state) const {
  std::vector<Parameter*> parameters;
  for (size_t stage = segment.begin; stage < segment.end; ++stage) {
    for (const Layer& layer : layers_of(stage))
      parameters.insert(parameters.end(), {layer.weight, layer.gamma, layer.beta});
  }
  std::vector<Variable> input;
  input.push_back(std::move(state.x));
  auto outputs =
      checkpointed(ctx, fmt::format("stages {} to {}", segment.begin, segment.end - 1), std::move(input),
                   std::move(parameters), [this, segment](const Context& inner, std::vector<Variable> x, OutputValues) {
                     State within{std::move(x[0]), {}};
                     x = {};
                     run_stages(inner, segment.begin, segment.end, within);
                     std::vector<Variable> y = std::move(within.skips);
                     y.insert(y.begin(), std::move(within.x));
                     return y;
                   });
  state.x = std::move(outputs[0]);
  for (size_t i = 1; i < outputs.size(); ++i) state.skips.push_back(std::move(outputs[i]));
  const size_t stages = 2 * encoders_.size();
  const bool ends_below_finest_decoder = segment.end > encoders_.size() && segment.end < stages;
  if (ends_below_finest_decoder && stages - 1 - segment.end < segment.begin)
    upsample_and_add(ctx, segment.end - 1, state);
}

Variable BaselineUNet::forward(const Context& ctx, Variable x) const {
  State state{std::move(x), {}};
  if (ctx.tape && activations_ == Activations::checkpointed) {
    for (const BaselineSegment& segment : baseline_segments(config_)) run_segment(ctx, segment, state);
  } else {
    run_stages(ctx, 0, 2 * encoders_.size(), state);
  }
  x = run(ctx, std::span(decoders_.back()).last(1), std::move(state.x));
  // The loss comes right after and takes the logits' memory for its gradient, so they are scratch.
  auto logits =
      conv3d(ctx.with_tag(Tag::forward_scratch, Lifetime::passing), {std::move(x)}, *last_weight_, last_bias_);
  return std::move(logits[0]);
}

void BaselineUNet::read_levels(const FileShapes& file, UNetConfig& config) {
  for (int i = 0; file.has(fmt::format("encoders.{}.conv1.weight", i)); ++i) {
    config.channels.push_back(file.extent(fmt::format("encoders.{}.conv1.weight", i), 0));
  }
}

std::unique_ptr<UNet> BaselineUNet::make(const Context& ctx, const UNetConfig& config, DType dtype,
                                         const MemoryMode& mode, Operands /*operands*/) {
  return std::make_unique<BaselineUNet>(ctx, config, dtype, mode.activations);
}

}  // namespace revunet
