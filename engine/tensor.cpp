#include "engine/tensor.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

namespace revunet {

struct Tensor::Storage {
  Storage(const Context& ctx, size_t bytes)
      : device(ctx.device), block(device.allocator().allocate(bytes, ctx.tag, ctx.lifetime)) {}
  ~Storage() { device.allocator().free(block); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Device& device;
  CachingAllocator::Block* block;
};

namespace {

// Returns the last extent of a tensor, which is 1 where there is none.
int64_t row_length(const Shape& shape) {
  return shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
}

// Returns the number of elements from voxel to voxel. In a tensor of another rank it is that from row to row of the
// last extent.
int64_t stride_of(const MemoryLayout& layout, const TensorSpec& spec) {
  if (spec.layout == Layout::dense) return row_length(spec.shape);
  return layout.padded_channels(activation(spec.shape).C, size_of(spec.dtype));
}

int64_t stored_elements_of(const TensorSpec& spec, int64_t stride) {
  const int64_t length = row_length(spec.shape);
  return length == 0 ? 0 : spec.shape.elements() / length * stride;
}

}  // namespace

std::string TensorSpec::to_string() const {
  return fmt::format("{} {}{}", name_of(dtype), shape.to_string(), layout == Layout::activation ? " activation" : "");
}

Tensor::Tensor(const Context& ctx, const TensorSpec& spec)
    : elements_(spec.shape.elements()), channel_stride_(stride_of(ctx.device.layout(), spec)), spec_(spec) {
  stored_elements_ = stored_elements_of(spec, channel_stride_);
  storage_ = std::make_shared<Storage>(ctx, stored_bytes());
}

Tensor Tensor::planes(int64_t first, int64_t count) const {
  const auto [N, D, H, W, C] = activation(shape());
  REVUNET_EXPECTS(N == 1 && first >= 0 && count > 0 && first + count <= D, Error,
                  "[tensor] expected planes of one image, within {}, got {} from {} on", shape().to_string(), count,
                  first);
  Tensor part = *this;
  part.spec_.shape = {1, count, H, W, C};
  part.elements_ = elements_ / D * count;
  part.stored_elements_ = stored_elements_ / D * count;
  part.offset_ += static_cast<size_t>(stored_elements_ / D * first * size_of(dtype()));
  return part;
}

Device& Tensor::device() const {
  REVUNET_EXPECTS(storage_, Error, "[tensor] expected a tensor with memory, got an undefined one");
  return storage_->device;
}

std::byte* Tensor::address() const {
  REVUNET_EXPECTS(storage_, Error, "[tensor] expected a tensor with memory, got an undefined one");
  REVUNET_EXPECTS(storage_->device.computes(), Error,
                  "[tensor] expected memory to read or write, got a tensor {} of the meta device, which has none",
                  shape().to_string());
  return storage_->block->data + offset_;
}

Tensor zeros(const Context& ctx, const TensorSpec& spec) {
  Tensor x(ctx, spec);
  fill_zero(x);
  return x;
}
Tensor zeros(const Context& ctx, const Shape& shape, DType dtype) {
  return zeros(ctx, TensorSpec{shape, dtype});
}

Tensor clone(const Context& ctx, const Tensor& x) {
  Tensor y(ctx, x.spec());
  copy(x, y);
  return y;
}

void fill_zero(Tensor& x) {
  if (!x.device().computes()) return;
  x.device().memory().fill(x.address(), 0, x.stored_bytes());
}

void copy(const Tensor& from, Tensor& to) {
  REVUNET_EXPECTS(from.shape() == to.shape() && from.dtype() == to.dtype(), Error, "[copy] expected {} {}, got {} {}",
                  name_of(to.dtype()), to.shape().to_string(), name_of(from.dtype()), from.shape().to_string());
  REVUNET_EXPECTS(from.channel_stride() == to.channel_stride(), Error,
                  "[copy] expected tensors of {} that are padded alike, got {} and {} elements per voxel",
                  to.shape().to_string(), from.channel_stride(), to.channel_stride());
  if (!from.device().computes() || from.address() == to.address()) return;
  from.device().memory().copy(to.address(), from.address(), from.stored_bytes());
}

namespace {

constexpr int64_t least_rows_to_share = 4096;  // fewer rows take less time than it takes to start threads

bool is_padded(const Tensor& x) {
  return x.stored_elements() != x.elements();
}

// Calls f(index of the first value, index in memory, count) for each run of elements without padding between them.
// Several calls run at once.
template <class F>
void for_each_row(const Tensor& x, F f) {
  const int64_t length = is_padded(x) ? x.shape()[x.shape().rank() - 1] : x.elements();
  const int64_t rows = length == 0 ? 0 : x.elements() / length;
#pragma omp parallel for schedule(static) if (rows > least_rows_to_share)
  for (int64_t row = 0; row < rows; ++row) f(row * length, row * x.channel_stride(), length);
}

// Does the same as dispatch, and takes labels too.
template <class F>
decltype(auto) dispatch_stored(DType dtype, F&& f) {
  if (dtype == DType::u8) return f.template operator()<uint8_t>();
  return dispatch(dtype, f);
}

// A HostView lets the host read a tensor's memory, with its padding: in place on the CPU, otherwise in a copy.
template <class T>
class HostView {
 public:
  explicit HostView(const Tensor& x) : data_(x.data<T>()) {
    if (x.device().kind() == DeviceKind::cpu) return;
    copy_.resize(static_cast<size_t>(x.stored_elements()));
    x.device().memory().copy_out(copy_.data(), data_, x.stored_bytes());
    data_ = copy_.data();
  }
  HostView(const HostView&) = delete;
  HostView& operator=(const HostView&) = delete;
  const T* data() const { return data_; }

