// This file hides the differences between the generations of oneDNN in distributions: 2.6 (Debian 12) and 3 (Debian 13,
// Ubuntu 24.04).
//
// Rule: no other file tells the generations apart.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "engine/cpu_instructions.h"

namespace revunet::conv3d_detail {

// Describes a forward convolution with stride 1 and the same padding on both sides. A bias without dimensions means
// none.
inline dnnl::convolution_forward::primitive_desc describe_convolution(
    const dnnl::engine& engine, const dnnl::memory::desc& x, const dnnl::memory::desc& w,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& y, const dnnl::memory::dims& padding,
    const dnnl::primitive_attr& attributes) {
  const auto inference = dnnl::prop_kind::forward_inference;
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::memory::dims stride(padding.size(), 1);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, inference, direct, x, w, bias, y, stride, padding, padding, attributes};
#else
  return {{inference, direct, x, w, bias, y, stride, padding, padding}, attributes, engine};
#endif
}

// Returns whether oneDNN has instructions of this processor that multiply bf16. An instruction set's bits contain those
// of the sets that it extends.
inline bool multiplies_bf16() {
  const auto has = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (has & needed) == needed;
}

// Returns oneDNN's name for a set of instructions.
inline dnnl::cpu_isa isa_of(CpuInstructions instructions) {
  switch (instructions) {
    case CpuInstructions::avx2:
      return dnnl::cpu_isa::avx2;
    case CpuInstructions::avx512:
      return dnnl::cpu_isa::avx512_core;
    default:
      return dnnl::cpu_isa::avx512_core_amx;
  }
}

}  // namespace revunet::conv3d_detail
