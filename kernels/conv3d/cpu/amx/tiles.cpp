#include "kernels/conv3d/cpu/amx/tiles.h"

namespace revunet::amx {

namespace {

struct Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64);

}  // namespace

TileRegisters::TileRegisters() {
  Configuration configuration;
  for (int tile = 0; tile < 8; ++tile) {
    configuration.row_bytes[tile] = kTileDepth * 2;
    configuration.rows[tile] = kTileRows;
  }
  asm volatile("ldtilecfg %0" ::"m"(configuration));
}

TileRegisters::~TileRegisters() {
  asm volatile("tilerelease");
}

}  // namespace revunet::amx
