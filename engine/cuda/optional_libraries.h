// These functions need libraries that a machine may lack: NVRTC, which cuDNN calls, and NVML, the library of
// nvidia-smi.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace revunet::cuda {

// Loads NVRTC, which stays loaded, so that cuDNN finds it wherever the program did. cuDNN needs it for algorithms that
// it compiles at run time. Returns the dynamic linker's reason where NVRTC cannot be loaded, and otherwise an empty
// text.
std::string load_nvrtc();

// Returns the bytes of a device that this process takes, as nvidia-smi counts them: the allocator's, the CUDA context's
// and the libraries'. Returns nothing where NVML is missing or does not know this process, as in some containers.
std::optional<size_t> memory_of_process(const std::string& pci_bus_id);

}  // namespace revunet::cuda
