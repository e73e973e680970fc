#include "tests/cusim/cublas.h"

#include <cublas_v2.h>

#include <algorithm>
#include <cstring>

#include "engine/bfloat16.h"
#include "tests/cusim/streams.h"

namespace {

float load(const void* from, cudaDataType type, int64_t i) {
  return type == CUDA_R_16BF ? static_cast<float>(static_cast<const revunet::bfloat16*>(from)[i])
                             : static_cast<const float*>(from)[i];
}

void store(void* to, cudaDataType type, int64_t i, float value) {
  if (type == CUDA_R_16BF) {
    static_cast<revunet::bfloat16*>(to)[i] = revunet::bfloat16(value);
  } else {
    static_cast<float*>(to)[i] = value;
  }
}

struct Workspace {
  void* data = nullptr;
  size_t bytes = 0;
};

int64_t refused_products = 0;

}  // namespace

void revunet::cusim::refuse_products(int64_t count) {
  refused_products = count;
}

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(new Workspace);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  delete reinterpret_cast<Workspace*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasGetProperty(libraryPropertyType, int* value) {
  *value = 0;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t stream) {
  revunet::cusim::set_library_stream(stream);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  *reinterpret_cast<Workspace*>(handle) = {workspace, bytes};
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusName(cublasStatus_t) {
  return "a status of the stand-in";
}
const char* cublasGetStatusString(cublasStatus_t) {
  return "simulated";
}

// Matrices are column by column, as in BLAS.
cublasStatus_t cublasGemmEx_64(cublasHandle_t handle, cublasOperation_t transpose_a, cublasOperation_t transpose_b,
                               int64_t m, int64_t n, int64_t k, const void* alpha, const void* a, cudaDataType a_type,
                               int64_t lda, const void* b, cudaDataType b_type, int64_t ldb, const void* beta, void* c,
                               cudaDataType c_type, int64_t ldc, cublasComputeType_t, cublasGemmAlgo_t) {
  revunet::cusim::run_library_stream();
  if (refused_products > 0) {
    --refused_products;
    return CUBLAS_STATUS_ALLOC_FAILED;
  }
  const Workspace& workspace = *reinterpret_cast<Workspace*>(handle);
  // The library may write the whole workspace. Writing its beginning is enough to find one that is not there.
  std::memset(workspace.data, 0xff, std::min<size_t>(workspace.bytes, 4096));
  if (workspace.bytes > 0) static_cast<unsigned char*>(workspace.data)[workspace.bytes - 1] = 0xff;
  const float scale = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) {
        const float x = load(a, a_type, transpose_a == CUBLAS_OP_T ? l + i * lda : i + l * lda);
        const float y = load(b, b_type, transpose_b == CUBLAS_OP_T ? j + l * ldb : l + j * ldb);
        sum += static_cast<double>(x * y);
      }
      const float before = keep == 0 ? 0.0f : keep * load(c, c_type, i + j * ldc);
      store(c, c_type, i + j * ldc, scale * static_cast<float>(sum) + before);
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
