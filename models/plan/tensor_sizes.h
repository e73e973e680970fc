// This file has the bytes of a network's tensors by their shapes, each rounded up as the allocator does.
#pragma once

#include "engine/memory/resource.h"
#include "models/plan/plan.h"
#include "models/slabs.h"

namespace revunet {

inline constexpr int64_t kElement = 4;  // bytes of an f32

// Returns the bytes that the allocator takes for one tensor.
inline uint64_t block(int64_t elements, int64_t element = kElement) {
  const uint64_t bytes = static_cast<uint64_t>(elements) * static_cast<uint64_t>(element);
  return (bytes + kAllocationAlignment - 1) / kAllocationAlignment * kAllocationAlignment;
}

// Sizes gives the sizes of the network's tensors. Level 0 is the finest.
struct Sizes {
  const MemorySettings& settings;
  const UNetConfig& network = settings.network;
  const io::VolumeSize& size = settings.size;

  size_t levels() const { return network.levels(); }
  int64_t channels(size_t level) const { return network.channels[level]; }
  int64_t voxels(size_t level) const {
    const auto stride = network.stride(level);
    return size[0] / stride[0] * (size[1] / stride[1]) * (size[2] / stride[2]);
  }
  // Returns the bytes of an activation of so many channels, which the device may pad.
  uint64_t tensor(size_t level, int64_t count) const {
    return tensor(level, count, activation_type(settings.precision));
  }
  uint64_t tensor(size_t level, int64_t count, DType dtype) const { return of_voxels(voxels(level), count, dtype); }
  uint64_t of_voxels(int64_t number, int64_t count, DType dtype) const {
    const int64_t unit = settings.layout.channel_bytes, channel_bytes = count * size_of(dtype);
    return block(number, (channel_bytes + unit - 1) / unit * unit);
  }
  // Returns the bytes of the two halves of so many channels.
  uint64_t pair(size_t level, int64_t count) const { return 2 * tensor(level, count / 2); }
  uint64_t pair(size_t level) const { return pair(level, channels(level)); }
  uint64_t half(size_t level) const { return tensor(level, channels(level) / 2); }
  // Returns backward's scratch for one block: a half, or two halves of bf16, or two slabs.
  uint64_t block_scratch(size_t level) const {
    if (const auto slabs = slabs_of(size[0]);
        level == 0 && settings.mode.finest == FinestLevel::slabs && !slabs.empty()) {
      return slab_scratch(slabs.front().planes);
    }
    return operands_of(settings.precision) == Operands::bf16 ? 2 * tensor(level, channels(level) / 2, DType::bf16)
                                                             : half(level);
  }
  // Returns the bytes of a slab's activation and of the sum that it is convolved into.
  uint64_t slab_scratch(int64_t planes) const {
    const DType stream = activation_type(settings.precision);
    const DType operand = operands_of(settings.precision) == Operands::bf16 ? DType::bf16 : stream;
    const int64_t read = planes * size[1] * size[2];
    return of_voxels(read, channels(0) / 2, operand) + of_voxels(read, channels(0) / 2, stream);
  }
  // Returns the bytes of the mean and deviation of each group of one GroupNorm.
  uint64_t statistics() const { return block(network.groups() * 2); }
  int64_t blocks(size_t level, bool decoder) const {
    const bool coarsest = level + 1 == levels();  // has one sequence: the encoder's blocks, then the decoder's
    if (coarsest) return network.encoder_depth + network.decoder_depth;
    return decoder ? network.decoder_depth : network.encoder_depth;
  }
};

}  // namespace revunet
