#include "kernels/conv3d/cpu/amx/tiles.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace revunet::amx {

namespace {

constexpr unsigned bit(int number) {
  return 1u << number;
}

// Bits of CPUID's leaf 7 (subleaf 0 in EBX and EDX, subleaf 1 in EAX).
constexpr unsigned kAvx512InEbx = bit(16) | bit(17) | bit(30) | bit(31);  // F, DQ, BW, VL
constexpr unsigned kAmxInEdx = bit(22) | bit(24);                         // AMX-BF16, AMX-TILE
constexpr unsigned kAvx512Bf16InEax = bit(5);

bool has_instructions() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0, subleaves = 0;
  if (!__get_cpuid_count(7, 0, &subleaves, &ebx, &ecx, &edx) || subleaves < 1) return false;
  const bool first = (ebx & kAvx512InEbx) == kAvx512InEbx && (edx & kAmxInEdx) == kAmxInEdx;
  return first && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & kAvx512Bf16InEax) != 0;
}

// Linux saves the tiles of threads only for processes that have asked for it (its Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64);

}  // namespace

bool available() {
  static const bool usable = has_instructions() && may_use_tiles();
  return usable;
}

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
