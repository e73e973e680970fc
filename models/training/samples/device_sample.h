// Samples where the network reads them: on the device, where they are augmented too. models/plan does the same without
// values.
#pragma once

#include "engine/tensor.h"
#include "models/training/samples/samples.h"

namespace revunet {

struct DeviceSample {
  Tensor image;   // (1, X, Y, Z, 4)
  Tensor target;  // (1, X, Y, Z, 3): WT, TC, ET
};

// The sample as tensors of `type`, resampled and with intensities changed as sample.window says; X, Y and Z are then
// the window's.
DeviceSample to_device(const Context& ctx, const Sample& sample, DType type);

}  // namespace revunet
