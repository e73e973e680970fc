#include "models/networks.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "models/baseline_unet.h"
#include "models/reversible_unet.h"

namespace revunet {

namespace {

std::string names_of(bool (*chosen)(const NetworkRow&)) {
  std::vector<const char*> names;
  for (const NetworkRow& network : networks()) {
    if (chosen(network)) names.push_back(network.name);
  }
  return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

// A file without any network's first weight is taken for one of the last network. The missing tensors are then named.
std::span<const NetworkRow> networks() {
  static const std::vector<NetworkRow> all = {
      {.kind = ModelKind::reversible,
       .name = "reversible",
       .channels = {60, 120, 240, 360, 480},
       .reversible_blocks = true,
       .modes = kMemoryModes,
       .first_weight = "firstConv.weight",
       .read_levels = ReversibleUNet::read_levels,
       .make = ReversibleUNet::make},
      {.kind = ModelKind::baseline,
       .name = "baseline",
       .channels = {30, 60, 120, 240, 480},
       .reversible_blocks = false,
       .modes = kModesWithoutReversal,
       .first_weight = "encoders.0.conv1.weight",
       .read_levels = BaselineUNet::read_levels,
       .make = BaselineUNet::make},
  };
  return all;
}

const NetworkRow& network_of(ModelKind kind) {
  const auto found = std::ranges::find(networks(), kind, &NetworkRow::kind);
  REVUNET_EXPECTS(found != networks().end(), Error, "[networks] expected a row for every network, got none for one");
  return *found;
}

const NetworkRow* find_network(std::string_view name) {
  const auto found = std::ranges::find(networks(), name, &NetworkRow::name);
  return found == networks().end() ? nullptr : &*found;
}

std::string network_names() {
  return names_of([](const NetworkRow&) { return true; });
}

std::string reversible_network_names() {
  return names_of([](const NetworkRow& network) { return network.reversible_blocks; });
}

int64_t FileShapes::extent(const std::string& name, size_t dim) const {
  const auto found = shapes_.find(name);
  REVUNET_EXPECTS(found != shapes_.end(), DataError,
                  "[weights] expected a tensor '{}' of a {} U-Net, got a file without it; was it written by another "
                  "program?",
                  name, network_names());
  REVUNET_EXPECTS(found->second.size() == 5, DataError,
                  "[weights] expected {} of shape (O, I, kD, kH, kW), got ({}); write the file again", name,
                  fmt::join(found->second, ", "));
  return found->second[dim];
}

}  // namespace revunet