 private:
  const T* data_;
  std::vector<T> copy_;
};

// Converts values, and writes zeros to the `padding` elements after them.
template <class T, class From>
void convert_row(std::span<const From> values, int64_t padding, T* to) {
  if constexpr (std::is_same_v<T, From>) {
    std::ranges::copy(values, to);
  } else {
    std::ranges::transform(values, to, [](From v) { return static_cast<T>(static_cast<Compute<T>>(v)); });
  }
  std::fill_n(to + values.size(), padding, T{});
}

template <class T, class From>
void convert(std::span<const From> values, const Tensor& x, T* to) {
  for_each_row(x, [&](int64_t first, int64_t place, int64_t count) {
    convert_row(values.subspan(static_cast<size_t>(first), static_cast<size_t>(count)),
                is_padded(x) ? x.channel_stride() - count : 0, to + place);
  });
}

template <class From>
void expect_bytes(std::span<const From> values) {
  const auto bad = std::ranges::find_if_not(values, [](From v) { return v >= 0 && v <= 255 && v == std::floor(v); });
  REVUNET_EXPECTS(bad == values.end(), Error, "[tensor] expected whole numbers in 0..255 for u8, got {}", *bad);
}

template <class From>
void expect_count(const Shape& shape, std::span<const From> values) {
  REVUNET_EXPECTS(static_cast<int64_t>(values.size()) == shape.elements(), Error,
                  "[tensor] expected {} values for {}, got {}", shape.elements(), shape.to_string(), values.size());
}

template <class From>
void store_values(const MemoryLayout& layout, const TensorSpec& spec, std::span<const From> values, std::byte* to) {
  expect_count(spec.shape, values);
  const int64_t stride = stride_of(layout, spec), padding = stride - row_length(spec.shape);
  const size_t length = padding == 0 ? values.size() : static_cast<size_t>(row_length(spec.shape));
  dispatch_stored(spec.dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, uint8_t> && !std::is_same_v<From, uint8_t>) expect_bytes(values);
    T* row = reinterpret_cast<T*>(to);
    for (size_t at = 0; at < values.size(); at += length, row += stride) {
      convert_row(values.subspan(at, length), padding, row);
    }
  });
}

template <class From>
void assign_values(Tensor& x, std::span<const From> values) {
  expect_count(x.shape(), values);
  if (!x.device().computes()) return;
  dispatch_stored(x.dtype(), [&]<class T>() {
    if constexpr (std::is_same_v<T, uint8_t> && !std::is_same_v<From, uint8_t>) expect_bytes(values);
    if (x.device().kind() == DeviceKind::cpu) return convert(values, x, x.data<T>());
    if constexpr (std::is_same_v<T, From>) {
      if (!is_padded(x)) return x.device().memory().copy_in(x.data<T>(), values.data(), x.stored_bytes());
    }
    const auto staged = std::make_unique_for_overwrite<T[]>(static_cast<size_t>(x.stored_elements()));
    convert(values, x, staged.get());
    x.device().memory().copy_in(x.data<T>(), staged.get(), x.stored_bytes());
  });
}

template <class From>
Tensor tensor_of(const Context& ctx, const TensorSpec& spec, std::span<const From> values) {
  Tensor x(ctx, spec);
  assign_values(x, values);
  return x;
}

template <class To>
std::vector<To> values_of(const Tensor& x) {
  std::vector<To> values(static_cast<size_t>(x.elements()));
  dispatch_stored(x.dtype(), [&]<class T>() {
    if constexpr (std::is_same_v<T, To>) {
      if (x.device().kind() != DeviceKind::cpu && !is_padded(x)) {
        return x.device().memory().copy_out(values.data(), x.data<T>(), x.stored_bytes());
      }
    }
    const HostView<T> view(x);
    for_each_row(x, [&](int64_t first, int64_t place, int64_t count) {
      std::transform(view.data() + place, view.data() + place + count, values.begin() + first,
                     [](T v) { return static_cast<To>(static_cast<Compute<T>>(v)); });
    });
  });
  return values;
}

}  // namespace

Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const float> values) {
  return tensor_of(ctx, spec, values);
}
Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const double> values) {
  return tensor_of(ctx, spec, values);
}
Tensor from_host(const Context& ctx, const TensorSpec& spec, std::span<const uint8_t> values) {
  return tensor_of(ctx, spec, values);
}
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const float> values) {
  return tensor_of(ctx, TensorSpec{shape, dtype}, values);
}
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const double> values) {
  return tensor_of(ctx, TensorSpec{shape, dtype}, values);
}
void assign(Tensor& x, std::span<const double> values) {
  assign_values(x, values);
}
size_t stored_bytes(const MemoryLayout& layout, const TensorSpec& spec) {
  return static_cast<size_t>(stored_elements_of(spec, stride_of(layout, spec)) * size_of(spec.dtype));
}
void store(const MemoryLayout& layout, const TensorSpec& spec, std::span<const float> values, std::byte* to) {
  store_values(layout, spec, values, to);
}
void store(const MemoryLayout& layout, const TensorSpec& spec, std::span<const uint8_t> values, std::byte* to) {
  store_values(layout, spec, values, to);
}

