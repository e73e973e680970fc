// NormActConv is GroupNorm -> LeakyReLU -> (dropout of channels) -> Conv3d 3x3x3 without bias: the F and G of the
// paper's reversible block.
#pragma once

#include "engine/reversible.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "models/unet.h"

namespace revunet {

class NormActConv : public Residual {
 public:
  // norm is over C channels, weight is (C, 3, 3, 3, C), and dropout takes this layer's number. All of them outlive this
  // object.
  NormActConv(const GroupNorm& norm, Parameter& weight, Operands operands, const Dropout& dropout, int64_t layer)
      : norm_(norm), weight_(weight), operands_(operands), dropout_(dropout), layer_(layer) {}

  Tensor forward(const Context& ctx, const Tensor& x, Tensor& y) const override;
  void backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                Tensor& dx) override;
  std::vector<Parameter*> parameters() override { return {&norm_.gamma, &norm_.beta, &weight_}; }

 private:
  // An Affine is the norm's scale and shift. With dropout, it is that of the channels that stay.
  struct Affine {
    Tensor gamma, beta;
  };
  Affine affine(const Context& ctx) const;
  Tensor activate(const Context& ctx, const Tensor& x, const Tensor& statistics, const Affine& affine) const;
  void backward_norm(const Context& ctx, const Tensor& x, const Tensor& statistics, const Affine& affine,
                     const Tensor& da, Tensor& dx);

  GroupNorm norm_;
  Parameter& weight_;
  Operands operands_;
  const Dropout& dropout_;
  int64_t layer_;
};

}  // namespace revunet
