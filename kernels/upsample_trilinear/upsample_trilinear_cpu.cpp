#include <algorithm>
#include <array>
#include <vector>

#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet::cpu {

namespace {

// Returns the two source indices of output index i along an axis. The first weighs 0.75, the second 0.25.
std::array<int64_t, 2> sources(int64_t i, int64_t extent) {
  const int64_t near = i / 2, far = i % 2 == 0 ? near - 1 : near + 1;
  return {near, std::clamp<int64_t>(far, 0, extent - 1)};
}

// Returns the four output indices that read input index i along an axis. They weigh 0.25, 0.75, 0.75 and 0.25.
std::array<int64_t, 4> readers(int64_t i, int64_t extent) {
  return {std::max<int64_t>(2 * i - 1, 0), 2 * i, 2 * i + 1, std::min<int64_t>(2 * i + 2, 2 * extent - 1)};
}

// y is up(x) itself, or base plus or minus it.
enum class Delivery { plain, base_plus, base_minus };

template <Delivery delivery, class T>
T deliver(Compute<T> up, const T* base, int64_t i) {
  if constexpr (delivery == Delivery::base_plus) return static_cast<T>(base[i] + up);
  if constexpr (delivery == Delivery::base_minus) return static_cast<T>(base[i] - up);
  return static_cast<T>(up);
}

// Computes one row of y (2W, C) from a row (W, C) that is already interpolated along d and h. base may be y.
template <Delivery delivery, class T>
void expand_row(const Compute<T>* row, int64_t W, int64_t C, const T* base, T* y) {
  using V = Compute<T>;
  for (int64_t w = 0; w < W; ++w) {
    const V *left = row + std::max<int64_t>(w - 1, 0) * C, *middle = row + w * C;
    const V* right = row + std::min(w + 1, W - 1) * C;
    const int64_t even = 2 * w * C, odd = even + C;
#pragma omp simd
    for (int64_t c = 0; c < C; ++c) {
      const V inner = V(0.75) * middle[c];
      y[even + c] = deliver<delivery>(V(0.25) * left[c] + inner, base, even + c);
      y[odd + c] = deliver<delivery>(V(0.25) * right[c] + inner, base, odd + c);
    }
  }
}

template <Delivery delivery, class T>
void forward(const T* x, const Activation& in, const T* base, T* y) {
  using V = Compute<T>;
  const int64_t row = in.W * in.C;
#pragma omp parallel
  {
    std::vector<V> blend(static_cast<size_t>(row));
#pragma omp for collapse(2)
    for (int64_t nd = 0; nd < in.N * 2 * in.D; ++nd) {
      for (int64_t h = 0; h < 2 * in.H; ++h) {
        const int64_t first_plane = nd / (2 * in.D) * in.D;
        const auto ds = sources(nd % (2 * in.D), in.D), hs = sources(h, in.H);
        const auto source = [&](size_t i, size_t j) { return x + ((first_plane + ds[i]) * in.H + hs[j]) * row; };
        const T *a = source(0, 0), *b = source(0, 1), *c = source(1, 0), *d = source(1, 1);
        V* to = blend.data();
#pragma omp simd
        for (int64_t i = 0; i < row; ++i) to[i] = V(0.5625) * a[i] + V(0.1875) * (b[i] + c[i]) + V(0.0625) * d[i];
        const int64_t y_row = (nd * 2 * in.H + h) * 2 * row;
        expand_row<delivery, T>(to, in.W, in.C, base + y_row, y + y_row);
      }
    }
  }
}

// Computes one row of dx (W, C) from a row (2W, C) of dy that is already contracted along d and h.
template <class T>
void contract_row(const Compute<T>* row, int64_t W, int64_t C, T* dx, bool accumulate) {
  using V = Compute<T>;
  for (int64_t w = 0; w < W; ++w) {
    const auto r = readers(w, W);
    const V *a = row + r[0] * C, *b = row + r[1] * C, *c = row + r[2] * C, *d = row + r[3] * C;
    T* to = dx + w * C;
#pragma omp simd
    for (int64_t i = 0; i < C; ++i) {
      const V sum = V(0.25) * (a[i] + d[i]) + V(0.75) * (b[i] + c[i]);
      to[i] = static_cast<T>(accumulate ? to[i] + sum : sum);
    }
  }
}

template <class T>
void backward(const T* dy, const Activation& in, T* dx, bool accumulate) {
  using V = Compute<T>;
  const int64_t row = 2 * in.W * in.C;  // of dy
#pragma omp parallel
  {
    std::vector<V> blend(static_cast<size_t>(row));
#pragma omp for collapse(2)
    for (int64_t nd = 0; nd < in.N * in.D; ++nd) {
      for (int64_t h = 0; h < in.H; ++h) {
        const int64_t first_plane = nd / in.D * 2 * in.D;
        const auto ds = readers(nd % in.D, in.D), hs = readers(h, in.H);
        V* to = blend.data();
        for (size_t i = 0; i < ds.size(); ++i) {
          const auto source = [&](size_t j) { return dy + ((first_plane + ds[i]) * 2 * in.H + hs[j]) * row; };
          const T *a = source(0), *b = source(1), *c = source(2), *d = source(3);
          const V outer = i == 0 || i == 3 ? V(0.0625) : V(0.1875), inner = 3 * outer;
          if (i == 0) {
#pragma omp simd
            for (int64_t j = 0; j < row; ++j) to[j] = outer * (a[j] + d[j]) + inner * (b[j] + c[j]);
          } else {
#pragma omp simd
            for (int64_t j = 0; j < row; ++j) to[j] += outer * (a[j] + d[j]) + inner * (b[j] + c[j]);
          }
        }
        contract_row<T>(to, in.W, in.C, dx + (nd * in.H + h) * in.W * in.C, accumulate);
      }
    }
  }
}

void check(const Tensor& x, const Tensor& y, const char* what) {
  REVUNET_EXPECTS(y.shape() == upsample_trilinear_shape(x.shape()) && y.dtype() == x.dtype(), Error,
                  "[upsample_trilinear] expected {} {} {} for {}, got {} {}", what, name_of(x.dtype()),
                  upsample_trilinear_shape(x.shape()).to_string(), x.shape().to_string(), name_of(y.dtype()),
                  y.shape().to_string());
}

}  // namespace

void upsample_trilinear_forward(const Context& ctx, const Tensor& x, Tensor& y, Write mode) {
  check(x, y, "y");
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class T>() {
    const T* px = x.data<T>();
    T* py = y.data<T>();
    const Activation in = activation(x.shape());
    switch (mode) {
      case Write::overwrite:
        return forward<Delivery::plain>(px, in, py, py);
      case Write::add:
        return forward<Delivery::base_plus>(px, in, py, py);
      case Write::subtract:
        return forward<Delivery::base_minus>(px, in, py, py);
    }
  });
}

void upsample_trilinear_add_forward(const Context& ctx, const Tensor& x, const Tensor& skip, Tensor& y) {
  check(x, skip, "skip");
  check(x, y, "y");
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class T>() {
    forward<Delivery::base_plus>(x.data<T>(), activation(x.shape()), skip.data<T>(), y.data<T>());
  });
}

void upsample_trilinear_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate) {
  check(dx, dy, "dy");
  if (!ctx.device.computes()) return;
  dispatch(dx.dtype(), [&]<class T>() { backward(dy.data<T>(), activation(dx.shape()), dx.data<T>(), accumulate); });
}

}  // namespace revunet::cpu
