#include "kernels/conv3d/cpu/limit_instructions.h"

#include "engine/error.h"
#include "kernels/conv3d/cpu/onednn_generation.h"

namespace revunet {

void limit_cpu_instructions(CpuInstructions most) {
  const CpuInstructions before = cpu_instructions();
  set_cpu_instructions(most);
  const dnnl::cpu_isa isa = conv3d_detail::isa_of(most);
  if (dnnl::set_max_cpu_isa(isa) == dnnl::status::success || dnnl::get_effective_cpu_isa() == isa) return;
  set_cpu_instructions(before);
  throw Error(
      fmt::format("[conv3d] expected to limit oneDNN to {} before its first use, got a oneDNN that has computed, "
                  "or that was built without ONEDNN_ENABLE_MAX_CPU_ISA",
                  name_of(most)));
}

}  // namespace revunet
