// Tests our own convolutions on tensor cores on any CUDA device that has them.
#include "tests/cuda/mma_convolution.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

namespace {

bool has_tensor_cores() {
  if (!has_cuda_device()) return false;
  const Device device = cuda::make_device(0);
  if (cuda::mma_runs_here()) return true;
  skip("the device's code has no instructions of tensor cores");
  return false;
}

}  // namespace

TEST_CASE("our own convolutions agree with f64 on the CPU, at any size of volume and number of channels", "[cuda]") {
  if (!has_tensor_cores()) return;
  struct Size {
    Shape x;
    int64_t O;
  };
  const Size size = GENERATE(Size{{1, 5, 9, 11, 32}, 32},  // parts of tiles
                             Size{{1, 8, 8, 8, 32}, 32},   // one tile
                             Size{{2, 1, 1, 1, 32}, 32},   // one voxel
                             Size{{2, 9, 7, 3, 30}, 30},   // padding of channels; a tile, less and more
                             Size{{1, 3, 4, 5, 4}, 32},    // fewer channels than a slice
                             Size{{1, 2, 3, 17, 12}, 20});
  Device device = cuda::make_device(0);
  for_each_mma_case(size.x, size.O, [&](const MmaCase& c) { check_mma_convolution(c, mma_convolution(device, c)); });
  CHECK(device.allocator().stats().allocated == 0);
}

// A product with 1 is rounded as the operand is: to nearest, by at most 2^-11 of it. Cutting it would be off by up to
// 2^-10.
TEST_CASE("our own convolutions round f32 to the nearest TF32", "[cuda]") {
  if (!has_tensor_cores()) return;
  Device device = cuda::make_device(0);
  const Context ctx{device};
  const Shape shape{1, 4, 4, 4, 32}, weight_shape{32, 3, 3, 3, 32};
  std::vector<double> identity(static_cast<size_t>(weight_shape.elements()));
  for (size_t c = 0; c < 32; ++c) identity[(c * 27 + 13) * 32 + c] = 1;
  const std::vector<double> values = normal_values(shape.elements(), 1);
  const Tensor x = from_host(ctx, {shape, DType::f32, Layout::activation}, values);
  const Tensor w = from_host(ctx, weight_shape, DType::f32, identity);
  const Tensor y = from_host(ctx, {shape, DType::f32, Layout::activation}, values);
  cuda::mma_convolve(ctx, {cuda::Direction::forward, DType::f32, DType::f32, 1, 4, 4, 4, 32, 32, 3},
                     {x.address(), w.address(), y.address()});
  const std::vector<double> got = to_host_f64(y);
  double largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(got[i] - values[i]) / std::abs(values[i]));
  }
  CHECK(largest <= 1.001 / (1 << 11));  // and 2^-24 for the value itself
  CHECK(largest > 0.5 / (1 << 11));     // it is TF32
}
