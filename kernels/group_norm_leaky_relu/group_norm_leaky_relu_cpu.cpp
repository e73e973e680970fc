#include <cmath>

#include "kernels/chunks.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"

namespace revunet::REVUNET_CPU {

namespace {

// A pattern repeats per-channel coefficients over a few voxels, so that inner loops run over whole vectors whatever C
// is.
template <class T>
class Pattern {
 public:
  explicit Pattern(int64_t channels) : channels_(channels), length_(channels * pattern_voxels(channels)) {}
  int64_t length() const { return length_; }

  // Fills every element of the pattern with f(channel).
  template <class F>
  std::vector<T> fill(F f) const {
    std::vector<T> values(static_cast<size_t>(length_));
    for (int64_t i = 0; i < length_; ++i) values[static_cast<size_t>(i)] = static_cast<T>(f(i % channels_));
    return values;
  }

  // Calls f(offset, count) over the elements of voxels [begin, end). count <= length(), and offset is a multiple of C.
  template <class F>
  void for_each_run(int64_t begin, int64_t end, F f) const {
    for (int64_t i = begin * channels_; i < end * channels_; i += length_) {
      f(i, std::min(length_, end * channels_ - i));
    }
  }

 private:
  int64_t channels_, length_;
};

// Adds a pattern-long array of sums to the sums of its channels.
void fold(const std::vector<double>& pattern, int64_t channels, double* sums) {
  for (size_t i = 0; i < pattern.size(); ++i) sums[i % static_cast<size_t>(channels)] += pattern[i];
}

// Moments holds the mean, and the sum of squares about the mean, of `count` values.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void combine(const Moments& other) {
    const double total = count + other.count, delta = other.mean - mean;
    if (total == 0) return;
    squares += other.squares + delta * delta * count * other.count / total;
    mean += delta * other.count / total;
    count = total;
  }
};

// Returns the moments of every channel (C of them) over the voxels of one batch element.
template <class T>
std::vector<Moments> channel_moments(const T* x, int64_t voxels, int64_t C) {
  const Pattern<Compute<T>> pattern(C);
  const int64_t size = chunk_voxels(C), chunks = (voxels + size - 1) / size;
  std::vector<Moments> partial(static_cast<size_t>(chunks * C));
  for_each_chunk(voxels, C, [&](int64_t chunk, int64_t begin, int64_t end) {
    std::vector<double> sums(static_cast<size_t>(pattern.length())), means(static_cast<size_t>(C));
    pattern.for_each_run(begin, end, [&](int64_t offset, int64_t count) {
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) sums[static_cast<size_t>(i)] += static_cast<double>(x[offset + i]);
    });
    fold(sums, C, means.data());
    const auto n = static_cast<double>(end - begin);
    for (double& mean : means) mean /= n;

    const std::vector<double> about = Pattern<double>(C).fill([&](int64_t c) { return means[static_cast<size_t>(c)]; });
    std::ranges::fill(sums, 0.0);
    pattern.for_each_run(begin, end, [&](int64_t offset, int64_t count) {
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const double delta = static_cast<double>(x[offset + i]) - about[static_cast<size_t>(i)];
        sums[static_cast<size_t>(i)] += delta * delta;
      }
    });
    std::vector<double> squares(static_cast<size_t>(C));
    fold(sums, C, squares.data());
    for (int64_t c = 0; c < C; ++c) {
      partial[static_cast<size_t>(chunk * C + c)] = {n, means[static_cast<size_t>(c)], squares[static_cast<size_t>(c)]};
    }
  });
  std::vector<Moments> channels(static_cast<size_t>(C));
  for (size_t i = 0; i < partial.size(); ++i) channels[i % static_cast<size_t>(C)].combine(partial[i]);
  return channels;
}

// This view gives the statistics of one batch element, and what follows from them, as per-channel values.
template <class T>
struct ChannelView {
  const T* statistics;  // (groups, 2) for this batch element
  int64_t per_group;
  double mean(int64_t c) const { return static_cast<double>(statistics[c / per_group * 2]); }
  double rstd(int64_t c) const { return static_cast<double>(statistics[c / per_group * 2 + 1]); }
};

template <class T>
ChannelView<T> channel_view(const Tensor& statistics, int64_t n, int64_t C) {
  const int64_t groups = statistics.shape()[1];
  return {statistics.data<T>() + n * groups * 2, C / groups};
}

}  // namespace

