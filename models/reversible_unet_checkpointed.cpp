// The reversible network with checkpointed activations: the same blocks, but each stage is computed again from what it
// reads, and nothing is rebuilt.
#include <cmath>

#include "engine/checkpoint.h"
#include "kernels/conv3d/conv3d.h"
#include "models/reversible_unet.h"

namespace revunet {

namespace {

// Returns the pair in memory that nobody shares, which a sequence may work in.
Stream own(const Context& ctx, Stream x) {
  for (Variable* half : {&x.first, &x.second}) {
    if (!half->value.unique()) half->value = clone(ctx.without_tape(), half->value);
  }
  return x;
}

std::vector<Variable> variables(Stream x) {
  std::vector<Variable> list;
  list.push_back(std::move(x.first));
  list.push_back(std::move(x.second));
  return list;
}

Stream stream(std::vector<Variable> x, size_t first = 0) {
  return {std::move(x[first]), std::move(x[first + 1])};
}

std::vector<Parameter*> parameters_of(std::span<const ReversibleBlock> blocks) {
  std::vector<Parameter*> parameters;
  for (const ReversibleBlock& block : blocks) {
    for (Residual* residual : {block.f.get(), block.g.get()}) {
      for (Parameter* p : residual->parameters()) parameters.push_back(p);
    }
  }
  return parameters;
}

}  // namespace

size_t checkpointed_blocks(size_t blocks) {
  return static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(blocks))));
}

Stream ReversibleUNet::run_checkpointed(const Context& ctx, const Stage& stage, std::vector<Variable> x,
                                        const Entry& enter, std::vector<Parameter*> parameters) const {
  const std::span<const ReversibleBlock> all = stage.blocks;
  const bool is_last = &stage == (decoders_.size() > 1 ? &decoders_.back() : &encoders_.back());
  const size_t length = checkpointed_blocks(all.size());
  const std::string name = stage.name + ".reversibleBlocks";
  for (size_t first = 0; first < all.size(); first += length) {
    const auto blocks = all.subspan(first, std::min(length, all.size() - first));
    const Segment segment = [name, blocks, enter = first == 0 ? enter : Entry()](
                                const Context& inner, std::vector<Variable> inputs, OutputValues values) {
      const Context into_sequence = inner.with_tag(Tag::sequence_output);
      Stream pair = enter ? enter(into_sequence, std::move(inputs)) : own(into_sequence, stream(std::move(inputs)));
      return variables(reversible_sequence(inner, name, blocks, std::move(pair), Activations::stored,
                                           SequenceInput::consumed, nullptr, values));
    };
    const auto own_parameters = parameters_of(blocks);
    parameters.insert(parameters.end(), own_parameters.begin(), own_parameters.end());
    x = is_last && first + length >= all.size() ? segment(ctx, std::move(x), OutputValues::read)
                                                : checkpointed(ctx, name, std::move(x), parameters, segment);
    parameters.clear();
  }
  return stream(std::move(x));
}

Stream ReversibleUNet::forward_checkpointed(const Context& ctx, Variable image) const {
  const size_t levels = encoders_.size();
  std::vector<Variable> input;
  input.push_back(std::move(image));
  const Entry from_image = [this](const Context& inner, std::vector<Variable> x) {
    return stream(conv3d(inner, std::move(x), *first_weight_, nullptr, 2));
  };
  Stream x = run_checkpointed(ctx, encoders_[0], std::move(input), from_image, {first_weight_});
  std::vector<Stream> skips;
  for (size_t i = 1; i < levels; ++i) {
    const Entry down = [this, i](const Context& inner, std::vector<Variable> fine) {
      return pool_and_convolve(inner, encoders_[i].name + ".pool_conv", stream(std::move(fine)),
                               config_.halved_by(i - 1), encoders_[i].convolution);
    };
    const PointwiseConvolution& convolution = encoders_[i].convolution;
    Stream coarse = run_checkpointed(ctx, encoders_[i], variables(x), down, {convolution.weight, convolution.bias});
    skips.push_back(std::move(x));
    x = std::move(coarse);
  }
  for (size_t i = 0; i + 1 < levels; ++i) {
    const Entry up = [this, i](const Context& inner, std::vector<Variable> read) {
      Stream skip = stream(read, 2), coarse = stream(std::move(read));
      return convolve_upsample_and_add(inner, decoders_[i].name + ".conv_upsample_add", std::move(coarse),
                                       decoders_[i].convolution, std::move(skip), SkipMemory::kept);
    };
    const PointwiseConvolution& convolution = decoders_[i].convolution;
    std::vector<Variable> read = variables(std::move(x)), skip = variables(std::move(skips.back()));
    skips.pop_back();
    std::ranges::move(skip, std::back_inserter(read));
    x = run_checkpointed(ctx, decoders_[i + 1], std::move(read), up, {convolution.weight, convolution.bias});
  }
  return x;
}

}  // namespace revunet
