// This limits the instructions that the CPU kernels use, ours and oneDNN's.
#pragma once

#include "engine/cpu_instructions.h"

namespace revunet {

// Our kernels and oneDNN use at most these instructions from now on, in the whole process. oneDNN is asked before its
// first use: where it has computed with others, this throws Error and changes nothing. Throws UsageError as
// set_cpu_instructions does.
void limit_cpu_instructions(CpuInstructions most);

}  // namespace revunet
