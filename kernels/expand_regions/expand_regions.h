// This op turns labels into the three nested regions that networks predict: WT (whole tumour) is where the label is not
// 0, TC (tumour core) where it is 1 or 4, and ET (enhancing tumour) where it is 4. Regions are 0 and 1.
//
// Labels are 0, 1, 2 and 4, a byte each. One byte per voxel crosses to a CUDA device, which makes a pack of 16 bytes of
// it. The op records nothing on the tape.
#pragma once

#include "engine/host_device.h"
#include "engine/on_device.h"
#include "engine/tensor.h"

namespace revunet {

inline constexpr int64_t kRegions = 3;  // WT, TC, ET

REVUNET_HOST_DEVICE constexpr bool is_in_region(uint8_t label, int64_t region) {
  return region == 0 ? label != 0 : label == 4 || (region == 1 && label == 1);
}

// labels is (N, D, H, W, 1), u8 and dense. regions is (N, D, H, W, 3), an activation of the type and layout that the
// loss takes. Throws Error where shapes or types do not fit. Nobody checks the labels' values here, as a device cannot
// refuse any: another label than 0, 1, 2 and 4 is in WT alone.
void expand_regions(const Context& ctx, const Tensor& labels, Tensor& regions);

REVUNET_KERNEL(expand_regions)

}  // namespace revunet
