#include "models/device/compute_device.h"

#include <algorithm>
#include <string_view>

#include "engine/cpu_instructions.h"
#include "engine/error.h"
#include "io/text/parse_number.h"
#include "models/device/algorithm_file.h"
#ifdef REVUNET_WITH_CUDA
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/nccl_communicator.h"
#endif

namespace revunet {

namespace {

// This part differs between builds with and without CUDA.
#ifdef REVUNET_WITH_CUDA
Device make_cuda_device(const DeviceOptions& o) {
  return cuda::make_device(o.index, o.layout, o.arithmetic);
}
std::string describe_cuda(int index) {
  return cuda::describe(index);
}
std::string cuda_versions() {
  return cuda::library_versions();
}
std::unique_ptr<Communicator> sums_on_cuda(Communicator& processes, Device& device) {
  return cuda::make_nccl_communicator(processes, device);
}
#else
Device make_cuda_device(const DeviceOptions& o) {
  expect_cuda_device(o.index);
  return Device();
}
std::string describe_cuda(int) {
  return {};
}
std::string cuda_versions() {
  return {};
}
std::unique_ptr<Communicator> sums_on_cuda(Communicator&, Device&) {
  return nullptr;
}
#endif

// Returns the most bytes that the allocator may reserve, or nothing where the device itself says when it is full.
std::optional<size_t> limit_of(const DeviceOptions& options, Device& device) {
  if (options.memory_limit || options.kind != DeviceKind::cuda) return options.memory_limit;
  const auto capacity = device.memory().capacity();
  if (!capacity) return std::nullopt;
  return capacity->free - std::min(kRoomForLibraries, capacity->free / 2);
}

}  // namespace

int cuda_device_count() {
#ifdef REVUNET_WITH_CUDA
  return cuda::device_count();
#else
  return 0;
#endif
}

void expect_cuda_device(int index) {
#ifdef REVUNET_WITH_CUDA
  cuda::expect_device(index);
#else
  throw UsageError(
      fmt::format("[`device`] expected cpu or auto in this build, which has no CUDA backend, got cuda:{}; build it "
                  "where the CUDA toolkit and cuDNN are installed",
                  index));
#endif
}

std::string cuda_bus_id(int index) {
#ifdef REVUNET_WITH_CUDA
  return cuda::pci_bus_id(index);
#else
  expect_cuda_device(index);
  return {};
#endif
}

void expect_sums_on_cuda() {
#ifdef REVUNET_WITH_CUDA
  cuda::expect_nccl();
#else
  expect_cuda_device(0);
#endif
}

DeviceOptions device_of(const std::string& name) {
  DeviceOptions options;
  if (name == "cpu" || (name == "auto" && cuda_device_count() == 0)) return options;
  options.kind = DeviceKind::cuda;
  options.layout = kCudaLayout;
  if (name == "auto" || name == "cuda") return options;
  constexpr std::string_view prefix = "cuda:";
  const auto index =
      name.starts_with(prefix) ? io::parse_number<int>(std::string_view(name).substr(prefix.size())) : std::nullopt;
  REVUNET_EXPECTS(index && *index >= 0, UsageError, "[`device`] expected auto, cpu, cuda or cuda:N, got {}", name);
  options.index = *index;
  return options;
}

std::string DeviceOptions::name() const {
  return kind == DeviceKind::cuda ? fmt::format("cuda:{}", index) : "cpu";
}

ComputeDevice::ComputeDevice(const DeviceOptions& options, Communicator* processes)
    : device_(options.kind == DeviceKind::cuda ? make_cuda_device(options) : Device()),
      processes_(processes),
      on_cuda_(options.kind == DeviceKind::cuda && size_of(processes) > 1 ? sums_on_cuda(*processes, device_)
                                                                          : nullptr),
      description_(options.kind == DeviceKind::cuda
                       ? describe_cuda(options.index)
                       : fmt::format("{} CPU threads, {}", cpu_threads(), describe_cpu_instructions())),
      algorithm_file_(options.algorithm_file) {
  // cuDNN and cuBLAS are loaded here, so that one that is missing is known before any work.
  if (options.kind == DeviceKind::cuda) algorithm_key_ = fmt::format("{}; {}", description_, cuda_versions());
  device_.log_to(options.log);
  if (const auto limit = limit_of(options, device_)) device_.allocator().set_limit(*limit);
  if (algorithm_file_.empty()) return;
  device_.kernel_choices() = read_algorithm_file(algorithm_file_, algorithm_key_);
  saved_choices_ = device_.kernel_choices().size();
}

void ComputeDevice::save_algorithms() {
  const KernelChoices& choices = device_.kernel_choices();
  if (algorithm_file_.empty() || choices.size() == saved_choices_ || rank_of(processes_) > 0) return;
  write_algorithm_file(algorithm_file_, algorithm_key_, choices);
  saved_choices_ = choices.size();
}

}  // namespace revunet
