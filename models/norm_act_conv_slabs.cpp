// This file has NormActConv's work on one slab of planes after another.
//
// A slab is convolved with the planes next to it, whose results are not used. So each voxel's result is that of the
// whole volume, and the convolution needs to know nothing of slabs.
#include "kernels/add/add.h"
#include "kernels/cast/cast.h"
#include "kernels/conv3d/conv3d.h"
#include "models/norm_act_conv.h"

namespace revunet {

namespace {

TensorSpec like(const Tensor& planes, DType dtype) {
  return {planes.shape(), dtype, planes.layout()};
}

void copy_or_cast(const Context& ctx, const Tensor& from, Tensor to) {
  from.dtype() == to.dtype() ? copy(from, to) : cast_forward(ctx, from, to);
}

void fill_zero_planes(Tensor& x, int64_t first, int64_t count) {
  if (count == 0) return;
  Tensor planes = x.planes(first, count);
  fill_zero(planes);
}

}  // namespace

// a is the slab's input with the planes next to it.
void NormActConv::convolve_slab(const Context& ctx, const Slab& slab, NormedActivation& a, Tensor& y,
                                Write mode) const {
  const Tensor with_halo = y.planes(slab.low, slab.planes);
  Tensor sum(ctx, with_halo.spec()), of_slab = y.planes(slab.first, slab.count);
  copy(with_halo, sum);
  normed_conv3d_forward(ctx, a, weight_.value, sum, mode);
  copy(sum.planes(slab.offset(), slab.count), of_slab);
}

void NormActConv::backward_weight_slab(const Context& ctx, const Slab& slab, NormedActivation& a, const Tensor& dy,
                                       Tensor& dweight) {
  Tensor dz(ctx, a.memory().spec());  // zero outside of the slab, whose voxels alone count
  copy_or_cast(ctx, dy.planes(slab.first, slab.count), dz.planes(slab.offset(), slab.count));
  fill_zero_planes(dz, 0, slab.offset());
  fill_zero_planes(dz, slab.offset() + slab.count, slab.planes - slab.offset() - slab.count);
  normed_conv3d_backward_weight(ctx, a, dz, dweight);
}

// Returns the gradient of the slab's planes.
Tensor NormActConv::gradient_behind_norm(const Context& ctx, const Slab& slab, const Tensor& dy) const {
  Tensor dz = dy.planes(slab.low, slab.planes);
  if (operand_type(dy) != dy.dtype()) {
    dz = Tensor(ctx, like(dz, operand_type(dy)));
    cast_forward(ctx, dy.planes(slab.low, slab.planes), dz);
  }
  Tensor da(ctx, dz.spec());
  conv3d_backward_data(ctx, {&dz, 1}, weight_.value, {&da, 1}, Write::overwrite);
  return da.planes(slab.offset(), slab.count);
}

void NormActConv::backward_slabs(const Context& ctx, const std::vector<Slab>& slabs, const Tensor& x,
                                 const Tensor& statistics, Tensor* y, const Tensor& dy, Tensor& dx) {
  const Affine affine = this->affine(ctx);
  // The slabs' sum is added to what samples before have left, so that samples of several processes add up to the same
  // bits.
  const bool adds = static_cast<bool>(weight_.gradient);
  const Tensor& weight = weight_.value;
  Tensor dweight = adds ? zeros(ctx.for_workspace(), weight.shape(), weight.dtype()) : gradient_of(ctx, weight_);
  for (const Slab& slab : slabs) {
    NormedActivation a = activate(ctx, x.planes(slab.low, slab.planes), statistics, affine);
    if (y) convolve_slab(ctx, slab, a, *y, Write::subtract);
    backward_weight_slab(ctx, slab, a, dy, dweight);
  }
  if (adds) add_in_place(ctx, weight_.gradient, dweight);
  dweight = Tensor();
  const auto parts = static_cast<int64_t>(slabs.size());
  Tensor sums;
  for (int64_t part = 0; part < parts; ++part) {
    const Slab& slab = slabs[static_cast<size_t>(part)];
    const Tensor da = gradient_behind_norm(ctx, slab, dy);
    if (!sums) sums = Tensor(ctx.for_workspace(), {parts, 1, 2, da.channel_stride()}, DType::f64);
    group_norm_gradient_sums(ctx, x.planes(slab.first, slab.count), statistics, affine.gamma, affine.beta,
                             kLeakyReluSlope, da, sums, part);
  }
  Tensor corrections;
  add_affine_gradients(ctx, [&](Tensor& dgamma, Tensor& dbeta) {
    corrections =
        group_norm_corrections(ctx, sums, statistics, affine.gamma, activation(x.shape()).voxels(), dgamma, dbeta);
  });
  for (const Slab& slab : slabs) {
    const Tensor da = gradient_behind_norm(ctx, slab, dy);
    Tensor of_slab = dx.planes(slab.first, slab.count);
    group_norm_leaky_relu_corrected(ctx, x.planes(slab.first, slab.count), statistics, affine.gamma, affine.beta,
                                    kLeakyReluSlope, da, corrections, of_slab, true);
  }
}

}  // namespace revunet
