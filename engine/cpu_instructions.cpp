#include "engine/cpu_instructions.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <atomic>

#include "engine/error.h"

namespace revunet {

namespace {

constexpr unsigned bit(int number) {
  return 1u << number;
}

// Bits of CPUID's leaf 7 (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID).
constexpr unsigned kAvx512InEbx = bit(16) | bit(17) | bit(28) | bit(30) | bit(31);  // F, DQ, CD, BW, VL
constexpr unsigned kAmxInEdx = bit(22) | bit(24);                                   // AMX-BF16, AMX-TILE
constexpr unsigned kAvx512Bf16InEax = bit(5);                                       // of subleaf 1

struct Leaf7 {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  explicit Leaf7(unsigned subleaf) {
    if (!__get_cpuid_count(7, subleaf, &eax, &ebx, &ecx, &edx)) eax = ebx = ecx = edx = 0;
  }
};

// Returns whether the system saves the registers of AVX-512 for each thread.
bool system_saves_avx512() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool has_xgetbv = __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE) != 0;
  if (!has_xgetbv) return false;
  constexpr unsigned kSavedByAvx512 = 0xe6;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kSavedByAvx512) == kSavedByAvx512;
}

// Linux saves the tiles of threads only for processes that have asked for it (its Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct Found {
  CpuInstructions available;
  bool tiles_refused = false;  // by the system, although the processor has AMX
};

Found detect() {
  const Leaf7 features(0), more(1);
  if ((features.ebx & kAvx512InEbx) != kAvx512InEbx || !system_saves_avx512()) return {CpuInstructions::avx2};
  const bool amx = (features.edx & kAmxInEdx) == kAmxInEdx && (more.eax & kAvx512Bf16InEax) != 0;
  if (!amx) return {CpuInstructions::avx512};
  if (!may_use_tiles()) return {CpuInstructions::avx512, true};
  return {CpuInstructions::amx};
}

const Found& found() {
  static const Found on_this_machine = detect();
  return on_this_machine;
}

std::atomic<CpuInstructions>& used() {
  static std::atomic<CpuInstructions> set = available_cpu_instructions();
  return set;
}

}  // namespace

const char* name_of(CpuInstructions instructions) {
  switch (instructions) {
    case CpuInstructions::avx2:
      return "avx2";
    case CpuInstructions::avx512:
      return "avx512";
    case CpuInstructions::amx:
      return "amx";
  }
  return "";
}

CpuInstructions available_cpu_instructions() {
  return found().available;
}

CpuInstructions least_cpu_instructions() {
#ifdef __AVX512VL__
  return CpuInstructions::avx512;
#else
  return CpuInstructions::avx2;
#endif
}

void set_cpu_instructions(CpuInstructions most) {
  REVUNET_EXPECTS(most <= available_cpu_instructions(), UsageError,
                  "[`cpu-instructions`] expected instructions that this processor has and that the system lets this "
                  "process use, at most {}, got {}",
                  name_of(available_cpu_instructions()), name_of(most));
  REVUNET_EXPECTS(most >= least_cpu_instructions(), UsageError,
                  "[`cpu-instructions`] expected at least {}, for which this native build is compiled, got {}; use a "
                  "portable build (REVUNET_NATIVE=OFF)",
                  name_of(least_cpu_instructions()), name_of(most));
  used() = most;
}

CpuInstructions cpu_instructions() {
  return used();
}

std::string describe_cpu_instructions() {
  const bool lost = found().tiles_refused && cpu_instructions() == CpuInstructions::avx512;
  return fmt::format("{}{}", name_of(cpu_instructions()), lost ? "; the system refuses AMX" : "");
}

}  // namespace revunet
