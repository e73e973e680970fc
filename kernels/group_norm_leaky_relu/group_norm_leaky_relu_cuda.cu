#include <cmath>

#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/norm.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"

namespace revunet::cuda {

namespace {

// Moments holds the means, and the sums of squares about them, of N channels of `count` voxels.
template <class V, int N>
struct Moments {
  V count, mean[N], squares[N];

  // Welford's algorithm.
  __device__ void add(const Channels<N>& values) {
    count += 1;
    const V share = 1 / count;
    for (int c = 0; c < N; ++c) {
      const V delta = values[c] - mean[c];
      mean[c] += delta * share;
      squares[c] += delta * (values[c] - mean[c]);
    }
  }
  // The formula is that of Chan, Golub and LeVeque.
  __device__ void combine(const Moments& other) {
    const V total = count + other.count, share = other.count / (total > 0 ? total : 1);
    for (int c = 0; c < N; ++c) {
      const V delta = other.mean[c] - mean[c];
      squares[c] += other.squares[c] + delta * delta * count * share;
      mean[c] += delta * share;
    }
    count = total;
  }
};

// These are the moments of one channel over the voxels of a range, as they are in memory.
using RangeMoments = Moments<float, 1>;

// partial is (ranges, packs * kPack): the moments of each channel over the voxels of each range.
template <class T>
__global__ void __launch_bounds__(kGridThreads, kBlocksPerSm<kPack<T>>)
    channel_moments_kernel(int64_t voxels, int64_t range, int64_t packs, const T* x, RangeMoments* partial) {
  using PackMoments = Moments<float, kPack<T>>;
  REVUNET_SHARED(PackMoments, shared, kGridThreads);
  const unsigned self = threadIdx.y * blockDim.x + threadIdx.x;
  const int64_t pack = grid_pack();
  for (int64_t r = blockIdx.x; r * range < voxels; r += gridDim.x) {
    PackMoments moments{};
    if (pack < packs) {
      VoxelRange(voxels, range, r)
          .for_each_voxel<kBatch<1>>([&](int64_t v) { return Pack<T>::load(x + (v * packs + pack) * kPack<T>); },
                                     [&](int64_t, const Pack<T>& values) { moments.add(values); });
    }
    shared[self] = moments;
    reduce_rows(shared, [](PackMoments& to, const PackMoments& from) { to.combine(from); });
    if (threadIdx.y == 0 && pack < packs) {
      moments = shared[self];
      for (int c = 0; c < kPack<T>; ++c) {
        partial[(r * packs + pack) * kPack<T> + c] = {moments.count, {moments.mean[c]}, {moments.squares[c]}};
      }
    }
    __syncthreads();  // before the next range
  }
}

constexpr unsigned kGroupThreads = 512;

// Each block computes one group: statistics (groups, 2) from partial (ranges, stride).
__global__ void __launch_bounds__(kGroupThreads)
    group_statistics_kernel(int64_t ranges, int64_t stride, int64_t per_group, const RangeMoments* partial,
                            float* statistics) {
  using GroupMoments = Moments<double, 1>;
  REVUNET_SHARED(GroupMoments, shared, kGroupThreads);
  const int64_t group = blockIdx.x, first = group * per_group;
  GroupMoments moments{};
  for (int64_t r = threadIdx.y; r < ranges; r += kGroupThreads) {
    for (int64_t c = first; c < first + per_group; ++c) {
      const RangeMoments part = partial[r * stride + c];
      moments.combine({part.count, {part.mean[0]}, {part.squares[0]}});
    }
  }
  shared[threadIdx.y] = moments;
  reduce_rows(shared, [](GroupMoments& to, const GroupMoments& from) { to.combine(from); });
  if (threadIdx.y != 0) return;
  statistics[2 * group] = static_cast<float>(shared[0].mean[0]);
  statistics[2 * group + 1] =
      static_cast<float>(1.0 / sqrt(shared[0].squares[0] / shared[0].count + kGroupNormEpsilon));
}

// Here and in the gradient, threads take packs of Y, which is the narrower type where there are two.
template <class X, class Y>
__global__ void __launch_bounds__(kGridThreads, kBlocksPerSm<kPack<Y>>)
    forward_kernel(int64_t voxels, int64_t range, int64_t packs, Voxels<const X> x, Norm norm, Voxels<Y> y) {
  constexpr int N = kPack<Y>;
  const int64_t pack = grid_pack();
  if (pack >= packs) return;
  Norm::Channel channels[N];
  for (int c = 0; c < N; ++c) channels[c] = norm.channel(pack * N + c);
  const auto load = [&](int64_t v) { return x.template load<N>(v, pack); };
  const auto store = [&](int64_t v, Channels<N> values) {
    for (int c = 0; c < N; ++c) {
      const float z = channels[c].z(values[c]);
      values[c] = leak(z, norm.slope) * z;
    }
    y.store(v, pack, values);
  };
  for (int64_t r = blockIdx.x; r * range < voxels; r += gridDim.x) {
    VoxelRange(voxels, range, r).for_each_voxel<kBatch<Voxels<X>::template kLoads<N>>>(load, store);
  }
}

// The terms are dz and dz * xhat.
struct GradientTerms {
  Norm norm;

