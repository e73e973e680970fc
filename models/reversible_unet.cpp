#include "models/reversible_unet.h"

#include "kernels/conv3d/conv3d.h"
#include "models/norm_act_conv.h"

namespace revunet {

ReversibleUNet::ReversibleUNet(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode,
                               Operands operands)
    : UNet(config), mode_(mode), operands_(operands) {
  const auto& c = config.channels;
  const size_t levels = config.levels();
  first_weight_ = &add_parameter(ctx, "firstConv.weight", {c[0], 3, 3, 3, config.in_channels}, dtype);
  last_weight_ = &add_parameter(ctx, "lastConv.weight", {config.out_channels, 1, 1, 1, c[0]}, dtype);
  last_bias_ = &add_parameter(ctx, "lastConv.bias", {config.out_channels}, dtype);

  encoders_.resize(levels);
  for (size_t i = 0; i < levels; ++i) {
    Stage& stage = encoders_[i];
    stage.name = fmt::format("encoders.{}", i);
    if (i > 0) add_convolution(ctx, stage, c[i - 1], c[i], dtype);
    add_sequence(ctx, stage.blocks, stage.name, i, config.encoder_depth, dtype);
  }
  decoders_.resize(levels);
  for (size_t i = 0; i < levels; ++i) {
    Stage& stage = decoders_[i];
    stage.name = fmt::format("decoders.{}", i);
    const size_t level = levels - 1 - i;
    // At the coarsest level nothing lies between the encoder's sequence and the decoder's. They are one sequence, which
    // keeps one pair instead of two.
    add_sequence(ctx, i == 0 ? encoders_.back().blocks : stage.blocks, stage.name, level, config.decoder_depth, dtype);
    if (level > 0) add_convolution(ctx, stage, c[level], c[level - 1], dtype);
  }
}

void ReversibleUNet::add_convolution(const Context& ctx, Stage& stage, int64_t in, int64_t out, DType dtype) {
  stage.convolution.weight = &add_parameter(ctx, stage.name + ".conv.weight", {out, 1, 1, 1, in}, dtype);
  stage.convolution.bias = &add_parameter(ctx, stage.name + ".conv.bias", {out}, dtype);
}

void ReversibleUNet::add_sequence(const Context& ctx, std::vector<ReversibleBlock>& blocks, const std::string& stage,
                                  size_t level, int64_t depth, DType dtype) {
  const int64_t half = config_.channels[level] / 2;
  const FinestLevel runs = level == 0 ? mode_.finest : FinestLevel::whole;
  const auto residual = [&](const std::string& name) -> std::unique_ptr<Residual> {
    Parameter& gamma = add_parameter(ctx, name + ".gn.weight", {half}, dtype);
    Parameter& beta = add_parameter(ctx, name + ".gn.bias", {half}, dtype);
    Parameter& weight = add_parameter(ctx, name + ".conv.weight", {half, 3, 3, 3, half}, dtype);
    return std::make_unique<NormActConv>(GroupNorm{gamma, beta, config_.groups()}, weight, operands_, dropout_,
                                         residuals_++, runs);
  };
  for (int64_t k = 0; k < depth; ++k) {
    const std::string block = fmt::format("{}.reversibleBlocks.reversible_blocks.{}", stage, k);
    auto f = residual(block + ".f_block");
    auto g = residual(block + ".g_block");
    blocks.push_back({std::move(f), std::move(g)});
  }
}

Stream ReversibleUNet::run_sequence(const Context& ctx, const Stage& stage, Stream stream, SequenceInput input,
                                    std::shared_ptr<RecomputedPair> output) const {
  return reversible_sequence(ctx, stage.name + ".reversibleBlocks", stage.blocks, std::move(stream), mode_.activations,
                             input, std::move(output));
}

Stream ReversibleUNet::encode_finest(const Context& ctx, Variable image, std::shared_ptr<RecomputedPair> output) const {
  auto first = conv3d(ctx, {std::move(image)}, *first_weight_, nullptr, 2);
  Stream stream{std::move(first[0]), std::move(first[1])};
  first.clear();
  return run_sequence(ctx, encoders_[0], std::move(stream), SequenceInput::consumed, std::move(output));
}

std::shared_ptr<RecomputedPair> ReversibleUNet::recomputed_finest(const Context& ctx, const Tensor& image) const {
  if (!ctx.tape || mode_.finest == FinestLevel::whole || encoders_.size() == 1) return nullptr;
  return std::make_shared<RecomputedPair>([this, image](const Context& inner) {
    const Stream y = encode_finest(inner.with_tag(Tag::sequence_output), Variable(image), nullptr);
    return Halves{y.first.value, y.second.value};
  });
}

Variable ReversibleUNet::last_convolution(const Context& ctx, Stream stream) const {
  // The loss comes right after and takes the logits' memory for its gradient, so they are scratch.
  auto logits = conv3d(ctx.with_tag(Tag::forward_scratch, Lifetime::passing),
                       {std::move(stream.first), std::move(stream.second)}, *last_weight_, last_bias_);
  return std::move(logits[0]);
}

Variable ReversibleUNet::forward(const Context& ctx, Variable image) const {
  if (mode_.activations == Activations::checkpointed) {
    return last_convolution(ctx, forward_checkpointed(ctx, std::move(image)));
  }
  const size_t levels = encoders_.size();
  // The input of a sequence lies where the sequence's output will lie.
  const Context into_sequence = ctx.with_tag(Tag::sequence_output);
  const std::shared_ptr<RecomputedPair> finest = recomputed_finest(ctx, image.value);
  Stream stream = encode_finest(into_sequence, std::move(image), finest);
  std::vector<Stream> skips;
  for (size_t i = 1; i < levels; ++i) {
    Stream coarse = pool_and_convolve(into_sequence, encoders_[i].name + ".pool_conv", stream, config_.halved_by(i - 1),
                                      encoders_[i].convolution, i == 1 ? finest : nullptr);
    skips.push_back(std::move(stream));
    stream = run_sequence(ctx, encoders_[i], std::move(coarse), SequenceInput::consumed);
  }
  for (size_t i = 0; i + 1 < levels; ++i) {
    const bool dropped = finest && i + 2 == levels;
    if (dropped) finest->drop();
    // A decoder works in the memory of its level's encoder, which needs its output back, unless that is kept beside.
    const SkipMemory memory = dropped                        ? SkipMemory::consumed
                              : mode_.skips == Skips::stored ? SkipMemory::kept
                                                             : SkipMemory::restored;
    stream = convolve_upsample_and_add(into_sequence, decoders_[i].name + ".conv_upsample_add", std::move(stream),
                                       decoders_[i].convolution, std::move(skips.back()), memory);
    skips.pop_back();
    stream = run_sequence(ctx, decoders_[i + 1], std::move(stream),
                          memory == SkipMemory::restored ? SequenceInput::restored : SequenceInput::consumed);
  }
  return last_convolution(ctx, std::move(stream));
}

void ReversibleUNet::read_levels(const FileShapes& file, UNetConfig& config) {
  const auto depth = [&](const char* stage) {
    int64_t blocks = 0;
    while (file.has(fmt::format("{}.0.reversibleBlocks.reversible_blocks.{}.f_block.conv.weight", stage, blocks))) {
      ++blocks;
    }
    return blocks;
  };
  config.channels.push_back(file.extent("firstConv.weight", 0));
  for (int i = 1; file.has(fmt::format("encoders.{}.conv.weight", i)); ++i) {
    config.channels.push_back(file.extent(fmt::format("encoders.{}.conv.weight", i), 0));
  }
  config.encoder_depth = depth("encoders");
  config.decoder_depth = depth("decoders");
}

std::unique_ptr<UNet> ReversibleUNet::make(const Context& ctx, const UNetConfig& config, DType dtype,
                                           const MemoryMode& mode, Operands operands) {
  return std::make_unique<ReversibleUNet>(ctx, config, dtype, mode, operands);
}

}  // namespace revunet
