// Tests our own convolutions on tensor cores on any CUDA device that has them.
#include <algorithm>
#include <limits>

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

// Voxel 5 of x is infinite. Its products with weights of 0 are not numbers, as are sums of channels beyond the last
// one. Voxels from 7 on are no neighbours of it, and keep the values that they have without it.
TEST_CASE("our own convolutions leave sums beyond the last channel out of other voxels", "[cuda]") {
  if (!has_tensor_cores()) return;
  const Write mode = GENERATE(Write::overwrite, Write::add, Write::subtract);
  constexpr int64_t kChannels = 8;
  const Shape shape{1, 1, 1, 16, kChannels}, weight_shape{kChannels, 3, 3, 3, kChannels};
  Device cpu, device = cuda::make_device(0);
  const Context of_cpu{cpu}, of_device{device};
  const auto values = [](const Shape& of, uint64_t sequence) {
    return rounded(normal_values(of.elements(), sequence));
  };
  std::vector<double> x = values(shape, 1);
  const std::vector<double> w = values(weight_shape, 2), y = values(shape, 3);
  Tensor exact = from_host(of_cpu, shape, DType::f64, y);
  const Tensor finite = from_host(of_cpu, shape, DType::f64, x);
  conv3d_forward(of_cpu, {&finite, 1}, from_host(of_cpu, weight_shape, DType::f64, w), nullptr, {&exact, 1}, mode);

  std::fill_n(x.begin() + 5 * kChannels, kChannels, std::numeric_limits<double>::infinity());
  const Tensor infinite = from_host(of_device, {shape, DType::f32, Layout::activation}, x);
  const Tensor weight = from_host(of_device, weight_shape, DType::f32, w);
  const Tensor result = from_host(of_device, {shape, DType::f32, Layout::activation}, y);
  cuda::mma_convolve(of_device,
                     {cuda::Direction::forward, DType::f32, DType::f32, 1, 1, 1, 16, kChannels, kChannels, 3,
                      mode == Write::subtract ? -1 : 1, mode == Write::overwrite ? 0 : 1},
                     {infinite.address(), weight.address(), result.address()});
  const auto others = [](std::vector<double> all) {
    all.erase(all.begin(), all.begin() + 7 * kChannels);
    return all;
  };
  const std::vector<double> expected = others(to_host_f64(exact));
  CHECK(largest_difference(others(to_host_f64(result)), expected) <= 3e-6 * largest(expected));
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