std::vector<float> to_host_f32(const Tensor& x) {
  return values_of<float>(x);
}
std::vector<double> to_host_f64(const Tensor& x) {
  return values_of<double>(x);
}

// The padding of both tensors is zero and adds nothing.
double squared_distance(const Tensor& a, const Tensor& b) {
  REVUNET_EXPECTS(a.shape() == b.shape() && a.dtype() == b.dtype() && a.channel_stride() == b.channel_stride(), Error,
                  "[tensor] expected {} {}, got {} {}", name_of(a.dtype()), a.shape().to_string(), name_of(b.dtype()),
                  b.shape().to_string());
  return dispatch(a.dtype(), [&]<class T>() {
    const HostView<T> x(a), y(b);
    double sum = 0;
    for (int64_t i = 0; i < a.stored_elements(); ++i) {
      const double difference = static_cast<double>(x.data()[i]) - static_cast<double>(y.data()[i]);
      sum += difference * difference;
    }
    return sum;
  });
}

double squared_norm(const Tensor& a) {
  return dispatch(a.dtype(), [&]<class T>() {
    const HostView<T> x(a);
    return std::accumulate(x.data(), x.data() + a.stored_elements(), 0.0, [](double sum, T v) {
      const auto value = static_cast<double>(v);
      return sum + value * value;
    });
  });
}

int64_t count_non_finite(const Tensor& x) {
  return dispatch(x.dtype(), [&]<class T>() -> int64_t {
    const HostView<T> view(x);
    return std::count_if(view.data(), view.data() + x.stored_elements(),
                         [](T v) { return !std::isfinite(static_cast<Compute<T>>(v)); });
  });
}

}  // namespace revunet
