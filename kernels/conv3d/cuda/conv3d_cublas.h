// 1x1x1 convolutions are matrix products of voxels by channels. They run through cuBLAS.
#pragma once

#include <cublas_v2.h>

#include "engine/context.h"
#include "kernels/conv3d/conv3d_problem.h"

namespace revunet::cuda {

// MatrixProducts is a device's cuBLAS handle, with its own workspace that the allocator sees.
class MatrixProducts {
 public:
  MatrixProducts();
  ~MatrixProducts();
  MatrixProducts(const MatrixProducts&) = delete;
  MatrixProducts& operator=(const MatrixProducts&) = delete;

  // problem.k is 1.
  void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
           const AlgorithmLimits& limits);

 private:
  cublasHandle_t handle_ = nullptr;
};

}  // namespace revunet::cuda
