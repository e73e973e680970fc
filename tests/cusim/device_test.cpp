// Tests how a CUDA device is made, refused and filled with values.
#include "engine/cuda/cuda_device.h"
#include "engine/tensor.h"
#include "models/device/compute_device.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cusim.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a CUDA device is refused where there is none, and memory that is refused is no crash", "[cusim]") {
  cusim::set_device_count(0);
  CHECK(cuda::device_count() == 0);
  CHECK_THROWS_WITH(cuda::make_device(0), ContainsSubstring("[`device`] expected a CUDA device, got none"));
  cusim::set_device_count(1);
  CHECK_THROWS_WITH(cuda::make_device(1), ContainsSubstring("expected a CUDA device from 0 to 0, got 1"));
  {
    Device device = cuda::make_device(0);
    device.allocator().set_limit(size_t{4} << 20);
    const Context ctx{device};
    CHECK_THROWS_WITH(Tensor(ctx, {int64_t{2} << 20}, DType::f32),
                      ContainsSubstring("the device has 1024.0 MiB") && ContainsSubstring("the limit is 4.0 MiB"));
    cusim::fail_allocations_from(1);
    CHECK_THROWS_AS(Tensor(ctx, {100}, DType::f32), OutOfMemoryError);
    cusim::fail_allocations_from(0);
    CHECK_NOTHROW(Tensor(ctx, {100}, DType::f32));
  }
  {
    Device device = cuda::make_device(0);
    cusim::misalign_allocations(true);
    CHECK_THROWS_WITH(Tensor(Context{device}, {100}, DType::f32),
                      ContainsSubstring("expected cudaMalloc to give multiples of 512"));
    cusim::misalign_allocations(false);
  }
  CHECK(cusim::live_objects() == 0);
}

// In CUDA's documentation, cudaErrorInsufficientDriver means a driver older than the runtime, or none, whose version is
// 0.
TEST_CASE("a CUDA driver that cannot list its devices is an error, no driver is no device", "[cusim]") {
  cusim::fail_device_count(cudaErrorInsufficientDriver, 0);
  CHECK(cuda::device_count() == 0);
  CHECK_THROWS_WITH(cuda::make_device(0), ContainsSubstring("[`device`] expected a CUDA device, got none"));
  cusim::fail_device_count(cudaErrorNoDevice, 13000);
  CHECK(cuda::device_count() == 0);
  for (const cudaError_t error : {cudaErrorInsufficientDriver, cudaErrorSystemNotReady, cudaErrorSystemDriverMismatch,
                                  cudaErrorDevicesUnavailable, cudaErrorUnknown}) {
    cusim::fail_device_count(error, 12040);
    CHECK_THROWS_AS(cuda::device_count(), UsageError);
    CHECK_THROWS_WITH(cuda::make_device(0), ContainsSubstring("got cudaErrorOfTheSimulation (simulated)") &&
                                                ContainsSubstring("use `device` cpu"));
    CHECK_THROWS_AS(device_of("auto"), UsageError);  // auto does not go to the CPU
  }
  cusim::fail_device_count(cudaSuccess, 13000);
  CHECK(cuda::device_count() == 1);
}

TEST_CASE("a CUDA device for which the build has no kernels is refused with the variable that adds them", "[cusim]") {
  cusim::miss_kernel_code(cudaErrorNoKernelImageForDevice);
  CHECK_THROWS_WITH(cuda::make_device(0),
                    ContainsSubstring("[`device`] expected a device for which this build has kernels (80), got "
                                      "simulated, sm_80, 1024 MiB") &&
                        ContainsSubstring("-DREVUNET_CUDA_ARCHITECTURES=80"));
  cusim::miss_kernel_code(cudaSuccess);
  CHECK_NOTHROW(cuda::make_device(0));
  CHECK(cusim::live_objects() == 0);
}

TEST_CASE("values go to a CUDA device and back, padded there and nowhere else", "[cusim]") {
  Device device = cuda::make_device(0);
  const Context ctx{device};
  std::vector<double> values(2 * 3 * 1 * 2 * 5);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) + 0.5;
  const Tensor x = from_host(ctx, {{2, 3, 1, 2, 5}, DType::f32, Layout::activation}, values);
  CHECK(x.channel_stride() == 8);
  CHECK(to_host_f64(x) == values);
  const float* memory = x.data<float>();  // the simulation's memory is the host's
  CHECK(memory[4] == 4.5f);
  CHECK(memory[5] == 0);
  CHECK(memory[8] == 5.5f);
  const Tensor weight = from_host(ctx, {2, 3, 1, 2, 5}, DType::f32, values);
  CHECK(weight.channel_stride() == 5);
  CHECK(squared_distance(x, clone(ctx, x)) == 0);
  // The copy goes through both staging buffers several times: it has a little over 20 MiB.
  std::vector<float> many(5 * (1 << 20) + 3);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
  const Tensor large = from_host(ctx, {static_cast<int64_t>(many.size())}, DType::f32, std::span<const float>(many));
  CHECK(to_host_f32(large) == many);
}
