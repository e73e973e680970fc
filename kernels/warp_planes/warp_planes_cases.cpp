#include <algorithm>
#include <cmath>

#include "kernels/op_case.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

namespace {

using ControlValues = std::array<double, 9>;  // at the control points, u by u

// A WarpCase says what a case asks for. It has displacements as they are, not the coefficients that the op takes.
struct WarpCase {
  std::array<int64_t, 3> field, low, window;  // x, y, z
  int64_t channels;
  std::array<bool, 3> flip{};
  std::array<double, 4> matrix = {1, 0, 0, 1};
  std::array<ControlValues, 2> displacements{};
  float shift = 0;  // channel c is shifted by (c + 1) times it
  int normal = 2;

  Shape shape(const std::array<int64_t, 3>& size, int64_t c) const { return {1, size[0], size[1], size[2], c}; }
  float shift_of(int64_t c) const { return shift * static_cast<float>(c + 1); }
};

PlaneWarp warp_of(const WarpCase& w) {
  PlaneWarp warp{.normal = w.normal, .flip = w.flip, .matrix = w.matrix, .deformation = {}, .shift = {}};
  for (size_t axis = 0; axis < 2; ++axis) warp.deformation[axis] = spline_coefficients(w.displacements[axis]);
  for (int64_t c = 0; c < kMostChannels; ++c) warp.shift[static_cast<size_t>(c)] = w.shift_of(c);
  return warp;
}

// Returns the cubic spline through v at 0, 1 and 2 that is level at both ends, as Hermite's polynomials give it. Its
// second derivative is continuous at 1 where its slope there is 3/4 (v[2] - v[0]).
double spline(const double* v, int64_t stride, double u) {
  const double slope = 0.75 * (v[2 * stride] - v[0]), slopes[] = {0, slope, 0};
  const int64_t i = u < 1 ? 0 : 1;
  const double t = u - static_cast<double>(i), s = 1 - t;
  return v[i * stride] * s * s * (1 + 2 * t) + v[(i + 1) * stride] * t * t * (1 + 2 * s) + slopes[i] * t * s * s -
         slopes[i + 1] * t * t * s;
}

double displacement(const ControlValues& values, double u, double v) {
  double rows[3];
  for (int64_t i = 0; i < 3; ++i) rows[i] = spline(&values[static_cast<size_t>(3 * i)], 1, v);
  return spline(rows, 1, u);
}

// Returns the case with planes perpendicular to `normal` (0 x, 1 y, 2 z) in place of z. The sizes and flips go with the
// planes' axes: those of x and y become those of the planes' first and second axis.
WarpCase perpendicular_to(int normal, const WarpCase& along_z) {
  WarpCase w = along_z;
  w.normal = normal;
  const auto move = [normal]<class T>(std::array<T, 3>& of_axis) {
    std::rotate(of_axis.begin() + normal, of_axis.begin() + 2, of_axis.end());
  };
  move(w.field);
  move(w.low);
  move(w.window);
  move(w.flip);
  return w;
}

// Returns the place that a voxel of the window comes from.
std::array<double, 3> place_of(const WarpCase& w, const std::array<int64_t, 3>& voxel) {
  std::array<double, 3> p{}, u{};
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto last = static_cast<double>(w.field[axis] - 1), at = static_cast<double>(w.low[axis] + voxel[axis]);
    p[axis] = w.flip[axis] ? last - at : at;
    u[axis] = last > 0 ? 2 * p[axis] / last : 1;
  }
  const size_t i = w.normal == 0 ? 1 : 0, j = w.normal == 2 ? 1 : 2;  // the planes' axes
  const double ci = static_cast<double>(w.field[i] - 1) / 2, cj = static_cast<double>(w.field[j] - 1) / 2;
  const double di = p[i] - ci, dj = p[j] - cj;
  p[i] = ci + w.matrix[0] * di + w.matrix[1] * dj + displacement(w.displacements[0], u[i], u[j]);
  p[j] = cj + w.matrix[2] * di + w.matrix[3] * dj + displacement(w.displacements[1], u[i], u[j]);
  return p;
}

// Returns the sum over the whole source of f's product along x, y and z, which is 0 in other planes, times its value.
template <class F>
double volume_sum(const WarpCase& w, const std::vector<double>& source, int64_t channels,
                  const std::array<double, 3>& place, int64_t c, F f) {
  double sum = 0;
  size_t voxel = 0;
  for (int64_t x = 0; x < w.field[0]; ++x) {
    const double at_x = f(place[0] - static_cast<double>(x));
    for (int64_t y = 0; y < w.field[1]; ++y) {
      const double at_y = at_x * f(place[1] - static_cast<double>(y));
      for (int64_t z = 0; z < w.field[2]; ++z, ++voxel) {
        const double weight = at_y * f(place[2] - static_cast<double>(z));
        sum += weight * source[voxel * static_cast<size_t>(channels) + static_cast<size_t>(c)];
      }
    }
  }
  return sum;
}

