// This file says which of the processor's instruction sets the CPU kernels use.
//
// Rule: in a portable build, results have the same bits on all processors at the same set and version of oneDNN, at any
// number of threads.
// Between sets they differ by rounding, because vectors have other lengths and products are summed in another order.
#pragma once

#include <array>
#include <string>

namespace revunet {

// Each set contains those before it.
enum class CpuInstructions {
  avx2,    // x86-64-v3: AVX2 and FMA, which every processor needs to have
  avx512,  // x86-64-v4: AVX-512 F, BW, CD, DQ and VL
  amx,     // AVX-512 BF16, and AMX tiles of bf16
};

inline constexpr std::array kCpuInstructions = {CpuInstructions::avx2, CpuInstructions::avx512, CpuInstructions::amx};

const char* name_of(CpuInstructions instructions);

// Returns the largest set that the processor has and that the system lets this process use. For AMX, the first call
// asks Linux for the permission.
CpuInstructions available_cpu_instructions();
// Returns the smallest set that may be chosen. A native build (REVUNET_NATIVE) has kernels for its own processor alone:
// avx512, where that has AVX-512.
CpuInstructions least_cpu_instructions();

// Sets the largest set that kernels of our own use from now on, in the whole process: all that are available, unless
// this is called. Throws UsageError for one that is not available, or less than the least.
void set_cpu_instructions(CpuInstructions most);
CpuInstructions cpu_instructions();

// Returns the set in use, and says where the system refuses AMX to this process, as some containers and old kernels do:
// "amx", or "avx512; the system refuses AMX".
std::string describe_cpu_instructions();

}  // namespace revunet
