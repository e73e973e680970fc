// This file has what the networks share: their configuration, their parameters and their forward pass.
//
// Rule: D, H, W of every activation are the x, y, z of the file. Names, order and file shapes of parameters are those
// of the reference's state_dict.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/dropout.h"
#include "models/halved_axes.h"
#include "models/level_transitions.h"

namespace revunet {

// These are the networks of models/networks.h, which says what each has.
enum class ModelKind { reversible, baseline };

const char* name_of(ModelKind kind);

inline constexpr int64_t kMostDepth = 1000;  // blocks per level

struct UNetConfig {
  ModelKind kind = ModelKind::reversible;
  std::vector<int64_t> channels = {60, 120, 240, 360, 480};  // finest level first
  int64_t encoder_depth = 1, decoder_depth = 1;              // reversible blocks per level, where there are such blocks
  int64_t in_channels = 4, out_channels = 3;
  std::vector<HalvedAxes> halved = {};  // by each step to the next coarser level; empty: all axes by all steps

  bool operator==(const UNetConfig&) const = default;

  size_t levels() const { return channels.size(); }
  // Returns the groups of every GroupNorm: as many as channels of the finest level (of one half of it, in a reversible
  // stream).
  int64_t groups() const;
  // Returns the axes that the step from this level to the next coarser one halves.
  const HalvedAxes& halved_by(size_t level) const { return halved.empty() ? kAllAxes : halved.at(level); }
  // Returns how many voxels of the finest level lie along x, y, z of a voxel of this level.
  std::array<int64_t, 3> stride(size_t level) const;
  // Sizes must be multiples of these, along x, y, z: 2^(levels - 1) where all steps halve all axes.
  std::array<int64_t, 3> size_multiple() const { return stride(levels() - 1); }
};

// Returns ", halving xy,xyz", or nothing where all steps halve all axes.
std::string describe_halved(const UNetConfig& config);

// Returns the paper's networks.
UNetConfig default_config(ModelKind kind);
// Returns the paper's network of this kind for the images and the outputs that another network has.
UNetConfig default_config(ModelKind kind, const UNetConfig& other);

// Throws UsageError for channels that groups do not divide, depths below 1, no levels, output channels that are not 1
// to kMostRegions, and another number of steps than there are between the levels.
void check_config(const UNetConfig& config);

// Throws UsageError unless x, y, z are multiples of config.size_multiple(). The message has the nearest sizes that are.
void check_size(const UNetConfig& config, const std::vector<int64_t>& size);

// Returns "16", or "16,16,4" where axes differ, for messages.
std::string multiple_text(const std::array<int64_t, 3>& multiple);

// FinestLevel says how residuals of the finest level run, whose tensors are the largest.
enum class FinestLevel {
  whole,  // as those of all levels: with scratch of their input's size
  slabs,  // slab by slab, with scratch of a slab's size. Backward computes gradients behind norms twice, and the finest
          // encoder's output once more from the image, in place of keeping them.
};

constexpr const char* name_of(FinestLevel finest) {
  return finest == FinestLevel::slabs ? "slabs" : "whole";
}

// A MemoryMode says what training keeps in memory and what it computes again. All modes have the same gradients within
// rounding, and those with stored skips and stored or checkpointed activations the same bits. A network without
// reversible blocks has nothing to rebuild: its activations are stored unless they are checkpointed, and the rest of
// the mode means nothing to it.
struct MemoryMode {
  Activations activations = Activations::reversible;
  Skips skips = Skips::reversible;
  FinestLevel finest = FinestLevel::whole;
  bool operator==(const MemoryMode&) const = default;
};

// These are all modes of a network with reversible blocks, the fastest first: what is stored need not be computed
// again.
inline constexpr std::array<MemoryMode, 6> kMemoryModes = {{
    {Activations::stored, Skips::stored},
    {Activations::stored, Skips::reversible},  // never the best
    {Activations::reversible, Skips::stored},
    {Activations::checkpointed, Skips::stored},
    {Activations::reversible, Skips::reversible},
    {Activations::reversible, Skips::reversible, FinestLevel::slabs},
}};
// These are those of a network without.
inline constexpr std::array<MemoryMode, 2> kModesWithoutReversal = {{
    {Activations::stored, Skips::stored},
    {Activations::checkpointed, Skips::stored},
}};

// Throws UsageError for slabs where activations or skips are not reversible, and for checkpointed activations with
// reversible skips, which change the inputs of segments.
void check_mode(const MemoryMode& mode);

// Operands says what the convolutions of reversible blocks multiply.
enum class Operands {
  activations,  // activations as they are
  bf16,         // f32 activations rounded to bf16 in scratch; what is kept, and its gradients, stay f32
};

// Throws UsageError for bf16 operands of a network without such blocks.
void check_operands(const UNetConfig& config, Operands operands);

class UNet {
 public:
  virtual ~UNet() = default;

  // Maps image (N, D, H, W, in_channels) to logits (N, D, H, W, out_channels). Consumes the image where the caller
  // moves it.
  virtual Variable forward(const Context& ctx, Variable image) const = 0;

  const UNetConfig& config() const { return config_; }
  // Returns the parameters in the order of the reference's named_parameters().
  const std::vector<std::unique_ptr<Parameter>>& parameters() const { return parameters_; }
  std::vector<Parameter*> parameter_list() const;
  int64_t parameter_count() const;
  void clear_gradients();
  // Returns the dropout of the residuals of reversible blocks.
  Dropout& dropout() { return dropout_; }

 protected:
  explicit UNet(UNetConfig config) : config_(std::move(config)) {}
  // Adds a new parameter, zero (tag parameter).
  Parameter& add_parameter(const Context& ctx, const std::string& name, const Shape& shape, DType dtype);

  UNetConfig config_;
  Dropout dropout_;

 private:
  std::vector<std::unique_ptr<Parameter>> parameters_;
};

// Makes a network with PyTorch's default initialisation from `seed`. With FinestLevel::slabs, and for a checkpointed
// network without reversible blocks, the device's allocator is frugal from now on.
std::unique_ptr<UNet> make_unet(const Context& ctx, const UNetConfig& config, DType dtype, uint64_t seed,
                                const MemoryMode& mode = {}, Operands operands = Operands::activations);

// Returns the configuration that a state_dict of these names and file shapes (O, I, kD, kH, kW) has. Throws DataError
// where it is no network's.
UNetConfig infer_config(const std::map<std::string, std::vector<int64_t>>& shapes);

}  // namespace revunet
