#include "bench/common/network_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace revunet::bench {

const NetworkRow& network_of_modes() {
  return *std::ranges::find_if(networks(), &NetworkRow::reversible_blocks);
}

NetworkOptions::NetworkOptions() {
  for (const NetworkRow& network : networks()) channels[network.kind] = network.channels;
}

UNetConfig NetworkOptions::config_of(const NetworkRow& network) const {
  UNetConfig config = default_config(network.kind);
  config.channels = channels.at(network.kind);
  if (network.reversible_blocks) {
    config.encoder_depth = encoder_depth;
    config.decoder_depth = decoder_depth;
  }
  return config;
}

std::vector<Argument> network_arguments(NetworkOptions& options) {
  std::vector<Argument> arguments = {count("encoder-depth", options.encoder_depth, "reversible blocks per level"),
                                     count("decoder-depth", options.decoder_depth, "reversible blocks per level")};
  for (auto& [kind, channels] : options.channels) {
    const bool has_modes = kind == network_of_modes().kind;
    arguments.push_back(counts(has_modes ? "channels" : fmt::format("{}-channels", name_of(kind)), channels,
                               fmt::format("channels per level of the {} network, finest first", name_of(kind))));
  }
  return arguments;
}

}  // namespace revunet::bench
