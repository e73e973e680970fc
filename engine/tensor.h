// A tensor: typed elements in a shared block of device memory.
//
// Rule: copying a Tensor shares the memory; clone() copies it. The memory dies with its last owner, so ops move tensors
// and drop them at their last use.
//
// A device may pad the channels of activations (MemoryLayout): elements of one voxel then lie channel_stride() after
// those of the voxel before, and what is between is zero. Kernels keep it so; values to and from the host have none.
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
  // The last extent, or more on a device that pads.
  int64_t channel_stride() const { return channel_stride_; }
  // With padding.
  int64_t stored_elements() const { return stored_elements_; }
  size_t stored_bytes() const { return static_cast<size_t>(stored_elements_ * size_of(dtype_)); }
  // True if no other tensor shares the memory: it may be overwritten, or reused for a result.
  bool unique() const { return storage_.use_count() == 1; }

  Device& device() const;

  // An address of the device. Throws Error on a meta device, where there is nothing to point at, and if T is not the
  // element type.
  std::byte* address() const;
  template <class T>
  T* data() {
    expect_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(address());
  }
  template <class T>
  const T* data() const {
    expect_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(address());
  }

 private:
  struct Storage;

  void expect_dtype(DType wanted) const {
    REVUNET_EXPECTS(storage_ && dtype_ == wanted, Error, "[tensor] expected {} elements, got {}", name_of(wanted),
                    storage_ ? name_of(dtype_) : "an undefined tensor");
  }

  std::shared_ptr<Storage> storage_;
  int64_t elements_ = 0, stored_elements_ = 0, channel_stride_ = 0;
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
void assign(Tensor& x, std::span<const double> values);
std::vector<float> to_host_f32(const Tensor& x);
std::vector<double> to_host_f64(const Tensor& x);

// On the host, wherever the tensors are. The sum of the squares of a - b, or of a alone, in double. Shapes and types
// agree, or Error.
double squared_distance(const Tensor& a, const Tensor& b);
double squared_norm(const Tensor& a);

// Number of NaN and infinite elements.
int64_t count_non_finite(const Tensor& x);

}  // namespace revunet
