// The first stage of a training step: a sample comes to the device, is resampled there, and its intensities change.
//
// Rule: the meta device reads no values, so a sample without any takes the same way there. Plans run this very stage.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "engine/tensor.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/warp_planes/warp_planes.h"
#include "models/unet.h"

namespace revunet {

// A SampleWindow is what is resampled from a sample on the device.
struct SampleWindow {
  PlaneWarp warp;
  std::array<int64_t, 3> low{}, size{};  // in voxels of the field of view, as it is once augmented
  std::optional<IntensityChanges> intensities = {};
};

// A HostSample is a sample as the host has it. Its owner outlives it.
struct HostSample {
  std::array<int64_t, 3> size{};            // x, y, z voxels of image and labels
  std::span<const float> image = {};        // (X, Y, Z, in_channels); empty on the meta device
  std::span<const uint8_t> labels = {};     // (X, Y, Z); empty on the meta device
  std::optional<SampleWindow> window = {};  // none: all of it as it is
};

// These are a sample's tensors as it comes from the host.
struct RawSample {
  Tensor image;   // (1, X, Y, Z, in_channels); f32 where a window is resampled from it, else of the step's type
  Tensor labels;  // (1, X, Y, Z, 1), u8, dense
};

struct RawSpecs {
  TensorSpec image, labels;
  bool operator==(const RawSpecs&) const = default;
};
RawSpecs raw_specs(const HostSample& sample, const UNetConfig& network, DType type);

// Returns values (X, Y, Z, C) as a tensor (1, X, Y, Z, C) of `type`, tag input. The meta device reads none of them.
Tensor volume_on_device(const Context& ctx, std::span<const float> values, const std::array<int64_t, 3>& size,
                        int64_t channels, DType type);

struct DeviceSample {
  Tensor image;   // (1, X, Y, Z, in_channels)
  Tensor labels;  // (1, X, Y, Z, 1), u8, dense
};

// Returns the tensors that a step computes with, the image of `type` and with the channels of `network`. X, Y and Z are
// the window's where there is one.
DeviceSample prepare(const Context& ctx, RawSample raw, const std::optional<SampleWindow>& window,
                     const UNetConfig& network, DType type);

// Copies the sample to the device and returns what `prepare` makes of it.
DeviceSample to_device(const Context& ctx, const HostSample& sample, const UNetConfig& network, DType type);

}  // namespace revunet
