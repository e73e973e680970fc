// The networks: a row each.
//
// Rule: programs ask for what a network has, not which one it is. A network is its own file, a name in ModelKind and a
// row here.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/unet.h"

namespace revunet {

// The tensors of a weights file: names, and shapes as they are there, (O, I, kD, kH, kW) of a convolution's weight.
class FileShapes {
 public:
  explicit FileShapes(const std::map<std::string, std::vector<int64_t>>& shapes) : shapes_(shapes) {}

  bool has(const std::string& name) const { return shapes_.contains(name); }
  // An extent of a convolution's weight. DataError where there is no such weight.
  int64_t extent(const std::string& name, size_t dim) const;

 private:
  const std::map<std::string, std::vector<int64_t>>& shapes_;
};

struct NetworkRow {
  ModelKind kind;
  const char* name;               // in options, weights files, plans and traces
  std::vector<int64_t> channels;  // the default ones, finest level first
  // Whether it has reversible blocks: then channels are two halves, and there are modes, depths, dropout and mixed
  // precision.
  bool reversible_blocks;
  // The weight of the convolution that reads the image. A file that has it is of this network.
  const char* first_weight;
  // Sets channels and depths to those of a file of this network.
  void (*read_levels)(const FileShapes& file, UNetConfig& config);
  // Parameters are zero. `config` has been checked.
  std::unique_ptr<UNet> (*make)(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode,
                                Operands operands);
};

std::span<const NetworkRow> networks();
const NetworkRow& network_of(ModelKind kind);
// nullptr for a name that no network has.
const NetworkRow* find_network(std::string_view name);

// "reversible or baseline"
std::string network_names();
// The names of those that have reversible blocks.
std::string reversible_network_names();

}  // namespace revunet
