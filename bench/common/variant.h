// A Variant is one way to run one network: the network, what it computes in and keeps, and the size of its image. The
// benchmarks of steps and of predictions run the same variants on the same image.
#pragma once

#include <string>
#include <vector>

#include "bench/common/statistics.h"
#include "models/device/compute_device.h"
#include "models/precision.h"
#include "models/training_step.h"

namespace revunet::bench {

inline constexpr uint64_t kVariantSeed = 1;  // of weights and images

struct Variant {
  std::string name;  // a key of the table
  UNetConfig model;
  MemoryMode mode;
  Precision precision = Precision::fp32;
  OptimiserStep optimiser_step = OptimiserStep::separate;
  std::vector<int64_t> size;  // x, y, z in voxels
  int threads;
  DeviceOptions device = {};
};

// Returns the variant's network with random f32 weights. Throws UsageError for an impossible network or size.
std::unique_ptr<UNet> make_network(const Context& ctx, const Variant& variant);

// Returns normally distributed values (x, y, z, in_channels), the same ones for every variant of a size.
std::vector<float> random_image(const Variant& variant);

// Returns what a file says of a variant: model, channels, encoder_depth, decoder_depth, parameters, precision, size,
// threads, device.
Json describe(const Variant& variant, const UNet& network, const std::string& device_description);

// Returns what the allocator counted: peak_allocated_bytes, peak_reserved_bytes and bytes_at_peak by tag. On CUDA
// driver_used_bytes is what all processes and their libraries have on the device. It is ours alone only in a run by
// itself.
Json memory_json(Device& device);

}  // namespace revunet::bench
