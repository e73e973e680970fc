// This is the non-reversible equivalent, as the paper's authors published it: convolution -> GroupNorm -> LeakyReLU,
// pooling, trilinear upsampling, skips by sum. It has 12,425,253 parameters with channels 30,60,120,240,480.
#pragma once

#include <span>

#include "models/baseline_segments.h"
#include "models/networks.h"

namespace revunet {

class BaselineUNet : public UNet {
 public:
  // Parameters are zero until initialised. `config` has been checked. Activations are stored unless they are
  // checkpointed, as baseline_segments() says.
  BaselineUNet(const Context& ctx, const UNetConfig& config, DType dtype, Activations activations);

  Variable forward(const Context& ctx, Variable image) const override;

  // The row in models/networks.cpp calls this.
  static void read_levels(const FileShapes& file, UNetConfig& config);
  static std::unique_ptr<UNet> make(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode,
                                    Operands operands);

 private:
  struct Layer {
    Parameter *weight, *gamma, *beta;
  };

  Layer add_layer(const Context& ctx, const std::string& stage, int number, int64_t in, int64_t out, DType dtype);
  // A State is what the forward pass has at the end of a stage, and the skips that decoders still need.
  struct State {
    Variable x;
    std::vector<Variable> skips;
  };
  std::span<const Layer> layers_of(size_t stage) const;
  Variable run(const Context& ctx, std::span<const Layer> layers, Variable x) const;
  void pool(const Context& ctx, size_t stage, State& state) const;
  void upsample_and_add(const Context& ctx, size_t stage, State& state) const;
  // Runs stages, which BaselineSegment numbers, but for the last layer of all.
  void run_stages(const Context& ctx, size_t begin, size_t end, State& state) const;
  // Runs a segment, which is one node of the tape, and the sum after it if the segment does not.
  void run_segment(const Context& ctx, const BaselineSegment& segment, State& state) const;

  Activations activations_;
  Parameter *last_weight_, *last_bias_;
  std::vector<std::vector<Layer>> encoders_, decoders_;
};

}  // namespace revunet
