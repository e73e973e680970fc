#include "kernels/conv3d/cuda/conv3d_cublas.h"

#include "engine/cuda/event.h"
#include "engine/cuda/library_memory.h"
#include "engine/tensor.h"

namespace revunet::cuda {

namespace {

// NVIDIA's documentation recommends this size for this generation of devices. It is within the algorithms' limit.
constexpr size_t kWorkspace = size_t{32} << 20;

void check(cublasStatus_t status, const char* expression, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(fmt::format("[cublas] expected {} to succeed, got {} ({}), at {}:{}", expression,
                          cublasGetStatusName(status), cublasGetStatusString(status), file, line));
}
#define REVUNET_CUBLAS_CHECK(expression) check((expression), #expression, __FILE__, __LINE__)

// A Product is C (m, n) = alpha A B + beta C, column by column. A is (m, k) or its transpose, and B is (k, n) or its
// transpose.
struct Product {
  cublasOperation_t transpose_a, transpose_b;
  int64_t m, n, k;
  const void *a, *b;
  int64_t lda, ldb;
  void* c;
  int64_t ldc;
};

// cuBLAS counts column by column: x (voxels, I) is its (I, voxels), and w (O, I) is its (I, O).
Product product_of(const ConvolutionProblem& p, const ConvolutionBuffers& o) {
  const int64_t V = p.voxels();
  switch (p.direction) {
    case Direction::forward:  // y = w^T x
      return {CUBLAS_OP_T, CUBLAS_OP_N, p.O, V, p.I, o.w, o.x, p.I, p.I, o.y, p.O};
    case Direction::backward_data:  // dx = w dy
      return {CUBLAS_OP_N, CUBLAS_OP_N, p.I, V, p.O, o.w, o.y, p.I, p.O, o.x, p.I};
    case Direction::backward_weight:  // dw = x dy^T
      break;
  }
  return {CUBLAS_OP_N, CUBLAS_OP_T, p.I, p.O, V, o.x, o.y, p.I, p.O, o.w, p.I};
}

}  // namespace

MatrixProducts::MatrixProducts(Device& device) {
  REVUNET_CUBLAS_CHECK(expect_room(device, "cuBLAS", [&] { return cublasCreate(&handle_); }));
}

MatrixProducts::~MatrixProducts() {
  cublasDestroy(handle_);
}

void MatrixProducts::run(const Context& ctx, const ConvolutionProblem& p, const ConvolutionBuffers& buffers,
                         const AlgorithmLimits& limits) {
  problems_.insert(p);
  const size_t bytes = std::min(kWorkspace, limits.workspace) / kAllocationAlignment * kAllocationAlignment;
  Tensor workspace(ctx.for_workspace(), {static_cast<int64_t>(bytes / sizeof(float)) + 1}, DType::f32);
  REVUNET_CUBLAS_CHECK(cublasSetStream(handle_, stream_of(ctx)));
  REVUNET_CUBLAS_CHECK(cublasSetWorkspace(handle_, workspace.data<float>(), bytes));
  const bool f32 = p.operands == DType::f32;
  const cudaDataType_t type = f32 ? CUDA_R_32F : CUDA_R_16BF;
  const cudaDataType_t result = p.result == DType::f32 ? CUDA_R_32F : CUDA_R_16BF;
  const cublasComputeType_t compute =
      f32 && !limits.arithmetic.strict_fp32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const Product g = product_of(p, buffers);
  const float alpha = static_cast<float>(p.alpha), beta = static_cast<float>(p.beta);
  REVUNET_CUBLAS_CHECK(expect_room(ctx.device, "cuBLAS", [&] {
    return cublasGemmEx_64(handle_, g.transpose_a, g.transpose_b, g.m, g.n, g.k, &alpha, g.a, type, g.lda, g.b, type,
                           g.ldb, &beta, g.c, result, g.ldc, compute, CUBLAS_GEMM_DEFAULT);
  }));
}

}  // namespace revunet::cuda
