#include "models/device/process_device.h"

#include <vector>

#include "engine/distributed/agreement.h"
#include "engine/error.h"
#include "models/device/compute_device.h"

namespace revunet {

namespace {

int index_of_process(const Communicator& processes) {
  const int count = cuda_device_count();
  if (count <= 1) return 0;  // such as where Slurm shows each process its own
  REVUNET_EXPECTS(processes.local_size() <= count, UsageError,
                  "[`device`] expected a CUDA device for each of the {} processes on {}, got {} devices; start at most "
                  "{} processes there, or use `device` cpu",
                  processes.local_size(), host_name(), count, count);
  return processes.local_rank();
}

// `devices` has each rank's device with its host, in words.
void expect_own_devices(const std::vector<std::string>& devices) {
  for (size_t rank = 1; rank < devices.size(); ++rank) {
    const bool cpu = devices[rank].starts_with("cpu ");
    REVUNET_EXPECTS(cpu == devices[0].starts_with("cpu "), UsageError,
                    "[`device`] expected all processes on CPUs, or all on CUDA devices, got rank 0 on the {} and rank "
                    "{} on the {}; use `device` cpu, or machines that are alike",
                    devices[0], rank, devices[rank]);
    for (size_t other = 0; !cpu && other < rank; ++other) {
      REVUNET_EXPECTS(devices[other] != devices[rank], UsageError,
                      "[`device`] expected a CUDA device for each process, got ranks {} and {} both on the {}; start "
                      "one process per device, with `device` cuda, which gives each process another one",
                      other, rank, devices[rank]);
    }
  }
}

}  // namespace

std::string device_of_process(Communicator& processes, const std::string& name) {
  DeviceOptions options;
  std::string in_words;
  agree(&processes, [&] {
    options = device_of(name);
    in_words = fmt::format("cpu of {}", host_name());
    if (options.kind == DeviceKind::cpu) return;
    if (name == "auto" || name == "cuda") options.index = index_of_process(processes);
    expect_cuda_device(options.index);
    in_words = fmt::format("device {} of {}", cuda_bus_id(options.index), host_name());
  });
  const std::vector<std::string> devices = processes.gather(in_words);
  agree(&processes, [&] { expect_own_devices(devices); });
  return options.name();
}

}  // namespace revunet
