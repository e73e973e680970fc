// Every op's cases: gradients against central differences, f32 against f64, one thread against two and three.
#include <omp.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "engine/rng.h"
#include "kernels/op_case.h"

using namespace revunet;

namespace {

std::vector<double> normal_values(int64_t count, uint64_t stream) {
  Rng rng(20, stream);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = rng.normal();
  return values;
}

// To values that bf16 holds, so that every type starts from the same ones.
std::vector<double> rounded(std::vector<double> values) {
  for (double& v : values) v = bfloat16(static_cast<float>(v));
  return values;
}

// The gradient that output `index` is given.
std::vector<double> seed_values(int64_t count, size_t index) {
  return rounded(normal_values(count, 100 + index));
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Inputs then parameters, on the host: what a case is run on.
std::vector<std::vector<double>> arguments_of(const OpCase& c) {
  std::vector<std::vector<double>> arguments;
  for (const auto* shapes : {&c.inputs, &c.parameters}) {
    for (const Shape& shape : *shapes) arguments.push_back(normal_values(shape.elements(), arguments.size()));
  }
  return arguments;
}

struct Result {
  std::vector<std::vector<double>> outputs;
  std::vector<std::vector<double>> gradients;  // of inputs, then parameters
};

// Runs the case; with backward, seeds each output's gradient with normal values, `passes` times over the same
// parameters.
Result run_case(const OpCase& c, DType dtype, const std::vector<std::vector<double>>& arguments, bool with_backward,
                int passes = 1) {
  Device device;
  Context ctx{device};
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < c.parameters.size(); ++i) {
    parameters.push_back({.name = "p" + std::to_string(i),
                          .value = from_host(ctx, c.parameters[i], compute_type(dtype), arguments[c.inputs.size() + i]),
                          .gradient = {}});
  }
  Result result;
  for (int pass = 0; pass < passes; ++pass) {
    Tape tape;
    ctx.tape = with_backward ? &tape : nullptr;
    std::vector<Variable> inputs;
    std::vector<int> slots;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      inputs.push_back(make_output(ctx, from_host(ctx, c.inputs[i], dtype, arguments[i])));
      slots.push_back(inputs.back().slot);
    }
    std::vector<Variable> outputs = c.run(ctx, std::move(inputs), parameters);
    result = {};
    std::vector<Tape::Seed> seeds;
    for (size_t i = 0; i < outputs.size(); ++i) {
      result.outputs.push_back(to_host_f64(outputs[i].value));
      if (!with_backward) continue;
      const auto dy = seed_values(outputs[i].value.elements(), i);
      seeds.push_back({outputs[i].slot, from_host(ctx, outputs[i].value.shape(), outputs[i].value.dtype(), dy)});
    }
    if (!with_backward) return result;
    outputs.clear();
    tape.backward(ctx, std::move(seeds));
    for (const int slot : slots) result.gradients.push_back(to_host_f64(tape.gradient(Variable({}, slot))));
    for (const Parameter& p : parameters) result.gradients.push_back(to_host_f64(p.gradient));
  }
  return result;
}

double projection(const Result& result) {
  double sum = 0;
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    sum += dot(result.outputs[i], seed_values(static_cast<int64_t>(result.outputs[i].size()), i));
  }
  return sum;
}

double largest(const std::vector<double>& values) {
  double m = 0;
  for (const double v : values) m = std::max(m, std::abs(v));
  return m;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double m = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    REQUIRE(std::isfinite(a[i] - b[i]));
    m = std::max(m, std::abs(a[i] - b[i]));
  }
  return m;
}

template <class F>
void for_each_test_case(F f) {
  for (const OpCase& c : all_op_cases()) {
    if (c.benchmark) continue;
    DYNAMIC_SECTION(c.name) {
      f(c);
    }
  }
}

}  // namespace

