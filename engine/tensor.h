// A tensor: a typed, contiguous view of a shared block of device memory.
//
// Rule: copying a Tensor shares the memory; clone() copies it. The memory dies with its last view, so ops move tensors
// and drop them at their last use.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/context.h"
#include "engine/dtype.h"
#include "engine/shape.h"

namespace revunet {

class Tensor {
 public:
  Tensor() = default;  // undefined: no memory
  // Uninitialised, tagged with ctx.tag.
  Tensor(const Context& ctx, const Shape& shape, DType dtype);

  explicit operator bool() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  int64_t elements() const { return elements_; }
  size_t bytes() const { return static_cast<size_t>(elements_ * size_of(dtype_)); }
  // True if no other tensor shares the memory: it may be overwritten, or reused for a result.
  bool unique() const { return storage_.use_count() == 1; }

  Device& device() const;

  // Throws Error if T is not the element type, or on a meta device, where there is nothing to point at.
  template <class T>
  T* data() {
    expect_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(raw());
  }
  template <class T>
  const T* data() const {
    expect_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(raw());
  }

  // Views of the same memory. reshape keeps the number of elements; narrow takes [begin, begin + count) of axis 0.
  Tensor reshape(const Shape& shape) const;
  Tensor narrow(int64_t begin, int64_t count) const;

 private:
  struct Storage;

  std::byte* raw() const;
  void expect_dtype(DType wanted) const {
    REVUNET_EXPECTS(storage_ && dtype_ == wanted, Error, "[tensor] expected {} elements, got {}", name_of(wanted),
                    storage_ ? name_of(dtype_) : "an undefined tensor");
  }

  std::shared_ptr<Storage> storage_;
  int64_t offset_ = 0;  // elements
  int64_t elements_ = 0;
  Shape shape_;
  DType dtype_ = DType::f32;
};

Tensor zeros(const Context& ctx, const Shape& shape, DType dtype);
Tensor clone(const Context& ctx, const Tensor& x);
void fill_zero(Tensor& x);
void copy(const Tensor& from, Tensor& to);

// Fills, copies and conversions do nothing on a meta device; reading from one is an Error.
//
// Host values to a tensor of `dtype` (rounded to nearest, to bf16 by way of f32) and back.
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const float> values);
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const double> values);
std::vector<float> to_host_f32(const Tensor& x);
std::vector<double> to_host_f64(const Tensor& x);

// The sum of the squares of a - b, or of a alone, in double. Shapes and types agree, or Error.
double squared_distance(const Tensor& a, const Tensor& b);
double squared_norm(const Tensor& a);

// Number of NaN and infinite elements.
int64_t count_non_finite(const Tensor& x);

}  // namespace revunet
