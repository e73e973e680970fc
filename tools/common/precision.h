// The precision of activations, as users name it: fp32 or bf16.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "engine/dtype.h"

namespace revunet::tools {

constexpr const char* precision_name(DType precision) {
  return precision == DType::bf16 ? "bf16" : "fp32";
}

// Of a name that add_precision_option let through.
inline DType parse_precision(const std::string& name) {
  return name == precision_name(DType::bf16) ? DType::bf16 : DType::f32;
}

// Declares --precision, which sets `name`.
inline void add_precision_option(CLI::App& app, std::string& name) {
  app.add_option(
         "--precision", name,
         "of activations and their gradients: fp32, or bf16 in half the memory; weights and their gradients stay "
         "fp32")
      ->check(CLI::IsMember({precision_name(DType::f32), precision_name(DType::bf16)}))
      ->capture_default_str();
}

}  // namespace revunet::tools
