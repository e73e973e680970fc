// This file has element types, and the switch from a run-time type to a template argument.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/bfloat16.h"
#include "engine/error.h"

namespace revunet {

enum class DType : uint8_t { f32, f64, bf16 };

constexpr int64_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 8;
    case DType::f32:
      return 4;
    case DType::bf16:
      return 2;
  }
  return 0;
}
constexpr const char* name_of(DType dtype) {
  return dtype == DType::f32 ? "f32" : dtype == DType::f64 ? "f64" : "bf16";
}

template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, bfloat16> ? DType::bf16
                                  : std::is_same_v<T, float>  ? DType::f32
                                                              : DType::f64;

// Compute<T> is the type that activations of type T are computed in. Their parameters, statistics and losses are stored
// in it.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;
constexpr DType compute_type(DType dtype) {
  return dtype == DType::bf16 ? DType::f32 : dtype;
}

// Calls f.template operator()<float>(), <double>() or <bfloat16>(): dispatch(x.dtype(), [&]<class T>() { ... }).
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64:
      return f.template operator()<double>();
    case DType::bf16:
      return f.template operator()<bfloat16>();
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
  REVUNET_EXPECTS(dtype != DType::bf16, Error, "[dtype] expected f32 or f64 parameters, got bf16");
  return dtype == DType::f32 ? f.template operator()<float>() : f.template operator()<double>();
}

}  // namespace revunet
