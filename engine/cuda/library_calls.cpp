// This file loads cuDNN and cuBLAS when the first of their functions is called. The programs do not link them: the
// dynamic linker would take 0.2 s for them at every start, and a machine without a GPU need not have them.
//
// It defines the functions of both that the project calls, as their headers declare them. A test's stand-ins define
// them too (tests/cusim), so this file is part of real builds only.
#include <cublas_v2.h>
#include <cudnn.h>

#include "engine/cuda/loaded_library.h"

namespace {

using revunet::cuda::LoadedLibrary;

const LoadedLibrary& cudnn() {
  static const LoadedLibrary library("cuDNN", fmt::format("libcudnn.so.{}", CUDNN_MAJOR));
  return library;
}

const LoadedLibrary& cublas() {
  static const LoadedLibrary library("cuBLAS", fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR));
  return library;
}

}  // namespace

REVUNET_LIBRARY_CALL(cudnn, size_t, cudnnGetVersion, (), ())
REVUNET_LIBRARY_CALL(cudnn, const char*, cudnnGetErrorString, (cudnnStatus_t status), (status))
REVUNET_LIBRARY_CALL(cudnn, void, cudnnGetLastErrorString, (char* text, size_t size), (text, size))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnCreate, (cudnnHandle_t * handle), (handle))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnDestroy, (cudnnHandle_t handle), (handle))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnSetStream, (cudnnHandle_t handle, cudaStream_t stream),
                     (handle, stream))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendCreateDescriptor,
                     (cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* made), (type, made))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendDestroyDescriptor, (cudnnBackendDescriptor_t of), (of))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendFinalize, (cudnnBackendDescriptor_t of), (of))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendSetAttribute,
                     (cudnnBackendDescriptor_t of, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                      int64_t count, const void* values),
                     (of, name, type, count, values))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendGetAttribute,
                     (const cudnnBackendDescriptor_t of, cudnnBackendAttributeName_t name,
                      cudnnBackendAttributeType_t type, int64_t room, int64_t* count, void* values),
                     (of, name, type, room, count, values))
REVUNET_LIBRARY_CALL(cudnn, cudnnStatus_t, cudnnBackendExecute,
                     (cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack),
                     (handle, plan, pack))

REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasGetProperty, (libraryPropertyType type, int* value), (type, value))
REVUNET_LIBRARY_CALL(cublas, const char*, cublasGetStatusName, (cublasStatus_t status), (status))
REVUNET_LIBRARY_CALL(cublas, const char*, cublasGetStatusString, (cublasStatus_t status), (status))
REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasCreate_v2, (cublasHandle_t * handle), (handle))
REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasDestroy_v2, (cublasHandle_t handle), (handle))
REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasSetStream_v2, (cublasHandle_t handle, cudaStream_t stream),
                     (handle, stream))
REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasSetWorkspace_v2,
                     (cublasHandle_t handle, void* workspace, size_t bytes), (handle, workspace, bytes))
REVUNET_LIBRARY_CALL(cublas, cublasStatus_t, cublasGemmEx_64,
                     (cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int64_t m, int64_t n,
                      int64_t k, const void* alpha, const void* a, cudaDataType type_a, int64_t lda, const void* b,
                      cudaDataType type_b, int64_t ldb, const void* beta, void* c, cudaDataType type_c, int64_t ldc,
                      cublasComputeType_t compute, cublasGemmAlgo_t algorithm),
                     (handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, b, type_b, ldb, beta, c, type_c, ldc, compute,
                      algorithm))
