// These are the calls of the CUDA driver that cuDNN makes to finish an algorithm that it compiles at run time. They
// succeed and do nothing, because the result is never run. The CUDA runtime is told that there is no device. cuda.h is
// not included, and these functions omit all parameters except those that they write.
namespace {

using Result = int;
constexpr Result kSuccess = 0, kNoDevice = 100, kNotFound = 500;  // CUDA_SUCCESS, CUDA_ERROR_...
char handle;                                                      // handles point to it

}  // namespace

extern "C" {

Result cuInit(unsigned) {
  return kNoDevice;
}
Result cuGetProcAddress_v2(const char*, void** function) {
  *function = nullptr;
  return kNotFound;
}
Result cuDeviceGetCount(int* count) {
  *count = 0;
  return kSuccess;
}
Result cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}
Result cuGetErrorName(Result, const char** name) {
  *name = "an error of the stand-in";
  return kSuccess;
}
Result cuGetErrorString(Result, const char** text) {
  *text = "an error of the stand-in";
  return kSuccess;
}
Result cuCtxGetCurrent(void** context) {
  *context = &handle;
  return kSuccess;
}
Result cuLibraryLoadData(void** library) {
  *library = &handle;
  return kSuccess;
}
Result cuLibraryLoadFromFile(void** library) {
  *library = &handle;
  return kSuccess;
}
Result cuLibraryGetKernel(void** kernel) {
  *kernel = &handle;
  return kSuccess;
}
Result cuKernelGetAttribute(int* value) {
  *value = 0;
  return kSuccess;
}

#define REVUNET_NOTHING(function) \
  Result function() {             \
    return kSuccess;              \
  }
REVUNET_NOTHING(cuCtxGetLimit)
REVUNET_NOTHING(cuCtxPopCurrent)
REVUNET_NOTHING(cuCtxPushCurrent)
REVUNET_NOTHING(cuDeviceGet)
REVUNET_NOTHING(cuKernelSetAttribute)
REVUNET_NOTHING(cuLaunchCooperativeKernel)
REVUNET_NOTHING(cuLaunchKernel)
REVUNET_NOTHING(cuLaunchKernelEx)
REVUNET_NOTHING(cuLibraryUnload)
REVUNET_NOTHING(cuLinkAddData)
REVUNET_NOTHING(cuLinkComplete)
REVUNET_NOTHING(cuLinkCreate)
REVUNET_NOTHING(cuLinkDestroy)
REVUNET_NOTHING(cuOccupancyMaxPotentialClusterSize)
REVUNET_NOTHING(cuStreamGetCtx)
}
