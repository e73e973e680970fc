#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/rng.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// A ChannelVolume is one channel of an image, (X, Y, Z).
struct ChannelVolume {
  int64_t X, Y, Z;
  std::vector<double> values;
};

// Multiplies every line along an axis by the matrix weight(to, from, size).
template <class F>
void multiply_lines(ChannelVolume& v, int axis, F weight) {
  const int64_t size = axis == 0 ? v.X : axis == 1 ? v.Y : v.Z;
  const int64_t stride = axis == 0 ? v.Y * v.Z : axis == 1 ? v.Z : 1;
  const std::vector<double> from = v.values;
  for (int64_t i = 0; i < v.X * v.Y * v.Z; ++i) {
    const int64_t to = i / stride % size, first = i - to * stride;
    double sum = 0;
    for (int64_t k = 0; k < size; ++k) sum += weight(to, k, size) * from[static_cast<size_t>(first + k * stride)];
    v.values[static_cast<size_t>(i)] = sum;
  }
}

void blur(ChannelVolume& v, double sigma) {
  const auto gaussian = [sigma](int64_t distance) {
    const auto d = static_cast<double>(distance);
    return std::abs(d) > 3 * sigma ? 0 : std::exp(-d * d / (2 * sigma * sigma));
  };
  double sum = 0;
  for (int64_t d = -3; d <= 3; ++d) sum += gaussian(d);
  for (int axis = 0; axis < 3; ++axis) {
    multiply_lines(v, axis, [&](int64_t to, int64_t from, int64_t) { return gaussian(to - from) / sum; });
  }
}

// Point k of the coarse grid has the hat function about its own index, and the value of the voxel at its cell's middle.
void lower_resolution(ChannelVolume& v, double resolution) {
  const auto weight = [resolution](int64_t to, int64_t from, int64_t size) {
    const auto extent = static_cast<double>(size);
    const double points = std::max(1.0, std::floor(extent * resolution + 0.5));
    const double place = std::clamp((static_cast<double>(to) + 0.5) * points / extent - 0.5, 0.0, points - 1);
    double sum = 0;
    for (double k = 0; k < points; ++k) {
      const double voxel = std::min(extent - 1, std::floor((k + 0.5) * extent / points));
      if (voxel == static_cast<double>(from)) sum += std::max(0.0, 1 - std::abs(place - k));
    }
    return sum;
  };
  for (int axis = 0; axis < 3; ++axis) multiply_lines(v, axis, weight);
}

// Returns Box and Muller's normal number, from 24 bits for the radius and 24 for the angle.
double normal_of(uint64_t bits) {
  const double radius = std::sqrt(-2 * std::log((static_cast<double>(bits >> 40) + 1) / 0x1p24));
  return radius * std::cos(2 * std::numbers::pi * static_cast<double>(bits & 0xFFFFFF) / 0x1p24);
}

// Applies f(v, i) to the values that are not background. i counts the channel's voxels.
template <class F>
void change_foreground(ChannelVolume& volume, F f) {
  for (size_t i = 0; i < volume.values.size(); ++i) {
    double& v = volume.values[i];
    if (v != 0) v = f(v, i);
  }
}

void change_channel(ChannelVolume& volume, const IntensityChange& change, uint64_t key, size_t channel,
                    size_t channels) {
  const double noise = change.noise, brightness = change.brightness, contrast = change.contrast, gamma = change.gamma;
  const double least = change.least, greatest = change.greatest;
  if (noise > 0) {
    change_foreground(volume, [&](double v, size_t i) {
      return v + noise * normal_of(splitmix64(key + static_cast<uint64_t>(i * channels + channel)));
    });
  }
  if (change.blur > 0) blur(volume, change.blur);
  change_foreground(volume, [&](double v, size_t) {
    return contrast == 1 ? brightness * v : std::clamp(contrast * brightness * v, least, greatest);
  });
  if (change.resolution < 1) lower_resolution(volume, change.resolution);
  if (gamma == 1) return;
  change_foreground(volume, [&](double v, size_t) {
    const double t = (std::clamp(v, least, greatest) - least) / (greatest - least);
    return change.inverted ? greatest - (greatest - least) * std::pow(1 - t, gamma)
                           : least + (greatest - least) * std::pow(t, gamma);
  });
}

