#include <algorithm>
#include <array>
#include <vector>

#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet::REVUNET_CPU {

namespace {

// Returns the two source indices of output index i along an axis that was halved. The first weighs 0.75, the second
// 0.25.
std::array<int64_t, 2> sources(int64_t i, int64_t extent) {
  const int64_t near = i / 2, far = i % 2 == 0 ? near - 1 : near + 1;
  return {near, std::clamp<int64_t>(far, 0, extent - 1)};
}

// Returns the four output indices that read input index i along an axis that was halved. They weigh 0.25, 0.75, 0.75
// and 0.25.
std::array<int64_t, 4> readers(int64_t i, int64_t extent) {
  return {std::max<int64_t>(2 * i - 1, 0), 2 * i, 2 * i + 1, std::min<int64_t>(2 * i + 2, 2 * extent - 1)};
}

// y is up(x) itself, or base plus or minus it.
enum class Delivery { plain, base_plus, base_minus };

template <Delivery delivery, class T>
void deliver(Compute<T> up, const T* base, int64_t i, T* y) {
  if constexpr (delivery == Delivery::base_plus) return set_rounded(y[i], base[i] + up);
  if constexpr (delivery == Delivery::base_minus) return set_rounded(y[i], base[i] - up);
  set_rounded(y[i], up);
}

// Computes one row of y from a row (W, C) that is already interpolated along d and h. base may be y.
template <Delivery delivery, class Factors, class T>
void expand_row(const Compute<T>* row, int64_t W, int64_t C, const T* base, T* y) {
  using V = Compute<T>;
  if constexpr (Factors::w == 1) {
#pragma omp simd
    for (int64_t i = 0; i < W * C; ++i) deliver<delivery>(row[i], base, i, y);
  } else {
    for (int64_t w = 0; w < W; ++w) {
      const V *left = row + std::max<int64_t>(w - 1, 0) * C, *middle = row + w * C;
      const V* right = row + std::min(w + 1, W - 1) * C;
      const int64_t even = 2 * w * C, odd = even + C;
#pragma omp simd
      for (int64_t c = 0; c < C; ++c) {
        const V inner = V(0.75) * middle[c];
        deliver<delivery>(V(0.25) * left[c] + inner, base, even + c, y);
        deliver<delivery>(V(0.25) * right[c] + inner, base, odd + c, y);
      }
    }
  }
}

// Interpolates one row along d and h, of `count` elements, for slice d and row h of y. x is the first slice of its
// element of the batch.
template <class Factors, class T>
void blend_row(const T* x, const Activation& in, int64_t slice, int64_t h, Compute<T>* to) {
  using V = Compute<T>;
  const int64_t count = in.W * in.C;
  const auto source = [&](int64_t from_slice, int64_t from_row) { return x + (from_slice * in.H + from_row) * count; };
  if constexpr (Factors::d == 2 && Factors::h == 2) {
    const auto ds = sources(slice, in.D), hs = sources(h, in.H);
    const T *a = source(ds[0], hs[0]), *b = source(ds[0], hs[1]), *c = source(ds[1], hs[0]), *d = source(ds[1], hs[1]);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) to[i] = V(0.5625) * a[i] + V(0.1875) * (b[i] + c[i]) + V(0.0625) * d[i];
  } else if constexpr (Factors::d == 2 || Factors::h == 2) {
    const auto along = Factors::d == 2 ? sources(slice, in.D) : sources(h, in.H);
    const T* near = Factors::d == 2 ? source(along[0], h) : source(slice, along[0]);
    const T* far = Factors::d == 2 ? source(along[1], h) : source(slice, along[1]);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) to[i] = V(0.75) * near[i] + V(0.25) * far[i];
  } else {
    const T* from = source(slice, h);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
  }
}

template <Delivery delivery, class Factors, class T>
void forward(const T* x, const Activation& in, const T* base, T* y) {
  const int64_t row = in.W * in.C, D = Factors::d * in.D, H = Factors::h * in.H;
#pragma omp parallel
  {
    std::vector<Compute<T>> blend(static_cast<size_t>(row));
#pragma omp for collapse(2)
    for (int64_t nd = 0; nd < in.N * D; ++nd) {
      for (int64_t h = 0; h < H; ++h) {
        blend_row<Factors>(x + nd / D * in.D * in.H * row, in, nd % D, h, blend.data());
        const int64_t y_row = (nd * H + h) * Factors::w * row;
        expand_row<delivery, Factors, T>(blend.data(), in.W, in.C, base + y_row, y + y_row);
      }
    }
  }
}

