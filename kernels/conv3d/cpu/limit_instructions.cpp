#include "kernels/conv3d/cpu/limit_instructions.h"

#include "engine/error.h"
#include "kernels/conv3d/cpu/onednn_generation.h"

namespace revunet {

void limit_cpu_instructions(CpuInstructions most) {
  set_cpu_instructions(most);
  const dnnl::cpu_isa isa = conv3d_detail::isa_of(most);
  if (dnnl::set_max_cpu_isa(isa) == dnnl::status::success) return;
  REVUNET_EXPECTS(dnnl::get_effective_cpu_isa() == isa, Error,
                  "[conv3d] expected to limit oneDNN to {} before its first use, got a oneDNN that has computed",
                  name_of(most));
}

}  // namespace revunet
