#include "tests/cusim/cuda_runtime.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cusim/streams.h"

namespace {

constexpr size_t kDeviceMemory = size_t{1} << 30;  // bytes that the device says it has

// Returns the numbers on their machine of the devices that this process sees.
std::vector<int> visible_devices() {
  const char* const text = std::getenv("REVUNET_CUSIM_DEVICES");
  if (!text) return {0};
  std::vector<int> devices;
  std::istringstream numbers(text);
  for (std::string number; std::getline(numbers, number, ',');) devices.push_back(std::stoi(number));
  return devices;
}

struct State {
  int64_t live = 0, allocations_until_failure = 0;
  std::vector<int> devices = visible_devices();
  int driver_version = 13000, multiprocessors = 1;
  cudaError_t count_error = cudaSuccess;
  bool misaligned = false;
  cudaError_t last = cudaSuccess, stream = cudaSuccess, kernel_code = cudaSuccess;
  double milliseconds = 0, kernel_milliseconds = 0;
  int kernel_architecture = 80;
};
State state;

cudaError_t failed(cudaError_t error) {
  return state.last = error;
}

// Allocates at least one byte of host memory, filled with NaNs.
cudaError_t allocate(void** data, size_t bytes) {
  *data = std::aligned_alloc(512, (bytes + 511) / 512 * 512);
  if (!*data) return failed(cudaErrorMemoryAllocation);
  std::memset(*data, 0xff, bytes);
  ++state.live;
  return cudaSuccess;
}

cudaError_t deallocate(void* data) {
  if (data) --state.live;
  std::free(static_cast<char*>(data) - reinterpret_cast<uintptr_t>(data) % 512);  // where the allocation began
  return cudaSuccess;
}

}  // namespace

namespace revunet::cusim {

void fail_allocations_from(int64_t k) {
  state.allocations_until_failure = k;
}
int64_t live_objects() {
  return state.live;
}
void misalign_allocations(bool misaligned) {
  state.misaligned = misaligned;
}
void set_device_count(int count) {
  state.devices.resize(static_cast<size_t>(count));
  std::iota(state.devices.begin(), state.devices.end(), 0);
}
void fail_device_count(cudaError_t error, int driver_version) {
  state.count_error = error;
  state.driver_version = driver_version;
}
void set_multiprocessors(int count) {
  state.multiprocessors = count;
}

void count_object(int64_t change) {
  state.live += change;
}
double clock_milliseconds() {
  return state.milliseconds;
}
cudaError_t stream_error() {
  return state.stream;
}

void pass_time(double milliseconds) {
  state.milliseconds += milliseconds;
}
void set_kernel_milliseconds(double milliseconds) {
  state.kernel_milliseconds = milliseconds;
}
void pass_kernel_time() {
  pass_time(state.kernel_milliseconds);
}
void break_stream(cudaError_t error) {
  state.stream = error;
}
void miss_kernel_code(cudaError_t error) {
  state.kernel_code = error;
}

void compile_kernels_for(int architecture) {
  state.kernel_architecture = architecture;
}

}  // namespace revunet::cusim

extern "C" {

cudaError_t cudaPeekAtLastError() {
  return state.last;
}
cudaError_t cudaGetLastError() {
  const cudaError_t last = state.last;
  state.last = cudaSuccess;
  return last;
}
const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorOfTheSimulation";
}
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "out of memory" : "simulated";
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (state.count_error != cudaSuccess) return failed(state.count_error);
  *count = static_cast<int>(state.devices.size());
  return *count > 0 ? cudaSuccess : failed(cudaErrorNoDevice);
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = state.driver_version;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return device < static_cast<int>(state.devices.size()) ? cudaSuccess : failed(cudaErrorInvalidDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strncpy(properties->name, "simulated", sizeof properties->name - 1);
  properties->major = 8;
  properties->totalGlobalMem = kDeviceMemory;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  if (attribute != cudaDevAttrMultiProcessorCount) return failed(cudaErrorInvalidValue);
  *value = state.multiprocessors;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int, size_t) {
  *blocks = revunet::cusim::kBlocksAtOnce;
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  attributes->ptxVersion = state.kernel_architecture;
  return state.kernel_code == cudaSuccess ? cudaSuccess : failed(state.kernel_code);
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int size, int device) {
  std::snprintf(id, static_cast<size_t>(size), "0000:%02x:00.0", state.devices.at(static_cast<size_t>(device)));
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = *free = kDeviceMemory;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, size_t bytes) {
  return allocate(data, bytes);
}
cudaError_t cudaFreeHost(void* data) {
  revunet::cusim::run_streams();
  return deallocate(data);
}
cudaError_t cudaMalloc(void** data, size_t bytes) {
  if (state.allocations_until_failure == 1) return failed(cudaErrorMemoryAllocation);
  if (state.allocations_until_failure > 1) --state.allocations_until_failure;
  const cudaError_t status = allocate(data, bytes + (state.misaligned ? 256 : 0));
  if (status == cudaSuccess && state.misaligned) *data = static_cast<char*>(*data) + 256;
  return status;
}
cudaError_t cudaFree(void* data) {
  revunet::cusim::run_streams();
  return deallocate(data);
}

}  // extern "C"