Tensor group_norm_statistics(const Context& ctx, const Tensor& x, int64_t groups) {
  const auto [N, D, H, W, C] = activation(x.shape());
  const int64_t voxels = D * H * W, per_group = C / groups;
  Tensor statistics(ctx, {N, groups, 2}, compute_type(x.dtype()));
  if (!ctx.device.computes()) return statistics;
  dispatch(x.dtype(), [&]<class T>() {
    using V = Compute<T>;
    for (int64_t n = 0; n < N; ++n) {
      const std::vector<Moments> channels = channel_moments(x.data<T>() + n * voxels * C, voxels, C);
      for (int64_t g = 0; g < groups; ++g) {
        Moments group;
        for (int64_t c = g * per_group; c < (g + 1) * per_group; ++c) group.combine(channels[static_cast<size_t>(c)]);
        V* out = statistics.data<V>() + (n * groups + g) * 2;
        out[0] = static_cast<V>(group.mean);
        out[1] = static_cast<V>(1.0 / std::sqrt(group.squares / group.count + kGroupNormEpsilon));
      }
    }
  });
  return statistics;
}

void group_norm_leaky_relu_forward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                   const Tensor& beta, double slope, Tensor& y) {
  if (!ctx.device.computes()) return;
  const auto [N, D, H, W, C] = activation(x.shape());
  const int64_t voxels = D * H * W;
  dispatch_operands(x.dtype(), y.dtype(), [&]<class T, class Y>() {
    using V = Compute<T>;
    const Pattern<V> pattern(C);
    const auto s = static_cast<V>(slope);
    for (int64_t n = 0; n < N; ++n) {
      const auto view = channel_view<V>(statistics, n, C);
      const auto mean = pattern.fill([&](int64_t c) { return view.mean(c); });
      const auto scale =
          pattern.fill([&](int64_t c) { return view.rstd(c) * static_cast<double>(gamma.data<V>()[c]); });
      const auto shift = pattern.fill([&](int64_t c) { return beta.data<V>()[c]; });
      const T* px = x.data<T>() + n * voxels * C;
      Y* py = y.data<Y>() + n * voxels * C;
      for_each_chunk(voxels, C, [&](int64_t, int64_t begin, int64_t end) {
        pattern.for_each_run(begin, end, [&](int64_t offset, int64_t count) {
          const V *m = mean.data(), *a = scale.data(), *b = shift.data();
          const T* in = px + offset;
          Y* out = py + offset;
          const V leak = s;
#pragma omp simd
          for (int64_t i = 0; i < count; ++i) {
            const V z = (in[i] - m[i]) * a[i] + b[i];
            set_rounded(out[i], (z > 0 ? V{1} : leak) * z);
          }
        });
      });
    }
  });
}

namespace {

// Returns 2 C sums over voxels: dz and dz * xhat for every channel, where dz = dy * (z > 0 ? 1 : slope).
template <class T, class Y>
std::vector<double> gradient_sums(const T* px, const Y* pdy, int64_t voxels, int64_t C,
                                  const ChannelView<Compute<T>>& view, const Compute<T>* gamma, const Compute<T>* beta,
                                  Compute<T> slope) {
  using V = Compute<T>;
  const Pattern<V> pattern(C);
  const auto mean = pattern.fill([&](int64_t c) { return view.mean(c); });
  const auto rstd = pattern.fill([&](int64_t c) { return view.rstd(c); });
  const auto scale = pattern.fill([&](int64_t c) { return view.rstd(c) * static_cast<double>(gamma[c]); });
  const auto shift = pattern.fill([&](int64_t c) { return beta[c]; });
  return sum_chunks(voxels, C, 2 * C, [&](int64_t begin, int64_t end, double* sums) {
    std::vector<double> dz_sum(static_cast<size_t>(pattern.length())), dz_xhat_sum(dz_sum);
    pattern.for_each_run(begin, end, [&](int64_t offset, int64_t count) {
      const V *m = mean.data(), *r = rstd.data(), *a = scale.data(), *b = shift.data();
      const T* in = px + offset;
      const Y* dy = pdy + offset;
      double *sum = dz_sum.data(), *sum_xhat = dz_xhat_sum.data();
      const V leak = slope;
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const V centred = in[i] - m[i];
        const V dz = (centred * a[i] + b[i] > 0 ? V{1} : leak) * dy[i];
        sum[i] += static_cast<double>(dz);
        sum_xhat[i] += static_cast<double>(dz * (centred * r[i]));
      }
    });
    fold(dz_sum, C, sums);
    fold(dz_xhat_sum, C, sums + C);
  });
}

}  // namespace

void group_norm_gradient_sums(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                              const Tensor& beta, double slope, const Tensor& dy, Tensor& sums, int64_t part) {
  if (!ctx.device.computes()) return;
  const auto [N, D, H, W, C] = activation(x.shape());
  const int64_t voxels = D * H * W;
  dispatch_operands(x.dtype(), dy.dtype(), [&]<class T, class Y>() {
    using V = Compute<T>;
    for (int64_t n = 0; n < N; ++n) {
      const std::vector<double> of_image =
          gradient_sums(x.data<T>() + n * voxels * C, dy.data<Y>() + n * voxels * C, voxels, C,
                        channel_view<V>(statistics, n, C), gamma.data<V>(), beta.data<V>(), static_cast<V>(slope));
      std::ranges::copy(of_image, sums.data<double>() + (part * N + n) * 2 * sums.shape()[3]);
    }
  });
}

