#include "kernels/conv3d/cpu/amx/input_rows.h"

#include <algorithm>

#include "kernels/ceil_div.h"
#include "kernels/conv3d/cpu/amx/tiles.h"
#include "kernels/conv3d/cpu/amx/vectors.h"

namespace revunet::amx {

Geometry::Geometry(const Activation& voxels, int64_t kernel)
    : N(voxels.N),
      D(voxels.D),
      H(voxels.H),
      W(voxels.W),
      k(kernel),
      voxel_channels(voxels.C),
      folded(kernel == 3 && kernel * voxels.C <= kTileDepth) {}

int64_t Geometry::chunks() const {
  return ceil_div(channels(), kTileDepth);
}

int64_t Geometry::padded_channels() const {
  return chunks() * kTileDepth;
}

InputRows::InputRows(const Tensor& x, int64_t k) : x_(x), geometry_(activation(x.shape()), k) {}

InputRows::InputRows(const NormedActivation& x, int64_t k) : InputRows(x.x(), k) {
  normed_ = true;
  const auto& [statistics, gamma, beta, slope] = x.norm();
  if (!x_.device().computes()) return;
  slope_ = static_cast<float>(slope);
  const int64_t C = geometry_.voxel_channels, groups = statistics.shape()[1];
  coefficients_.resize(static_cast<size_t>(geometry_.N * 3 * C));
  for (int64_t n = 0; n < geometry_.N; ++n) {
    float *mean = coefficients_.data() + n * 3 * C, *scale = mean + C, *shift = scale + C;
    for (int64_t c = 0; c < C; ++c) {
      const float* of_group = statistics.data<float>() + (n * groups + c / (C / groups)) * 2;
      mean[c] = of_group[0];
      scale[c] = static_cast<float>(static_cast<double>(of_group[1]) * static_cast<double>(gamma.data<float>()[c]));
      shift[c] = beta.data<float>()[c];
    }
  }
}

REVUNET_BEGIN_AVX512

namespace {

// Both set `to` to the values of voxels that lie `stride` apart, and are zero behind the last channel.
template <class T>
void widen(const T* from, int64_t voxels, int64_t channels, int64_t stride, float* to) {
  for (int64_t v = 0; v < voxels; ++v, from += channels, to += stride) {
    for (int64_t c = 0; c < stride; c += 16) {
      store(to + c, first_lanes(stride - c), load(from + c, first_lanes(channels - c)));
    }
  }
}

template <class T>
void normalise(const T* from, int64_t voxels, int64_t channels, const float* mean, const float* scale,
               const float* shift, float slope, int64_t stride, float* to) {
  const __m512 leak = _mm512_set1_ps(slope);
  for (int64_t v = 0; v < voxels; ++v, from += channels, to += stride) {
    for (int64_t c = 0; c < stride; c += 16) {
      const __mmask16 lanes = first_lanes(channels - c);
      const __m512 centred = _mm512_sub_ps(load(from + c, lanes), load(mean + c, lanes));
      // The compiler fuses this into one instruction where it fuses the loop of group_norm_leaky_relu_forward, so the
      // bits are the same.
      const __m512 z = _mm512_add_ps(_mm512_mul_ps(centred, load(scale + c, lanes)), load(shift + c, lanes));
      const __mmask16 positive = _mm512_cmp_ps_mask(z, _mm512_setzero_ps(), _CMP_GT_OQ);
      store(to + c, first_lanes(stride - c), _mm512_mask_mul_ps(z, static_cast<__mmask16>(~positive), z, leak));
    }
  }
}

// Sets `to` to the values of three voxels for each voxel, 32 with zeros behind them. `from` has a voxel of zeros before
// the first one, and one behind the last.
void fold(const float* from, int64_t voxels, int64_t channels, float* to) {
  const int64_t count = 3 * channels;
  for (int64_t v = 0; v < voxels; ++v, from += channels, to += kTileDepth) {
    _mm512_storeu_ps(to, load(from, first_lanes(count)));
    _mm512_storeu_ps(to + 16, load(from + 16, first_lanes(count - 16)));
  }
}

}  // namespace

REVUNET_END_AVX512

void InputRows::read_voxels(int64_t n, int64_t row, int64_t stride, float* to) const {
  const auto read_as = [&]<class T>() {
    const int64_t C = geometry_.voxel_channels;
    const T* from = x_.data<T>() + row * geometry_.W * C;
    if (!normed_) return widen(from, geometry_.W, C, stride, to);
    const float* mean = coefficients_.data() + n * 3 * C;
    normalise(from, geometry_.W, C, mean, mean + C, mean + 2 * C, slope_, stride, to);
  };
  x_.dtype() == DType::bf16 ? read_as.template operator()<bfloat16>() : read_as.template operator()<float>();
}

void InputRows::read(int64_t n, int64_t d, int64_t h, float* to, float* scratch) const {
  const auto& g = geometry_;
  const int64_t row = (n * g.D + d) * g.H + h, C = g.voxel_channels;
  if (!g.folded) return read_voxels(n, row, g.padded_channels(), to);
  std::fill_n(scratch, C, 0.0f);
  read_voxels(n, row, C, scratch + C);
  std::fill_n(scratch + (g.W + 1) * C, C, 0.0f);
  fold(scratch, g.W, C, to);
}

}  // namespace revunet::amx