// Every voxel of the source has a hat function in the image, and a square of side 1 in the labels.
HostTensors warped(const WarpCase& w, const HostTensors& arguments) {
  const auto hat = [](double distance) { return std::max(0.0, 1 - std::abs(distance)); };
  const auto box = [](double distance) { return std::abs(distance) < 0.5 ? 1.0 : 0.0; };
  HostTensors outputs(2);
  for (int64_t x = 0; x < w.window[0]; ++x) {
    for (int64_t y = 0; y < w.window[1]; ++y) {
      for (int64_t z = 0; z < w.window[2]; ++z) {
        const auto p = place_of(w, {x, y, z});
        for (int64_t c = 0; c < w.channels; ++c) {
          const double value = volume_sum(w, arguments[0], w.channels, p, c, hat);
          outputs[0].push_back(value == 0 ? 0 : value + static_cast<double>(w.shift_of(c)));
        }
        outputs[1].push_back(volume_sum(w, arguments[1], 1, p, 0, box));
      }
    }
  }
  return outputs;
}

OpCase warp_case(const std::string& name, const WarpCase& w, bool benchmark = false) {
  using enum CaseInput::Type;
  const Shape image = w.shape(w.window, w.channels), labels = w.shape(w.window, 1);
  const auto background = [](double normal) { return std::abs(normal) < 0.5 ? 0 : normal; };
  const auto label = [](double normal) { return normal > 0.5 ? 4.0 : normal > 0 ? 2.0 : normal > -0.5 ? 1.0 : 0.0; };
  return {.name = "warp_planes: " + name,
          // The inputs are the sources, then the tensors that are written to, whatever they held before.
          .inputs = {{w.shape(w.field, w.channels), f32, background},
                     {w.shape(w.field, 1), u8, label},
                     image,
                     {labels, u8, label}},
          .parameters = {},
          .run = [w](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            warp_planes(ctx, x[0].value, x[1].value, warp_of(w), w.low, x[2].value, x[3].value);
            return {x[2], x[3]};
          },
          .differentiable = false,
          .reference = [w](const HostTensors& arguments) { return warped(w, arguments); },
          .tolerance_f32 = 3e-6,
          .tolerance_reason =
              "CUDA's places are in f32, off by a few roundings of coordinates up to 16; neighbours differ by "
              "up to twice the largest value",
          .tolerance_f64 = 3e-7,  // places are in f64, but weights, four products and their sum are in f32
          .bytes_forward = 8.0 * static_cast<double>(image.elements() + labels.elements()),
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> warp_planes_cases(const LevelSize& finest) {
  // The displacements are up to 2 voxels, and have no symmetry.
  const std::array<ControlValues, 2> displacements = {
      {{0.3, -1.1, 0.7, 1.9, -0.4, 0.2, -1.6, 0.9, 0.1}, {-0.8, 0.5, 1.3, -0.2, 1.7, -1.2, 0.6, -0.3, 0.4}}};
  // No place is half-way between two voxels, where rounding would choose the nearest.
  const std::array<double, 4> turned = {0.9137, -0.2171, 0.2593, 1.0871};
  const std::array<int64_t, 3> none{}, step = {finest.D, finest.H, finest.W};
  const std::vector<std::pair<std::string, WarpCase>> along_z = {
      {"one voxel, nothing done to it", {{1, 1, 1}, none, {1, 1, 1}, 1}},
      {"flips", {{3, 5, 4}, none, {3, 5, 4}, 3, {true, true, true}}},
      {"turned and scaled, 4 channels", {{9, 8, 3}, none, {9, 8, 3}, 4, {}, turned, {}, 0.1f}},
      {"a window of everything, 5 channels",
       {{12, 10, 7}, {2, 3, 1}, {9, 6, 5}, 5, {false, true, true}, turned, displacements, -0.05f}},
      {"deformed, one voxel along the first axis, 8 channels",
       {{1, 6, 2}, none, {1, 6, 2}, 8, {true, false, false}, {1, 0, 0, 1}, displacements, 0.1f}},
      {"turned, 16 channels", {{2, 3, 4}, none, {2, 3, 4}, 16, {}, turned, {}, 0.1f}}};
  std::vector<OpCase> cases;
  for (const int normal : {2, 1, 0}) {
    const std::string planes = normal == 2 ? "" : fmt::format(", planes perpendicular to {}", normal == 1 ? "y" : "x");
    for (const auto& [name, w] : along_z) cases.push_back(warp_case(name + planes, perpendicular_to(normal, w)));
    cases.push_back(warp_case("everything, 4 channels at " + finest.name() + planes,
                              {step, none, step, 4, {true, false, true}, turned, displacements, 0.1f, normal}, true));
  }
  return cases;
}

}  // namespace revunet
