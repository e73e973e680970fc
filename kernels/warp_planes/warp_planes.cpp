#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

namespace {

// Returns the coefficients of a spline through three values, with c[-1] = c[1] and c[3] = c[1]. It multiplies by the
// inverse of {{4, 2, 0}, {1, 4, 1}, {0, 2, 4}} / 6.
std::array<double, 3> coefficients_through(const std::array<double, 3>& v) {
  const double middle = 2 * v[1] - (v[0] + v[2]) / 2;
  return {(3 * v[0] - middle) / 2, middle, (3 * v[2] - middle) / 2};
}

void check(const Tensor& source, const Tensor& result, const std::array<int64_t, 3>& low) {
  const Activation from = activation(source.shape()), to = activation(result.shape());
  const bool inside = low[0] >= 0 && low[1] >= 0 && low[2] >= 0 && low[0] + to.D <= from.D && low[1] + to.H <= from.H &&
                      low[2] + to.W <= from.W;
  REVUNET_EXPECTS(
      source.dtype() == DType::f32 && from.N == 1 && to.N == 1 && from.C == to.C && from.C <= kMostChannels && inside,
      Error,
      "[warp_planes] expected an f32 volume of one sample with at most {} channels and a window inside, "
      "got {} and a window {} at {}, {}, {}",
      kMostChannels, source.shape().to_string(), result.shape().to_string(), low[0], low[1], low[2]);
}

// Checks that the labels are those of `image`.
void check_labels(const Tensor& labels, const Tensor& image) {
  const auto [N, D, H, W, C] = activation(image.shape());
  const TensorSpec wanted{{N, D, H, W, 1}, DType::u8};
  REVUNET_EXPECTS(labels.spec() == wanted, Error, "[warp_planes] expected labels {} for an image {}, got {}",
                  wanted.to_string(), image.spec().to_string(), labels.spec().to_string());
}

}  // namespace

std::array<double, 9> spline_coefficients(const std::array<double, 9>& values) {
  std::array<double, 9> c = values;
  for (size_t stride : {size_t{1}, size_t{3}}) {  // along v, then along u
    for (size_t i = 0; i < 3; ++i) {
      const size_t first = i * (stride == 1 ? 3 : 1);
      const auto line = coefficients_through({c[first], c[first + stride], c[first + 2 * stride]});
      for (size_t k = 0; k < 3; ++k) c[first + k * stride] = line[k];
    }
  }
  return c;
}

void warp_planes(const Context& ctx, const Tensor& source, const Tensor& source_labels, const PlaneWarp& warp,
                 const std::array<int64_t, 3>& low, Tensor& image, Tensor& labels) {
  REVUNET_EXPECTS(warp.normal >= 0 && warp.normal <= 2, Error,
                  "[warp_planes] expected planes perpendicular to axis 0, 1 or 2, got {}", warp.normal);
  check(source, image, low);
  check_labels(source_labels, source);
  check_labels(labels, image);
  const LayerScope scope(ctx, "warp_planes");
  return REVUNET_ON_DEVICE(warp_planes, ctx, source, source_labels, warp, low, image, labels);
}

}  // namespace revunet
