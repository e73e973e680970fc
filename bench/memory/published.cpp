#include "bench/memory/published.h"

namespace revunet::bench {

std::vector<PublishedRow> published_rows() {
  constexpr io::Size3 kCube = {128, 128, 128}, kWhole = {160, 192, 160};
  const auto reversible = [](int64_t encoder_depth) {
    UNetConfig config = default_config(ModelKind::reversible);
    config.encoder_depth = encoder_depth;
    return config;
  };
  return {{"baseline-128", default_config(ModelKind::baseline), kCube, 6646},
          {"reversible-128", reversible(1), kCube, 4138},
          {"depth-1", reversible(1), kWhole, 9436},
          {"depth-2", reversible(2), kWhole, 9529},
          {"depth-3", reversible(3), kWhole, 9620},
          {"depth-4", reversible(4), kWhole, 9713}};
}

}  // namespace revunet::bench
