// 1x1x1 convolutions are matrix products of voxels by channels. They run through cuBLAS.
#pragma once

#include <cublas_v2.h>

#include <set>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_problem.h"

namespace revunet::cuda {

// MatrixProducts is a device's cuBLAS handle, with its own workspace that the allocator sees.
class MatrixProducts {
 public:
  explicit MatrixProducts(Device& device);
  ~MatrixProducts();
  MatrixProducts(const MatrixProducts&) = delete;
  MatrixProducts& operator=(const MatrixProducts&) = delete;

  // problem.k is 1.
  void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
           const AlgorithmLimits& limits);

  // Returns the problems that were run so far.
  const std::set<ConvolutionProblem>& problems() const { return problems_; }

 private:
  cublasHandle_t handle_ = nullptr;
  std::set<ConvolutionProblem> problems_;
};

}  // namespace revunet::cuda
