// NetworkOptions are the networks' channels and depths, as the options of a benchmark give them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/common/command_line.h"
#include "models/networks.h"

namespace revunet::bench {

// Returns the network that has modes, depths and mixed precision: the first with reversible blocks.
const NetworkRow& network_of_modes();

struct NetworkOptions {
  NetworkOptions();  // the paper's channels and depths

  std::map<ModelKind, std::vector<int64_t>> channels;
  int64_t encoder_depth = 1, decoder_depth = 1;

  // A network without reversible blocks has no depths.
  UNetConfig config_of(const NetworkRow& network) const;
};

// Returns --encoder-depth, --decoder-depth, --channels of the network with modes, and --NAME-channels of the others.
std::vector<Argument> network_arguments(NetworkOptions& options);

}  // namespace revunet::bench
