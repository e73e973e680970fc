// Golden files hold what PyTorch, in double, gave for stored inputs (make_golden.py).
//
// Rule: the files hold PyTorch's layouts, and the engine is channels last. Both of PyTorch's five-dimensional layouts,
// activations (N, C, D, H, W) and convolution weights (O, I, kD, kH, kW), become ours by moving axis 1 to the end. That
// happens here and nowhere else; tensors of any other rank are taken as they are.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "io/files/safetensors.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"

namespace revunet::test {

// This is the largest relative error of a stored value, which is rounded to f32 unless its name ends in _f64.
inline constexpr double kStoredRounding = 0x1p-24;

class Golden {
 public:
  // Reads a file of tests/golden.
  explicit Golden(const std::string& file) : file_(io::read_safetensors(golden_dir() + "/" + file)) {}

  bool contains(const std::string& name) const { return file_.contains(name); }
  const io::SafetensorsFile& file() const { return file_; }

  // These return shape and values in the engine's layout.
  Shape shape(const std::string& name) const {
    std::vector<int64_t> dims = file_.at(name).shape();
    if (dims.size() == 5) std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
    return Shape(dims);
  }
  std::vector<double> values(const std::string& name) const {
    std::vector<double> stored = file_.at(name).to_f64();
    const Shape s = shape(name);
    if (s.rank() != 5) return stored;
    const int64_t channels = s[4], points = s[1] * s[2] * s[3];
    std::vector<double> moved(stored.size());
    for (int64_t n = 0; n < s[0]; ++n) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t i = 0; i < points; ++i) {
          moved[static_cast<size_t>((n * points + i) * channels + c)] =
              stored[static_cast<size_t>((n * channels + c) * points + i)];
        }
      }
    }
    return moved;
  }
  Tensor tensor(const Context& ctx, const std::string& name, DType dtype) const {
    return from_host(ctx, shape(name), dtype, values(name));
  }
  Tensor activation(const Context& ctx, const std::string& name, DType dtype) const {
    return from_host(ctx, {shape(name), dtype, Layout::activation}, values(name));
  }

  // Checks that `got` has the stored tensor's shape, and that no value is further from it than `tolerance` times the
  // largest stored magnitude. Reports the worst value and its place, in the engine's layout.
  void check_close(const Tensor& got, const std::string& name, double tolerance) const;

  // Returns the largest difference relative to the largest stored magnitude.
  double relative_error(const Tensor& got, const std::string& name) const {
    return worst_difference(got, name).relative();
  }

 private:
  struct Difference {
    double expected = 0, actual = 0, absolute = 0;
    double largest = 0;  // stored magnitude
    size_t index = 0;
    double relative() const { return absolute / largest; }
  };
  Difference worst_difference(const Tensor& got, const std::string& name) const;

  io::SafetensorsFile file_;
};

// Returns a flat index as "(n, d, h, w, c)".
inline std::string position(const Shape& shape, int64_t index) {
  std::vector<int64_t> at(static_cast<size_t>(shape.rank()));
  for (int i = shape.rank() - 1; i >= 0; --i) {
    at[static_cast<size_t>(i)] = index % shape[i];
    index /= shape[i];
  }
  return fmt::format("({})", fmt::join(at, ", "));
}

inline Golden::Difference Golden::worst_difference(const Tensor& got, const std::string& name) const {
  REQUIRE(got);
  REQUIRE(got.shape().to_string() == shape(name).to_string());
  const std::vector<double> expected = values(name), actual = to_host_f64(got);
  Difference worst;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst.largest = std::max(worst.largest, std::abs(expected[i]));
    double difference = std::abs(actual[i] - expected[i]);
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    if (difference <= worst.absolute) continue;
    worst.absolute = difference;
    worst.expected = expected[i], worst.actual = actual[i], worst.index = i;
  }
  return worst;
}

inline void Golden::check_close(const Tensor& got, const std::string& name, double tolerance) const {
  INFO(file_.origin() << ", " << name);
  const Difference worst = worst_difference(got, name);
  INFO(fmt::format("worst at {}: expected {:.17g}, got {:.17g}; error {:.2e} of the largest value {:.3g}",
                   position(got.shape(), static_cast<int64_t>(worst.index)), worst.expected, worst.actual,
                   worst.relative(), worst.largest));
  CHECK(worst.absolute <= tolerance * worst.largest);
}

}  // namespace revunet::test