  __device__ Norm::Channel channel(int64_t c) const { return norm.channel(c); }
  __device__ void terms(const Norm::Channel& c, float x, float dy, float (&to)[2]) const {
    to[0] = leak(c.z(x), norm.slope) * dy;
    to[1] = to[0] * ((x - c.mean) * c.rstd);
  }
};

constexpr unsigned kCorrectionThreads = 64;  // one per channel

// sums is (parts, `part` numbers each): of dz, then of dz * xhat from `stride` on. Adds them to dbeta and dgamma, and
// leaves in `corrections` (2, C) what is subtracted from every voxel's gradient: dx = scale * dz - offset - (x - mean)
// * tilt.
__global__ void __launch_bounds__(kCorrectionThreads)
    corrections_kernel(Norm norm, int64_t voxels, int64_t parts, int64_t part, int64_t stride, const double* sums,
                       float* dgamma, float* dbeta, float* corrections) {
  const int64_t c = grid_thread();
  if (c >= norm.C) return;
  const auto sum_of = [&](int64_t column) {
    double sum = 0;
    for (int64_t p = 0; p < parts; ++p) sum += sums[p * part + column];
    return sum;
  };
  dbeta[c] += static_cast<float>(sum_of(c));
  dgamma[c] += static_cast<float>(sum_of(stride + c));
  const auto count = static_cast<double>(voxels * norm.per_group);
  double mean_dz = 0, mean_dz_xhat = 0;
  const int64_t first = c / norm.per_group * norm.per_group;
  for (int64_t other = first; other < first + norm.per_group; ++other) {
    const auto gamma = static_cast<double>(norm.gamma[other]);
    mean_dz += gamma * sum_of(other) / count;
    mean_dz_xhat += gamma * sum_of(stride + other) / count;
  }
  const auto rstd = static_cast<double>(norm.rstd(c));
  corrections[c] = static_cast<float>(rstd * mean_dz);
  corrections[norm.C + c] = static_cast<float>(rstd * rstd * mean_dz_xhat);
}

template <bool accumulate, class X, class Y>
__global__ void __launch_bounds__(kGridThreads, kBlocksPerSm<kPack<Y>>)
    backward_kernel(int64_t voxels, int64_t range, int64_t packs, Voxels<const X> x, Voxels<const Y> dy, Norm norm,
                    const float* corrections, Voxels<X> dx) {
  constexpr int N = kPack<Y>;
  const int64_t pack = grid_pack();
  if (pack >= packs) return;
  Norm::Channel channels[N];
  float offset[N] = {}, tilt[N] = {};
  for (int c = 0; c < N; ++c) {
    const int64_t channel = pack * N + c;
    channels[c] = norm.channel(channel);
    if (channel >= norm.C) continue;
    offset[c] = corrections[channel];
    tilt[c] = corrections[norm.C + channel];
  }
  constexpr int kLoads = 1 + (accumulate ? 2 : 1) * Voxels<X>::template kLoads<N>;
  struct Operands {
    Channels<N> x, dy, dx;
  };
  const auto load = [&](int64_t v) {
    return Operands{x.template load<N>(v, pack), dy.template load<N>(v, pack),
                    accumulate ? dx.template load<N>(v, pack) : Channels<N>{}};
  };
  const auto store = [&](int64_t v, Operands at) {
    for (int c = 0; c < N; ++c) {
      const float dz = leak(channels[c].z(at.x[c]), norm.slope) * at.dy[c];
      at.dx[c] += channels[c].scale * dz - offset[c] - (at.x[c] - channels[c].mean) * tilt[c];
    }
    dx.store(v, pack, at.dx);
  };
  for (int64_t r = blockIdx.x; r * range < voxels; r += gridDim.x) {
    VoxelRange(voxels, range, r).for_each_voxel<kBatch<kLoads>>(load, store);
  }
}

}  // namespace

Tensor group_norm_statistics(const Context& ctx, const Tensor& x, int64_t groups) {
  const auto [N, D, H, W, C] = activation(x.shape());
  const int64_t voxels = D * H * W, stride = x.channel_stride(), per_group = C / groups;
  Tensor statistics(ctx, {N, groups, 2}, DType::f32);
  dispatch_f32_bf16(x.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(voxels, packs_per_voxel<T>(x));
    // Each Moments takes three f32.
    Tensor partial(ctx.for_workspace(), {g.ranges(), stride, 3}, DType::f32);
    auto* moments = reinterpret_cast<RangeMoments*>(partial.data<float>());
    for (int64_t n = 0; n < N; ++n) {
      launch_in_turn(ctx, g, channel_moments_kernel<T>, voxels, g.range, g.packs, voxels_of<T>(x, n).data, moments);
      launch(ctx, dim3(static_cast<unsigned>(groups)), dim3(1, kGroupThreads), group_statistics_kernel, g.ranges(),
             stride, per_group, moments, statistics.data<float>() + n * groups * 2);
    }
  });
  return statistics;
}

