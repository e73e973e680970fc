// Samples where the network reads them: on the device, where they are augmented too. tools/plan does the same without
// values.
#pragma once

#include "engine/tensor.h"
#include "tools/train/samples.h"

namespace revunet::tools {

struct DeviceSample {
  Tensor image;   // (1, X, Y, Z, 4)
  Tensor target;  // (1, X, Y, Z, 3): WT, TC, ET
};

// Of `type`, resampled and with intensities changed as sample.window says; X, Y and Z are then the window's.
DeviceSample to_device(const Context& ctx, const Sample& sample, DType type);

}  // namespace revunet::tools
