#include "engine/cuda/kernel_code.h"

#include "engine/cuda/check.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/gpu.h"

namespace revunet::cuda {

namespace {

// It is compiled for the same devices as every other kernel.
__global__ void any_kernel() {}

}  // namespace

void expect_kernel_code(int index) {
  cudaFuncAttributes attributes{};
  const cudaError_t status = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(any_kernel));
  if (status == cudaSuccess) return;
  cudaGetLastError();
  cudaDeviceProp properties{};
  REVUNET_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  throw UsageError(fmt::format(
      "[`device`] expected a device for which this build has kernels ({}), got {}: {} ({}); configure the build with "
      "-DREVUNET_CUDA_ARCHITECTURES={}{}, update the driver if it is older than the toolkit, or use `device` cpu",
      REVUNET_CUDA_ARCHITECTURES, describe(index), cudaGetErrorName(status), cudaGetErrorString(status),
      properties.major, properties.minor));
}

}  // namespace revunet::cuda
