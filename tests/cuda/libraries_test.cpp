// Tests that cuDNN and cuBLAS, which the programs do not link, are found where CMake found them. It takes no GPU.
#include <cublas_v2.h>
#include <cudnn.h>
#include <fmt/format.h>

#include "engine/cuda/cuda_device.h"
#include "tests/support/catch.h"

TEST_CASE("cuDNN and cuBLAS are loaded when they are called, in the releases of their headers") {
  CHECK_THAT(revunet::cuda::library_versions(),
             Catch::Matchers::Matches(
                 fmt::format(R"(cuDNN {}\.\d+\.\d+, cuBLAS {}\.\d+\.\d+)", CUDNN_MAJOR, CUBLAS_VER_MAJOR)));
}
