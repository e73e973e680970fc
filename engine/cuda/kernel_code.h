// This file says whether the build has kernels for a device.
#pragma once

namespace revunet::cuda {

// Throws UsageError where the build has no kernels for device `index`, which is the current one. The message names the
// CMake variable that adds them.
void expect_kernel_code(int index);

}  // namespace revunet::cuda