void group_norm_leaky_relu_forward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                   const Tensor& beta, double slope, Tensor& y) {
  const auto [N, D, H, W, C] = activation(x.shape());
  dispatch_device_operands(x.dtype(), y.dtype(), [&]<class X, class Y>() {
    const VoxelGrid g = voxel_grid(D * H * W, packs_per_voxel<Y>(y));
    for (int64_t n = 0; n < N; ++n) {
      launch_in_turn(ctx, g, forward_kernel<X, Y>, g.voxels, g.range, g.packs, voxels_of<X>(x, n),
                     norm_of(statistics, n, gamma, beta.data<float>(), slope), voxels_of<Y>(y, n));
    }
  });
}

void group_norm_gradient_sums(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                              const Tensor& beta, double slope, const Tensor& dy, Tensor& sums, int64_t part) {
  const auto [N, D, H, W, C] = activation(x.shape());
  dispatch_device_operands(x.dtype(), dy.dtype(), [&]<class X, class Y>() {
    for (int64_t n = 0; n < N; ++n) {
      channel_sums<2>(ctx, D * H * W, voxels_of<X>(x, n), voxels_of<Y>(dy, n),
                      GradientTerms{norm_of(statistics, n, gamma, beta.data<float>(), slope)},
                      sums.data<double>() + (part * N + n) * 2 * dy.channel_stride());
    }
  });
}

Tensor group_norm_corrections(const Context& ctx, const Tensor& sums, const Tensor& statistics, const Tensor& gamma,
                              int64_t voxels, Tensor& dgamma, Tensor& dbeta) {
  const int64_t parts = sums.shape()[0], N = sums.shape()[1], stride = sums.shape()[3], C = gamma.elements();
  Tensor corrections(ctx.for_workspace(), {N, 2, C}, DType::f32);
  for (int64_t n = 0; n < N; ++n) {
    launch(ctx, blocks_for(C, kCorrectionThreads), dim3(kCorrectionThreads), corrections_kernel,
           norm_of(statistics, n, gamma, nullptr, kNoLeakyRelu), voxels, parts, N * 2 * stride, stride,
           sums.data<double>() + n * 2 * stride, dgamma.data<float>(), dbeta.data<float>(),
           corrections.data<float>() + n * 2 * C);
  }
  return corrections;
}

void group_norm_leaky_relu_corrected(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                     const Tensor& beta, double slope, const Tensor& dy, const Tensor& corrections,
                                     Tensor& dx, bool accumulate) {
  const auto [N, D, H, W, C] = activation(x.shape());
  dispatch_device_operands(x.dtype(), dy.dtype(), [&]<class X, class Y>() {
    const VoxelGrid g = voxel_grid(D * H * W, packs_per_voxel<Y>(dy));
    const auto kernel = accumulate ? backward_kernel<true, X, Y> : backward_kernel<false, X, Y>;
    for (int64_t n = 0; n < N; ++n) {
      launch_in_turn(ctx, g, kernel, g.voxels, g.range, g.packs, voxels_of<X>(x, n), voxels_of<Y>(dy, n),
                     norm_of(statistics, n, gamma, beta.data<float>(), slope), corrections.data<float>() + n * 2 * C,
                     voxels_of<X>(dx, n));
    }
  });
}

}  // namespace revunet::cuda
