// A tensor is a range of typed elements in a shared block of device memory.
//
// Rule: copying a Tensor shares the memory; clone() copies it. The memory dies with its last owner, so ops move tensors
// and drop them at their last use.
//
// A device may pad the channels of an activation (Layout, and the device's MemoryLayout). Each voxel then lies
// channel_stride() elements after the one before, and the padding between them is zero. Kernels keep it so. Values to
// and from the host have no padding.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/dtype.h"
#include "engine/shape.h"

namespace revunet {

// A Layout says how a tensor lies in memory. It is given when the tensor is made, and does not follow from its tag.
enum class Layout : uint8_t {
  dense,       // no padding: parameters, statistics, losses, workspace
  activation,  // (N, D, H, W, C), whose channels are padded where the device's kernels read whole packs of them
};

// A TensorSpec says what a tensor is, without its memory.
struct TensorSpec {
  Shape shape;
  DType dtype = DType::f32;
  Layout layout = Layout::dense;

  bool operator==(const TensorSpec&) const = default;
  std::string to_string() const;  // such as "f32 (1, 4, 4, 4, 30) activation"
};

class Tensor {
 public:
  Tensor() = default;  // undefined: no memory
  // Makes an uninitialised tensor with the tag and the lifetime of ctx. Throws Error for an activation of another rank
  // than 5.
  Tensor(const Context& ctx, const TensorSpec& spec);
  // Does the same with Layout::dense.
  Tensor(const Context& ctx, const Shape& shape, DType dtype) : Tensor(ctx, TensorSpec{shape, dtype}) {}

  explicit operator bool() const { return storage_ != nullptr; }
  const TensorSpec& spec() const { return spec_; }
  const Shape& shape() const { return spec_.shape; }
  DType dtype() const { return spec_.dtype; }
  Layout layout() const { return spec_.layout; }
  int64_t elements() const { return elements_; }
  // Returns the last extent, or more on a device that pads.
  int64_t channel_stride() const { return channel_stride_; }
  // Returns the number of elements with padding.
  int64_t stored_elements() const { return stored_elements_; }
  size_t stored_bytes() const { return static_cast<size_t>(stored_elements_ * size_of(dtype())); }
  // Returns true if no other tensor shares the memory: it may be overwritten, or reused for a result.
  bool unique() const { return storage_.use_count() == 1; }

  Device& device() const;

  // Returns planes [first, first + count) of an activation (1, D, H, W, C), in the same memory.
  Tensor planes(int64_t first, int64_t count) const;

  // Returns an address of the device. Throws Error on a meta device, where there is no memory, and if T is not the
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
    REVUNET_EXPECTS(storage_ && dtype() == wanted, Error, "[tensor] expected {} elements, got {}", name_of(wanted),
                    storage_ ? name_of(dtype()) : "an undefined tensor");
  }

  std::shared_ptr<Storage> storage_;
  size_t offset_ = 0;  // bytes from the beginning of the memory
  int64_t elements_ = 0, stored_elements_ = 0, channel_stride_ = 0;
  TensorSpec spec_;
};

Tensor zeros(const Context& ctx, const TensorSpec& spec);
Tensor zeros(const Context& ctx, const Shape& shape, DType dtype);
Tensor clone(const Context& ctx, const Tensor& x);
void fill_zero(Tensor& x);
// Does nothing where both are the same memory.
void copy(const Tensor& from, Tensor& to);

// Fills, copies and conversions do nothing on a meta device. Reading from one is an Error.
//
// Copies host values to a tensor of the type (rounded to nearest, to bf16 by way of f32) and back. Throws Error for
// another number of values, and for numbers that a u8 does not hold exactly.
Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const float> values);
Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const double> values);
Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const uint8_t> values);
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const float> values);
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const double> values);
void assign(Tensor& x, std::span<const double> values);
std::vector<float> to_host_f32(const Tensor& x);
std::vector<double> to_host_f64(const Tensor& x);

// Returns the bytes that a tensor takes on a device with this layout, and writes host values to `to` as such a device
// stores them: converted and padded. Any thread may call it, and it starts none. Throws Error as from_host does.
size_t stored_bytes(const MemoryLayout& layout, const TensorSpec& spec);
void store(const MemoryLayout& layout, const TensorSpec& spec, std::span<const float> values, std::byte* to);
void store(const MemoryLayout& layout, const TensorSpec& spec, std::span<const uint8_t> values, std::byte* to);

// Returns the sum of the squares of a - b, or of a alone, in double on the host, wherever the tensors are. Shapes and
// types must agree; otherwise throws Error.
double squared_distance(const Tensor& a, const Tensor& b);
double squared_norm(const Tensor& a);

// Returns the number of NaN and infinite elements.
int64_t count_non_finite(const Tensor& x);

}  // namespace revunet
