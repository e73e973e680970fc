// NormActConv is GroupNorm -> LeakyReLU -> (dropout of channels) -> Conv3d 3x3x3 without bias: the F and G of the
// paper's reversible block.
//
// It runs on a volume as a whole, or on one slab of planes after another. Then its scratch is as large as two slabs,
// and backward computes the gradient behind the norm twice: once for its sums, and once where it is applied. A batch of
// several images runs as a whole.
#pragma once

#include <functional>

#include "engine/reversible.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"
#include "kernels/write_mode.h"
#include "models/slabs.h"
#include "models/unet.h"

namespace revunet {

class NormActConv : public Residual {
 public:
  // norm is over C channels, weight is (C, 3, 3, 3, C), and dropout takes this layer's number. All of them outlive this
  // object.
  NormActConv(const GroupNorm& norm, Parameter& weight, Operands operands, const Dropout& dropout, int64_t layer,
              FinestLevel runs = FinestLevel::whole)
      : norm_(norm), weight_(weight), operands_(operands), dropout_(dropout), layer_(layer), runs_(runs) {}

  Tensor forward(const Context& ctx, const Tensor& x, Tensor& y) const override;
  Tensor small_result(const Context& ctx, const Tensor& x) const override;
  void backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                Tensor& dx) override;
  std::vector<Parameter*> parameters() override { return {&norm_.gamma, &norm_.beta, &weight_}; }

 private:
  // An Affine is the norm's scale and shift. With dropout, it is that of the channels that stay.
  struct Affine {
    Tensor gamma, beta;
  };
  Affine affine(const Context& ctx) const;
  NormedActivation activate(const Context& ctx, const Tensor& x, const Tensor& statistics, const Affine& affine) const;
  // Calls add(dgamma, dbeta) to add the norm's gradients. With dropout, those of channels that stay count.
  void add_affine_gradients(const Context& ctx, const std::function<void(Tensor& dgamma, Tensor& dbeta)>& add);
  DType operand_type(const Tensor& x) const { return operands_ == Operands::bf16 ? DType::bf16 : x.dtype(); }

  // Returns the slabs in which x is taken, or nothing where it is taken as a whole.
  std::vector<Slab> slabs(const Tensor& x) const;
  // The following work slab by slab.
  void convolve_slab(const Context& ctx, const Slab& slab, NormedActivation& a, Tensor& y, Write mode) const;
  void backward_slabs(const Context& ctx, const std::vector<Slab>& slabs, const Tensor& x, const Tensor& statistics,
                      Tensor* y, const Tensor& dy, Tensor& dx);
  void backward_weight_slab(const Context& ctx, const Slab& slab, NormedActivation& a, const Tensor& dy,
                            Tensor& dweight);
  Tensor gradient_behind_norm(const Context& ctx, const Slab& slab, const Tensor& dy) const;

  GroupNorm norm_;
  Parameter& weight_;
  Operands operands_;
  const Dropout& dropout_;
  int64_t layer_;
  FinestLevel runs_;
};

}  // namespace revunet