Tensor group_norm_corrections(const Context& ctx, const Tensor& sums, const Tensor& statistics, const Tensor& gamma,
                              int64_t voxels, Tensor& dgamma, Tensor& dbeta) {
  const int64_t parts = sums.shape()[0], N = sums.shape()[1], C = gamma.elements();
  const int64_t per_group = C / statistics.shape()[1];
  Tensor corrections(ctx.for_workspace(), {N, 2, C}, DType::f64);  // means of gamma dz and of gamma dz xhat
  if (!ctx.device.computes()) return corrections;
  const auto correct = [&]<class V>() {
    for (int64_t n = 0; n < N; ++n) {
      std::vector<double> sum(static_cast<size_t>(2 * C));
      for (int64_t part = 0; part < parts; ++part) {
        const double* of_part = sums.data<double>() + (part * N + n) * 2 * sums.shape()[3];
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += of_part[i];
      }
      const auto count = static_cast<double>(voxels * per_group);
      double* means = corrections.data<double>() + n * 2 * C;
      std::fill_n(means, 2 * C, 0.0);
      for (int64_t c = 0; c < C; ++c) {
        dbeta.data<V>()[c] += static_cast<V>(sum[static_cast<size_t>(c)]);
        dgamma.data<V>()[c] += static_cast<V>(sum[static_cast<size_t>(C + c)]);
        for (int64_t other = c / per_group * per_group; other < (c / per_group + 1) * per_group; ++other) {
          const auto g = static_cast<double>(gamma.data<V>()[other]);
          means[c] += g * sum[static_cast<size_t>(other)] / count;
          means[C + c] += g * sum[static_cast<size_t>(C + other)] / count;
        }
      }
    }
  };
  gamma.dtype() == DType::f64 ? correct.template operator()<double>() : correct.template operator()<float>();
  return corrections;
}

void group_norm_leaky_relu_corrected(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                     const Tensor& beta, double slope, const Tensor& dy, const Tensor& corrections,
                                     Tensor& dx, bool accumulate) {
  if (!ctx.device.computes()) return;
  const auto [N, D, H, W, C] = activation(x.shape());
  const int64_t voxels = D * H * W;
  dispatch_operands(x.dtype(), dy.dtype(), [&]<class T, class Y>() {
    using V = Compute<T>;
    const Pattern<V> pattern(C);
    const auto s = static_cast<V>(slope);
    const V *pg = gamma.data<V>(), *pb = beta.data<V>();
    for (int64_t n = 0; n < N; ++n) {
      const auto view = channel_view<V>(statistics, n, C);
      const T* px = x.data<T>() + n * voxels * C;
      const Y* pdy = dy.data<Y>() + n * voxels * C;
      T* pdx = dx.data<T>() + n * voxels * C;
      const double *mean_dz = corrections.data<double>() + n * 2 * C, *mean_dz_xhat = mean_dz + C;
      // With centred = x - mean: dx = scale * dz - offset - centred * tilt.
      const auto mean = pattern.fill([&](int64_t c) { return view.mean(c); });
      const auto scale = pattern.fill([&](int64_t c) { return view.rstd(c) * static_cast<double>(pg[c]); });
      const auto shift = pattern.fill([&](int64_t c) { return pb[c]; });
      const auto offset_term = pattern.fill([&](int64_t c) { return view.rstd(c) * mean_dz[c]; });
      const auto tilt = pattern.fill([&](int64_t c) { return view.rstd(c) * view.rstd(c) * mean_dz_xhat[c]; });
      for_each_chunk(voxels, C, [&](int64_t, int64_t begin, int64_t end) {
        pattern.for_each_run(begin, end, [&](int64_t offset, int64_t run) {
          const V *m = mean.data(), *a = scale.data(), *b = shift.data(), *o = offset_term.data(), *t = tilt.data();
          const T* in = px + offset;
          const Y* gradient = pdy + offset;
          T* out = pdx + offset;
          const auto value = [=](int64_t i) {
            const V centred = in[i] - m[i];
            const V dz = (centred * a[i] + b[i] > 0 ? V{1} : s) * gradient[i];
            return a[i] * dz - o[i] - centred * t[i];
          };
          if (accumulate) {
#pragma omp simd
            for (int64_t i = 0; i < run; ++i) set_rounded(out[i], out[i] + value(i));
          } else {
#pragma omp simd
            for (int64_t i = 0; i < run; ++i) set_rounded(out[i], value(i));
          }
        });
      });
    }
  });
}

}  // namespace revunet::REVUNET_CPU