HostTensors changed(const IntensityChanges& changes, const Shape& shape, const HostTensors& x) {
  const auto [N, X, Y, Z, C] = activation(shape);
  const auto channels = static_cast<size_t>(C);
  HostTensors outputs = x;
  for (size_t c = 0; c < channels; ++c) {
    ChannelVolume volume{X, Y, Z, {}};
    for (size_t i = c; i < x[0].size(); i += channels) volume.values.push_back(x[0][i]);
    change_channel(volume, changes.channels[c], changes.key, c, channels);
    for (size_t i = 0; i < volume.values.size(); ++i) outputs[0][i * channels + c] = volume.values[i];
  }
  return outputs;
}

// Channel c is changed by changes[c modulo their number]. bf16_roundings is in units of the largest value's rounding in
// bf16. Every step rounds the image, but a rounding counts for little where other values are larger than those blurred
// before.
OpCase change_case(const std::string& name, const Shape& shape, const std::vector<IntensityChange>& changes_of_channels,
                   int bf16_roundings, bool benchmark = false) {
  IntensityChanges changes{.key = 12, .channels = {}};
  for (size_t c = 0; c < kChangedChannels; ++c) {
    changes.channels[c] = changes_of_channels[c % changes_of_channels.size()];
  }
  // A third of the image is background.
  const CaseInput image(shape, CaseInput::Type::tested,
                        [](double normal) { return std::abs(normal) < 0.43 ? 0 : normal; });
  return {
      .name = "change_intensities: " + name,
      .inputs = {image},
      .parameters = {},
      .run = [changes](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
        change_intensities(ctx.with_tag(Tag::input), changes, x[0].value);
        return {x[0]};
      },
      .differentiable = false,
      .reference = [changes, shape](const HostTensors& x) { return changed(changes, shape, x); },
      .tolerance_f32 = 1e-6,
      .tolerance_reason =
          "logarithm, cosine and powers in f32, a dozen roundings; an image in f64 is changed in f32 too",
      .tolerance_bf16 = bf16_roundings / 256.0,
      .tolerance_f64 = 1e-6,
      .bytes_forward = 14.0 * static_cast<double>(shape.elements() * size_of(DType::f32)),  // 7 steps over all elements
      .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> change_intensities_cases(const LevelSize& finest) {
  const IntensityChange noise{.noise = 0.3f}, wide{.blur = 1}, narrow{.blur = 0.5f};
  const IntensityChange bright{.brightness = 1.2f}, contrast{.contrast = 0.7f, .least = -1, .greatest = 1.5f};
  const IntensityChange coarse{.resolution = 0.55f}, fine{.resolution = 0.9f};
  const IntensityChange gamma{.gamma = 1.4f, .least = -3, .greatest = 3};
  const IntensityChange inverted{.gamma = 1.25f, .inverted = true, .least = -2, .greatest = 2};
  const IntensityChange all{.noise = 0.1f,
                            .blur = 0.7f,
                            .brightness = 1.1f,
                            .contrast = 0.8f,
                            .resolution = 0.6f,
                            .gamma = 1.3f,
                            .least = -3,
                            .greatest = 3};
  return {change_case("one voxel, 3 channels, everything", {1, 1, 1, 1, 3}, {all}, 3),
          change_case("nothing", {1, 2, 3, 4, 3}, {{}}, 0),
          change_case("noise, 7 channels", {1, 5, 3, 4, 7}, {noise, {}}, 1),
          change_case("blurs wider than the image, 3 channels", {1, 2, 7, 3, 3}, {wide, {}, narrow}, 1),
          change_case("brightness and contrast, 5 channels", {1, 3, 5, 7, 5}, {bright, contrast, {}}, 1),
          change_case("lower resolutions, 4 channels", {1, 9, 6, 7, 4}, {coarse, {}, fine}, 1),
          change_case("gamma, 8 channels", {1, 3, 4, 5, 8}, {gamma, inverted, {}}, 1),
          change_case("blurs and brightness, 16 channels", {1, 3, 4, 2, 16}, {narrow, bright, {}}, 1),
          change_case("everything, 4 channels", {1, 13, 9, 11, 4}, {all, noise, coarse, inverted}, 1),
          change_case("everything, 4 channels at " + finest.name(), finest.shape(4), {all}, 3, true)};
}

}  // namespace revunet
