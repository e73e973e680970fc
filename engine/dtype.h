// This file has element types, and the switch from a run-time type to a template argument.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/bfloat16.h"
#include "engine/error.h"

namespace revunet {

// u8 holds labels. No op computes in it.
enum class DType : uint8_t { f32, f64, bf16, u8 };

constexpr int64_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 8;
    case DType::f32:
      return 4;
    case DType::bf16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}
constexpr const char* name_of(DType dtype) {
  return dtype == DType::f32 ? "f32" : dtype == DType::f64 ? "f64" : dtype == DType::bf16 ? "bf16" : "u8";
}

template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, bfloat16>  ? DType::bf16
                                  : std::is_same_v<T, float>   ? DType::f32
                                  : std::is_same_v<T, uint8_t> ? DType::u8
                                                               : DType::f64;

// Compute<T> is the type that activations of type T are computed in. Their parameters, statistics and losses are stored
// in it.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;
constexpr DType compute_type(DType dtype) {
  return dtype == DType::bf16 ? DType::f32 : dtype;
}

// Sets `to` to the value, rounded to its type. Vectorised loops write results with it (see bfloat16).
constexpr void set_rounded(bfloat16& to, float value) {
  to.set_rounded(value);
}
constexpr void set_rounded(float& to, float value) {
  to = value;
}
constexpr void set_rounded(double& to, double value) {
  to = value;
}

// Calls f.template operator()<float>(), <double>() or <bfloat16>(): dispatch(x.dtype(), [&]<class T>() { ... }). Throws
// Error for labels.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64:
      return f.template operator()<double>();
    case DType::bf16:
      return f.template operator()<bfloat16>();
    case DType::u8:
      throw Error("[dtype] expected f32, f64 or bf16 to compute with, got u8");
    default:
      return f.template operator()<float>();
  }
}

// Dispatches on `dtype`, the type of tensors, and `operands`, the type in which convolutions multiply them. The two are
// equal, or operands are f32 rounded to bf16. Calls f.template operator()<T, Operand>().
template <class F>
decltype(auto) dispatch_operands(DType dtype, DType operands, F&& f) {
  if (dtype == operands) return dispatch(dtype, [&]<class T>() { return f.template operator()<T, T>(); });
  REVUNET_EXPECTS(dtype == DType::f32 && operands == DType::bf16, Error,
                  "[dtype] expected operands of the tensor's type, or bf16 for f32, got {} for {}", name_of(operands),
                  name_of(dtype));
  return f.template operator()<float, bfloat16>();
}

// Does the same for what is f32 or f64: parameters, their gradients and moments.
template <class F>
decltype(auto) dispatch_compute(DType dtype, F&& f) {
  REVUNET_EXPECTS(dtype == DType::f32 || dtype == DType::f64, Error, "[dtype] expected f32 or f64 parameters, got {}",
                  name_of(dtype));
  return dtype == DType::f32 ? f.template operator()<float>() : f.template operator()<double>();
}

}  // namespace revunet