// Computes one row of dx (W, C) from a row of dy that is already contracted along d and h.
template <class Factors, class T>
void contract_row(const Compute<T>* row, int64_t W, int64_t C, T* dx, bool accumulate) {
  using V = Compute<T>;
  if constexpr (Factors::w == 1) {
#pragma omp simd
    for (int64_t i = 0; i < W * C; ++i) set_rounded(dx[i], accumulate ? dx[i] + row[i] : row[i]);
  } else {
    for (int64_t w = 0; w < W; ++w) {
      const auto r = readers(w, W);
      const V *a = row + r[0] * C, *b = row + r[1] * C, *c = row + r[2] * C, *d = row + r[3] * C;
      T* to = dx + w * C;
#pragma omp simd
      for (int64_t i = 0; i < C; ++i) {
        const V sum = V(0.25) * (a[i] + d[i]) + V(0.75) * (b[i] + c[i]);
        set_rounded(to[i], accumulate ? to[i] + sum : sum);
      }
    }
  }
}

// Adds `weight` times the rows of one slice of dy that read row h, or overwrites with the first of them.
template <class Factors, class T>
void add_readers(const T* slice, const Activation& in, int64_t h, Compute<T> weight, bool is_first, Compute<T>* to) {
  using V = Compute<T>;
  const int64_t count = Factors::w * in.W * in.C;
  if constexpr (Factors::h == 1) {
    const T* from = slice + h * count;
    if (is_first) {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) to[j] = weight * from[j];
    } else {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) to[j] += weight * from[j];
    }
  } else {
    const auto hs = readers(h, in.H);
    const T *a = slice + hs[0] * count, *b = slice + hs[1] * count, *c = slice + hs[2] * count,
            *d = slice + hs[3] * count;
    const V outer = V(0.25) * weight, inner = 3 * outer;
    if (is_first) {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) to[j] = outer * (a[j] + d[j]) + inner * (b[j] + c[j]);
    } else {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) to[j] += outer * (a[j] + d[j]) + inner * (b[j] + c[j]);
    }
  }
}

template <class Factors, class T>
void backward(const T* dy, const Activation& in, T* dx, bool accumulate) {
  using V = Compute<T>;
  const int64_t row = Factors::w * in.W * in.C;  // of dy
  const int64_t slice = Factors::h * in.H * row;
#pragma omp parallel
  {
    std::vector<V> blend(static_cast<size_t>(row));
    V* to = blend.data();
#pragma omp for collapse(2)
    for (int64_t nd = 0; nd < in.N * in.D; ++nd) {
      for (int64_t h = 0; h < in.H; ++h) {
        const T* element = dy + nd / in.D * Factors::d * in.D * slice;
        if constexpr (Factors::d == 1) {
          add_readers<Factors>(element + nd % in.D * slice, in, h, V(1), true, to);
        } else {
          const auto ds = readers(nd % in.D, in.D);
          for (size_t i = 0; i < ds.size(); ++i) {
            const V weight = i == 0 || i == 3 ? V(0.25) : V(0.75);
            add_readers<Factors>(element + ds[i] * slice, in, h, weight, i == 0, to);
          }
        }
        contract_row<Factors, T>(to, in.W, in.C, dx + (nd * in.H + h) * in.W * in.C, accumulate);
      }
    }
  }
}

// Returns the factors between x and y.
AxisFactors checked(const Tensor& x, const Tensor& y) {
  REVUNET_EXPECTS(y.dtype() == x.dtype(), Error, "[upsample_trilinear] expected tensors of one type, got {} and {}",
                  name_of(x.dtype()), name_of(y.dtype()));
  return factors_between("upsample_trilinear", y.shape(), x.shape());
}

template <Delivery delivery>
void forward(const Context& ctx, const Tensor& x, const Tensor& base, Tensor& y) {
  const AxisFactors factors = checked(x, y);
  checked(x, base);
  if (!ctx.device.computes()) return;
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch(x.dtype(), [&]<class T>() {
      forward<delivery, Factors>(x.data<T>(), activation(x.shape()), base.data<T>(), y.template data<T>());
    });
  });
}

}  // namespace

void upsample_trilinear_forward(const Context& ctx, const Tensor& x, Tensor& y, Write mode) {
  switch (mode) {
    case Write::overwrite:
      return forward<Delivery::plain>(ctx, x, y, y);
    case Write::add:
      return forward<Delivery::base_plus>(ctx, x, y, y);
    case Write::subtract:
      return forward<Delivery::base_minus>(ctx, x, y, y);
  }
}

void upsample_trilinear_add_forward(const Context& ctx, const Tensor& x, const Tensor& skip, Tensor& y) {
  forward<Delivery::base_plus>(ctx, x, skip, y);
}

void upsample_trilinear_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate) {
  const AxisFactors factors = checked(dx, dy);
  if (!ctx.device.computes()) return;
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch(dx.dtype(), [&]<class T>() {
      backward<Factors>(dy.data<T>(), activation(dx.shape()), dx.template data<T>(), accumulate);
    });
  });
}

}  // namespace revunet::REVUNET_CPU
