// This file loads cuDNN and cuBLAS when the first of their functions is called. The programs do not link them: the
// dynamic linker would take 0.2 s for them at every start, and a machine without a GPU need not have them.
//
// It defines the functions of both that the project calls, as their headers declare them. A test's stand-ins define
// them too (tests/cusim), so this file is part of real builds only.
#include <cublas_v2.h>
#include <cudnn.h>
#include <dlfcn.h>

#include <string>

#include "engine/error.h"

namespace {

using revunet::UsageError;

// A Library is the shared library of one name. Opening it twice is opening it once.
class Library {
 public:
  Library(const char* product, const std::string& file)
      : product_(product), file_(file), handle_(dlopen(file.c_str(), RTLD_LAZY)) {
    REVUNET_EXPECTS(handle_, UsageError,
                    "[`device`] expected to load {}'s {}, got: {}; install it, or name its folder in "
                    "LD_LIBRARY_PATH, or use `device` cpu",
                    product_, file_, dlerror());
  }

  template <typename Function>
  Function* find(const char* name) const {
    void* const found = dlsym(handle_, name);
    REVUNET_EXPECTS(found, UsageError,
                    "[`device`] expected {} in {}'s {}, got: {}; install the release that this was built with", name,
                    product_, file_, dlerror());
    return reinterpret_cast<Function*>(found);
  }

 private:
  const char* product_;
  std::string file_;
  void* handle_;
};

const Library& cudnn() {
  static const Library library("cuDNN", fmt::format("libcudnn.so.{}", CUDNN_MAJOR));
  return library;
}

const Library& cublas() {
  static const Library library("cuBLAS", fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR));
  return library;
}

}  // namespace

// Defines one function of a library, which calls the function of that name in the file.
#define REVUNET_LIBRARY_CALL(library, Result, name, parameters, arguments) \
  Result name parameters {                                                 \
    static auto* const loaded = library().find<decltype(name)>(#name);     \
    return loaded arguments;                                               \
  }

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
