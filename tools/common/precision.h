// The precision of activations, as users name it.
#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "engine/dtype.h"

namespace revunet::tools {

inline constexpr const char* kPrecisionHelp =
    "of activations and their gradients: fp32, or bf16 in half the memory; weights and their gradients stay fp32";

// For CLI::App::add_option(...)->transform().
inline CLI::CheckedTransformer precision_names() {
  return CLI::CheckedTransformer(std::map<std::string, DType>{{"fp32", DType::f32}, {"bf16", DType::bf16}});
}

constexpr const char* precision_name(DType precision) {
  return precision == DType::bf16 ? "bf16" : "fp32";
}

}  // namespace revunet::tools
