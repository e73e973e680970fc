// This table has a row for each network.
//
// Rule: programs ask what a network has, not which one it is. A network is its own file, a name in ModelKind and a row
// here.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/unet.h"

namespace revunet {

// FileShapes has the tensors of a weights file: their names, and their shapes as in the file, (O, I, kD, kH, kW) for a
// convolution's weight.
class FileShapes {
 public:
  explicit FileShapes(const std::map<std::string, std::vector<int64_t>>& shapes) : shapes_(shapes) {}

  bool has(const std::string& name) const { return shapes_.contains(name); }
  // Returns an extent of a convolution's weight. Throws DataError where there is no such weight.
  int64_t extent(const std::string& name, size_t dim) const;

 private:
  const std::map<std::string, std::vector<int64_t>>& shapes_;
};

struct NetworkRow {
  ModelKind kind;
  const char* name;               // in options, weights files, plans and traces
  std::vector<int64_t> channels;  // the default ones, finest level first
  // Says whether it has reversible blocks. Then channels are two halves, and there are depths, dropout and mixed
  // precision, and activations and skips that are rebuilt.
  bool reversible_blocks;
  std::span<const MemoryMode> modes;  // fastest first
  // This is the weight of the convolution that reads the image. A file that has it is of this network.
  const char* first_weight;
  // Sets channels and depths to those of a file of this network.
  void (*read_levels)(const FileShapes& file, UNetConfig& config);
  // Parameters are zero. `config` has been checked.
  std::unique_ptr<UNet> (*make)(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode,
                                Operands operands);
};

std::span<const NetworkRow> networks();
const NetworkRow& network_of(ModelKind kind);
// Returns nullptr for a name that no network has.
const NetworkRow* find_network(std::string_view name);

// Returns "reversible or baseline".
std::string network_names();
// Returns the names of those that have reversible blocks.
std::string reversible_network_names();

}  // namespace revunet
