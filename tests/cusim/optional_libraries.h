// These are the libraries that a machine may lack, as the simulated device has them.
#pragma once

#include <string>

namespace revunet::cusim {

// Sets the reason why NVRTC cannot be loaded. It is empty at first.
void miss_nvrtc(const std::string& reason);

}  // namespace revunet::cusim
