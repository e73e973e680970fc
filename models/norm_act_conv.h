// GroupNorm -> LeakyReLU -> Conv3d 3x3x3 without bias: the F and G of the paper's reversible block.
#pragma once

#include "engine/reversible.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "models/unet.h"

namespace revunet {

class NormActConv : public Residual {
 public:
  // norm over C channels, weight (C, 3, 3, 3, C); both outlive this.
  NormActConv(const GroupNorm& norm, Parameter& weight, Operands operands = Operands::activations)
      : norm_(norm), weight_(weight), operands_(operands) {}

  Tensor forward(const Context& ctx, const Tensor& x, Tensor& y) const override;
  void backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                Tensor& dx) override;
  std::vector<Parameter*> parameters() override { return {&norm_.gamma, &norm_.beta, &weight_}; }

 private:
  Tensor activate(const Context& ctx, const Tensor& x, const Tensor& statistics) const;

  GroupNorm norm_;
  Parameter& weight_;
  Operands operands_;
};

}  // namespace revunet
