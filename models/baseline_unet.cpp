#include "models/baseline_unet.h"

#include "kernels/conv3d/conv3d.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet {

BaselineUNet::BaselineUNet(const Context& ctx, const UNetConfig& config, DType dtype) : UNet(config) {
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

Variable BaselineUNet::run(const Context& ctx, const std::vector<Layer>& layers, Variable x) const {
  const Context saved = ctx.with_tag(Tag::saved_activation);
  for (const Layer& layer : layers) {
    std::vector<Variable> input;
    input.push_back(std::move(x));
    auto y = conv3d(saved, std::move(input), *layer.weight, nullptr);
    x = group_norm_leaky_relu(saved, std::move(y[0]), {*layer.gamma, *layer.beta, config_.groups()});
  }
  return x;
}

Variable BaselineUNet::forward(const Context& ctx, Variable x) const {
  const Context saved = ctx.with_tag(Tag::saved_activation);
  std::vector<Variable> skips;
  for (size_t i = 0; i < encoders_.size(); ++i) {
    if (i > 0) {
      const LayerScope scope(ctx, fmt::format("encoders.{}.pool", i));
      Variable pooled = max_pool3d(saved, x, config_.halved_by(i - 1));
      skips.push_back(std::move(x));
      x = std::move(pooled);
    }
    x = run(ctx, encoders_[i], std::move(x));
  }
  for (size_t i = 0; i < decoders_.size(); ++i) {
    x = run(ctx, decoders_[i], std::move(x));
    if (skips.empty()) break;
    const LayerScope scope(ctx, fmt::format("decoders.{}.upsample_add", i));
    x = upsample_trilinear_add(saved, std::move(x), std::move(skips.back()));
    skips.pop_back();
  }
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
                                         const MemoryMode& /*mode*/, Operands /*operands*/) {
  return std::make_unique<BaselineUNet>(ctx, config, dtype);
}

}  // namespace revunet
