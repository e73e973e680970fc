// A Precision says what a network computes in, as users name it.
#pragma once

#include <array>
#include <string>

#include "models/unet.h"

namespace revunet {

// Weights, their gradients, statistics and losses are fp32 in all of them.
enum class Precision {
  fp32,
  mixed,  // convolutions of reversible blocks multiply bf16; what is kept between layers, and its gradients, are fp32
  bf16,   // activations and their gradients
};
inline constexpr std::array kPrecisions = {Precision::fp32, Precision::mixed, Precision::bf16};

constexpr const char* name_of(Precision precision) {
  return precision == Precision::fp32 ? "fp32" : precision == Precision::mixed ? "mixed" : "bf16";
}
constexpr DType activation_type(Precision precision) {
  return precision == Precision::bf16 ? DType::bf16 : DType::f32;
}
constexpr Operands operands_of(Precision precision) {
  return precision == Precision::mixed ? Operands::bf16 : Operands::activations;
}

// Returns the precision of a valid name.
inline Precision parse_precision(const std::string& name) {
  return name == "bf16" ? Precision::bf16 : name == "mixed" ? Precision::mixed : Precision::fp32;
}

}  // namespace revunet
