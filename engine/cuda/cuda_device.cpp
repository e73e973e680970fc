#include "engine/cuda/cuda_device.h"

#include <cublas_v2.h>
#include <cudnn.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/cuda/cuda_copy_queue.h"
#include "engine/cuda/gpu.h"
#include "engine/cuda/kernel_code.h"
#include "engine/cuda/optional_libraries.h"

namespace revunet::cuda {

namespace {

constexpr size_t kStagingBytes = size_t{8} << 20;  // per pinned buffer; large enough for full PCIe speed

// A piece of a copy waits in the buffer. After `done` the device no longer needs it.
struct Staging {
  PinnedBuffer buffer{kStagingBytes};
  Event done{cudaEventDisableTiming};
};

int made_current(int device) {
  REVUNET_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

// Takes memory with cudaMalloc, never managed memory. Only the thread that made the object may use it, because the
// runtime's current device belongs to the thread.
class CudaMemory : public MemoryResource {
 public:
  explicit CudaMemory(int device) : device_(made_current(device)) {}
  ~CudaMemory() override { cudaStreamSynchronize(stream_); }  // before staging_ is destroyed
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;

  void* allocate(size_t bytes) override {
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // the allocator deals with it
      return nullptr;
    }
    REVUNET_CUDA_CHECK(status);
    if (const auto address = reinterpret_cast<uintptr_t>(data); address % kAllocationAlignment != 0) {
      cudaFree(data);
      throw Error(fmt::format("[cuda] expected cudaMalloc to give multiples of {} bytes, got {:#x}; use another driver",
                              kAllocationAlignment, address));
    }
    return data;
  }

  // cudaFree waits for the device, so queued work does not lose its memory.
  void deallocate(void* data, size_t) noexcept override { cudaFree(data); }

  DeviceKind kind() const override { return DeviceKind::cuda; }
  bool on_host() const override { return kSimulated; }
  void* stream() const override { return static_cast<cudaStream_t>(stream_); }

  std::unique_ptr<CopyQueue> make_copy_queue(size_t buffers, size_t bytes) override {
    return std::make_unique<CudaCopyQueue>(stream_, buffers, bytes);
  }

  void synchronize() override { REVUNET_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

  std::optional<Capacity> capacity() const override {
    Capacity bytes{};
    REVUNET_CUDA_CHECK(cudaMemGetInfo(&bytes.free, &bytes.total));
    return bytes;
  }

  std::optional<size_t> memory_of_process() const override { return cuda::memory_of_process(pci_bus_id(device_)); }

  void copy_in(void* to, const void* host, size_t bytes) override {
    for (size_t at = 0, turn = 0; at < bytes; at += kStagingBytes, ++turn) {
      const size_t count = std::min(kStagingBytes, bytes - at);
      Staging& staging = staging_[turn % staging_.size()];
      staging.done.wait();  // for the piece that the buffer held before
      std::memcpy(staging.buffer.data(), static_cast<const std::byte*>(host) + at, count);
      REVUNET_CUDA_CHECK(cudaMemcpyAsync(static_cast<std::byte*>(to) + at, staging.buffer.data(), count,
                                         cudaMemcpyHostToDevice, stream_));
      staging.done.record(stream_);
    }
  }

  // While one buffer is copied to the host's memory, the device fills the other one.
  void copy_out(void* host, const void* from, size_t bytes) override {
    const auto fetch = [&](size_t at) {
      if (at >= bytes) return;
      Staging& staging = staging_[at / kStagingBytes % staging_.size()];
      staging.done.wait();
      REVUNET_CUDA_CHECK(cudaMemcpyAsync(staging.buffer.data(), static_cast<const std::byte*>(from) + at,
                                         std::min(kStagingBytes, bytes - at), cudaMemcpyDeviceToHost, stream_));
      staging.done.record(stream_);
    };
    fetch(0);
    for (size_t at = 0; at < bytes; at += kStagingBytes) {
      fetch(at + kStagingBytes);
      Staging& staging = staging_[at / kStagingBytes % staging_.size()];
      staging.done.wait();
      std::memcpy(static_cast<std::byte*>(host) + at, staging.buffer.data(), std::min(kStagingBytes, bytes - at));
    }
  }

  void copy(void* to, const void* from, size_t bytes) override {
    REVUNET_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_));
  }

  void fill(void* to, uint8_t value, size_t bytes) override {
    REVUNET_CUDA_CHECK(cudaMemsetAsync(to, value, bytes, stream_));
  }

 private:
  int device_;  // first: what follows belongs to the current device
  Stream stream_;
  std::array<Staging, 2> staging_;
};

}  // namespace

void check(cudaError_t status, const char* expression, const char* file, int line) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Error(fmt::format("[cuda] expected {} to succeed, got {} ({}), at {}:{}", expression, cudaGetErrorName(status),
                          cudaGetErrorString(status), file, line));
}

int device_count() {
  int count = 0, driver = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess) return count;
  cudaGetLastError();
  // Where no driver is installed, the runtime says that the driver is too old and that its version is 0.
  if (status == cudaErrorInsufficientDriver) REVUNET_CUDA_CHECK(cudaDriverGetVersion(&driver));
  const bool none = status == cudaErrorNoDevice || (status == cudaErrorInsufficientDriver && driver == 0);
  REVUNET_EXPECTS(none, UsageError,
                  "[`device`] expected the CUDA driver to list its devices, got {} ({}); fix or update the driver "
                  "(nvidia-smi says more), or use `device` cpu",
                  cudaGetErrorName(status), cudaGetErrorString(status));
  return 0;
}

std::string describe(int index) {
  cudaDeviceProp properties{};
  REVUNET_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  return fmt::format("{}, sm_{}{}, {} MiB", properties.name, properties.major, properties.minor,
                     properties.totalGlobalMem >> 20);
}

std::string pci_bus_id(int index) {
  std::array<char, 32> id{};
  REVUNET_CUDA_CHECK(cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), index));
  return id.data();
}

std::string library_versions() {
  const size_t cudnn = cudnnGetVersion();  // 91900 is 9.19.0
  int major = 0, minor = 0, patch = 0;
  cublasGetProperty(MAJOR_VERSION, &major);
  cublasGetProperty(MINOR_VERSION, &minor);
  cublasGetProperty(PATCH_LEVEL, &patch);
  return fmt::format("cuDNN {}.{}.{}, cuBLAS {}.{}.{}", cudnn / 10000, cudnn / 100 % 100, cudnn % 100, major, minor,
                     patch);
}

void expect_device(int index) {
  const int count = device_count();
  REVUNET_EXPECTS(count > 0, UsageError,
                  "[`device`] expected a CUDA device, got none: there is none, or no driver; use `device` cpu");
  REVUNET_EXPECTS(index >= 0 && index < count, UsageError, "[`device`] expected a CUDA device from 0 to {}, got {}",
                  count - 1, index);
}

Device make_device(int index, const MemoryLayout& layout, const Arithmetic& arithmetic) {
  expect_device(index);
  auto memory = std::make_unique<CudaMemory>(index);  // makes the device current
  expect_kernel_code(index);
  return Device(std::move(memory), layout, arithmetic);
}

}  // namespace revunet::cuda
