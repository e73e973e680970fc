#include "engine/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace revunet {

struct Tensor::Storage {
  Storage(Device& d, size_t bytes, Tag tag) : device(d), block(d.allocator().allocate(bytes, tag)) {}
  ~Storage() { device.allocator().free(block); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Device& device;
  CachingAllocator::Block* block;
};

namespace {

// An activation's, with the padding of its channels.
size_t storage_bytes(const Context& ctx, const Shape& shape, DType dtype) {
  const int64_t bytes = shape.elements() * size_of(dtype), unit = ctx.device.layout().channel_bytes;
  const bool activation = shape.rank() == 5 && (ctx.tag == Tag::input || ctx.tag == Tag::saved_activation ||
                                                ctx.tag == Tag::sequence_output || ctx.tag == Tag::forward_scratch ||
                                                ctx.tag == Tag::backward_scratch);
  if (!activation || unit == 1) return static_cast<size_t>(bytes);
  const int64_t channels = shape[4] * size_of(dtype), padded = (channels + unit - 1) / unit * unit;
  return static_cast<size_t>(bytes / channels * padded);
}

}  // namespace

Tensor::Tensor(const Context& ctx, const Shape& shape, DType dtype)
    : elements_(shape.elements()), shape_(shape), dtype_(dtype) {
  storage_ = std::make_shared<Storage>(ctx.device, storage_bytes(ctx, shape, dtype), ctx.tag);
}

Device& Tensor::device() const {
  REVUNET_EXPECTS(storage_, Error, "[tensor] expected a tensor with memory, got an undefined one");
  return storage_->device;
}

std::byte* Tensor::raw() const {
  REVUNET_EXPECTS(storage_->device.computes(), Error,
                  "[tensor] expected memory to read or write, got a tensor {} of the meta device, which has none",
                  shape_.to_string());
  return storage_->block->data + offset_ * size_of(dtype_);
}

Tensor Tensor::reshape(const Shape& shape) const {
  REVUNET_EXPECTS(shape.elements() == elements_, Error, "[tensor] expected a shape of {} elements for {}, got {}",
                  elements_, shape_.to_string(), shape.to_string());
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

Tensor Tensor::narrow(int64_t begin, int64_t count) const {
  REVUNET_EXPECTS(shape_.rank() > 0 && begin >= 0 && count > 0 && begin + count <= shape_[0], Error,
                  "[tensor] expected a range inside axis 0 of {}, got [{}, {})", shape_.to_string(), begin,
                  begin + count);
  std::vector<int64_t> dims(shape_.dims().begin(), shape_.dims().end());
  dims[0] = count;
  Tensor view = *this;
  view.offset_ += begin * (elements_ / shape_[0]);
  view.shape_ = Shape(dims);
  view.elements_ = view.shape_.elements();
  return view;
}

Tensor zeros(const Context& ctx, const Shape& shape, DType dtype) {
  Tensor x(ctx, shape, dtype);
  fill_zero(x);
  return x;
}

Tensor clone(const Context& ctx, const Tensor& x) {
  Tensor y(ctx, x.shape(), x.dtype());
  copy(x, y);
  return y;
}

void fill_zero(Tensor& x) {
  if (!x.device().computes()) return;
  dispatch(x.dtype(), [&]<class T>() { std::fill_n(x.data<T>(), x.elements(), static_cast<T>(0.0f)); });
}

void copy(const Tensor& from, Tensor& to) {
  REVUNET_EXPECTS(from.shape() == to.shape() && from.dtype() == to.dtype(), Error, "[copy] expected {} {}, got {} {}",
                  name_of(to.dtype()), to.shape().to_string(), name_of(from.dtype()), from.shape().to_string());
  if (!from.device().computes()) return;
  dispatch(from.dtype(), [&]<class T>() { std::memcpy(to.data<T>(), from.data<T>(), from.bytes()); });
}

namespace {

template <class From>
Tensor convert_from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const From> values) {
  REVUNET_EXPECTS(static_cast<int64_t>(values.size()) == shape.elements(), Error,
                  "[from_host] expected {} values for {}, got {}", shape.elements(), shape.to_string(), values.size());
  Tensor x(ctx, shape, dtype);
  if (!ctx.device.computes()) return x;
  dispatch(dtype, [&]<class T>() {
    std::ranges::transform(values, x.data<T>(), [](From v) { return static_cast<T>(static_cast<Compute<T>>(v)); });
  });
  return x;
}

template <class To>
std::vector<To> convert_to_host(const Tensor& x) {
  std::vector<To> values(static_cast<size_t>(x.elements()));
  dispatch(x.dtype(), [&]<class T>() {
    std::transform(x.data<T>(), x.data<T>() + x.elements(), values.begin(),
                   [](T v) { return static_cast<To>(static_cast<Compute<T>>(v)); });
  });
  return values;
}

}  // namespace

Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const float> values) {
  return convert_from_host(ctx, shape, dtype, values);
}
Tensor from_host(const Context& ctx, const Shape& shape, DType dtype, std::span<const double> values) {
  return convert_from_host(ctx, shape, dtype, values);
}
std::vector<float> to_host_f32(const Tensor& x) {
  return convert_to_host<float>(x);
}
std::vector<double> to_host_f64(const Tensor& x) {
  return convert_to_host<double>(x);
}

double squared_distance(const Tensor& a, const Tensor& b) {
  REVUNET_EXPECTS(a.shape() == b.shape() && a.dtype() == b.dtype(), Error, "[tensor] expected {} {}, got {} {}",
                  name_of(a.dtype()), a.shape().to_string(), name_of(b.dtype()), b.shape().to_string());
  return dispatch(a.dtype(), [&]<class T>() {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    double sum = 0;
    for (int64_t i = 0; i < a.elements(); ++i) {
      const double difference = static_cast<double>(pa[i]) - static_cast<double>(pb[i]);
      sum += difference * difference;
    }
    return sum;
  });
}

double squared_norm(const Tensor& a) {
  return dispatch(a.dtype(), [&]<class T>() {
    const T* p = a.data<T>();
    return std::accumulate(p, p + a.elements(), 0.0, [](double sum, T v) {
      const auto value = static_cast<double>(v);
      return sum + value * value;
    });
  });
}

int64_t count_non_finite(const Tensor& x) {
  return dispatch(x.dtype(), [&]<class T>() -> int64_t {
    return std::count_if(x.data<T>(), x.data<T>() + x.elements(),
                         [](T v) { return !std::isfinite(static_cast<Compute<T>>(v)); });
  });
}

}  // namespace revunet
