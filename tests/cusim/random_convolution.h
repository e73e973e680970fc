// This is a convolution of random values, whose result tests compare between devices.
#pragma once

#include "kernels/conv3d/conv3d.h"
#include "tests/kernels/op_case_run.h"

namespace revunet::test {

// Returns y (output's shape) once the convolution of x (input's shape), with a kernel of edge k, was written to it,
// added to it or subtracted from it. The values follow from the shapes, and bf16 holds all of them.
inline std::vector<double> random_convolution(Device& device, DType dtype, const Shape& input, const Shape& output,
                                              int64_t k, Write mode) {
  const Context ctx{device};
  const auto random = [&](const TensorSpec& spec, uint64_t sequence) {
    return from_host(ctx, spec, rounded(normal_values(spec.shape.elements(), sequence)));
  };
  const Tensor x = random({input, dtype, Layout::activation}, 1);
  const Tensor w = random({{output[4], k, k, k, input[4]}, compute_type(dtype)}, 2);
  Tensor y = random({output, dtype, Layout::activation}, 3);
  conv3d_forward(ctx, {&x, 1}, w, nullptr, {&y, 1}, mode);
  return to_host_f64(y);
}

}  // namespace revunet::test
