// Element types, and the switch from a run-time type to a template argument.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/error.h"

namespace revunet {

enum class DType : uint8_t { f32, f64 };

constexpr int64_t size_of(DType dtype) {
  return dtype == DType::f32 ? 4 : 8;
}
constexpr const char* name_of(DType dtype) {
  return dtype == DType::f32 ? "f32" : "f64";
}

template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, float> ? DType::f32 : DType::f64;

// Calls f.template operator()<float>() or <double>(): dispatch(x.dtype(), [&]<class T>() { ... }).
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  return dtype == DType::f32 ? f.template operator()<float>() : f.template operator()<double>();
}

}  // namespace revunet