TEST_CASE("gradients equal central differences of a random projection, f64") {
  // Truncation is step^2 times the third derivative over 6, rounding 1e-16 times the projection over the step.
  // The step is small so that few elements cross the kink of a LeakyReLU or change places in a maximum.
  constexpr double kStep = 1e-6, kTolerance = 1e-8;
  for_each_test_case([&](const OpCase& c) {
    const auto arguments = arguments_of(c);
    const Result result = run_case(c, DType::f64, arguments, true);
    for (size_t i = 0; i < arguments.size(); ++i) {
      for (uint64_t direction = 0; direction < 3; ++direction) {
        const auto v = normal_values(static_cast<int64_t>(arguments[i].size()), 1000 + direction);
        auto plus = arguments, minus = arguments;
        for (size_t j = 0; j < v.size(); ++j) plus[i][j] += kStep * v[j], minus[i][j] -= kStep * v[j];
        const double numeric =
            (projection(run_case(c, DType::f64, plus, false)) - projection(run_case(c, DType::f64, minus, false))) /
            (2 * kStep);
        const double scale = std::sqrt(dot(result.gradients[i], result.gradients[i]) * dot(v, v)) + 1.0;
        INFO("argument " << i << ", direction " << direction);
        CHECK(std::abs(dot(result.gradients[i], v) - numeric) <= kTolerance * scale);
      }
    }
  });
}

TEST_CASE("f32 agrees with f64 within the case's tolerance") {
  for_each_test_case([](const OpCase& c) {
    const auto arguments = arguments_of(c);
    const Result a = run_case(c, DType::f32, arguments, true), b = run_case(c, DType::f64, arguments, true);
    INFO(c.tolerance_reason);
    for (size_t i = 0; i < a.outputs.size(); ++i) {
      INFO("output " << i);
      CHECK(largest_difference(a.outputs[i], b.outputs[i]) <= c.tolerance_f32 * largest(b.outputs[i]));
    }
    for (size_t i = 0; i < a.gradients.size(); ++i) {
      INFO("gradient " << i);
      CHECK(largest_difference(a.gradients[i], b.gradients[i]) <= c.tolerance_f32 * largest(b.gradients[i]));
    }
  });
}

TEST_CASE("bf16 agrees with f64 within the case's tolerance") {
  for_each_test_case([](const OpCase& c) {
    auto arguments = arguments_of(c);
    for (auto& values : arguments) values = rounded(std::move(values));
    const Result a = run_case(c, DType::bf16, arguments, true), b = run_case(c, DType::f64, arguments, true);
    for (size_t i = 0; i < a.outputs.size(); ++i) {
      INFO("output " << i);
      CHECK(largest_difference(a.outputs[i], b.outputs[i]) <= c.tolerance_bf16 * largest(b.outputs[i]));
    }
    for (size_t i = 0; i < a.gradients.size(); ++i) {
      INFO("gradient " << i);
      CHECK(largest_difference(a.gradients[i], b.gradients[i]) <= c.tolerance_bf16 * largest(b.gradients[i]));
    }
  });
}

TEST_CASE("parameter gradients accumulate over two backward passes") {
  for_each_test_case([](const OpCase& c) {
    const auto arguments = arguments_of(c);
    const Result once = run_case(c, DType::f64, arguments, true), twice = run_case(c, DType::f64, arguments, true, 2);
    for (size_t i = 0; i < arguments.size(); ++i) {
      auto expected = once.gradients[i];
      const double factor = i < c.inputs.size() ? 1 : 2;  // inputs are new variables in each pass
      for (double& v : expected) v *= factor;
      CHECK(largest_difference(twice.gradients[i], expected) <= 1e-13 * largest(expected));
    }
  });
}

TEST_CASE("the same bits at 1, 2 and 3 threads") {
  const int before = omp_get_max_threads();
  for_each_test_case([](const OpCase& c) {
    const auto arguments = arguments_of(c);
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      omp_set_num_threads(1);
      const Result one = run_case(c, dtype, arguments, true);
      for (const int threads : {2, 3}) {
        omp_set_num_threads(threads);
        const Result other = run_case(c, dtype, arguments, true);
        CHECK(one.outputs == other.outputs);
        CHECK(one.gradients == other.gradients);
      }
    }
  });
  omp_set_num_threads(before);
}
