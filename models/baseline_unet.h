// This is the non-reversible equivalent, as the paper's authors published it: convolution -> GroupNorm -> LeakyReLU,
// pooling, trilinear upsampling, skips by sum. It has 12,425,253 parameters with channels 30,60,120,240,480.
#pragma once

#include "models/networks.h"

namespace revunet {

class BaselineUNet : public UNet {
 public:
  // Parameters are zero until initialised. `config` has been checked.
  BaselineUNet(const Context& ctx, const UNetConfig& config, DType dtype);

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
  Variable run(const Context& ctx, const std::vector<Layer>& layers, Variable x) const;

  Parameter *last_weight_, *last_bias_;
  std::vector<std::vector<Layer>> encoders_, decoders_;
};

}  // namespace revunet
