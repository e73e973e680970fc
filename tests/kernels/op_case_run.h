// Runs an op's case on any device: outputs and all gradients as doubles, and how far two such results are apart.
#pragma once

#include "engine/rng.h"
#include "kernels/op_case.h"
#include "tests/support/catch.h"

namespace revunet::test {

inline std::vector<double> normal_values(int64_t count, uint64_t stream) {
  Rng rng(20, stream);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = rng.normal();
  return values;
}

// To values that bf16 holds, so that every type starts from the same ones.
inline std::vector<double> rounded(std::vector<double> values) {
  for (double& v : values) v = bfloat16(static_cast<float>(v));
  return values;
}

// The gradient that output `index` is given.
inline std::vector<double> seed_values(int64_t count, size_t index) {
  return rounded(normal_values(count, 100 + index));
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Inputs then parameters, on the host: what a case is run on.
inline std::vector<std::vector<double>> arguments_of(const OpCase& c) {
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
inline Result run_case(Device& device, const OpCase& c, DType dtype, const std::vector<std::vector<double>>& arguments,
                       bool with_backward, int passes = 1) {
  Context ctx{device};
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < c.parameters.size(); ++i) {
    parameters.push_back({.name = "p" + std::to_string(i),
                          .value = from_host(ctx.with_tag(Tag::parameter), c.parameters[i], compute_type(dtype),
                                             arguments[c.inputs.size() + i]),
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

inline double largest(const std::vector<double>& values) {
  double m = 0;
  for (const double v : values) m = std::max(m, std::abs(v));
  return m;
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double m = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    REQUIRE(std::isfinite(a[i] - b[i]));
    m = std::max(m, std::abs(a[i] - b[i]));
  }
  return m;
}

inline Result run_case(const OpCase& c, DType dtype, const std::vector<std::vector<double>>& arguments,
                       bool with_backward, int passes = 1) {
  Device device;
  return run_case(device, c, dtype, arguments, with_backward, passes);
}

// Every output and gradient on a device, to `tolerance` times the largest of the CPU's in f64.
inline void check_against_f64(Device& device, const OpCase& c, DType dtype,
                              const std::vector<std::vector<double>>& arguments, double tolerance) {
  const Result got = run_case(device, c, dtype, arguments, true), exact = run_case(c, DType::f64, arguments, true);
  for (size_t i = 0; i < got.outputs.size(); ++i) {
    INFO("output " << i);
    CHECK(largest_difference(got.outputs[i], exact.outputs[i]) <= tolerance * largest(exact.outputs[i]));
  }
  for (size_t i = 0; i < got.gradients.size(); ++i) {
    INFO("gradient " << i);
    CHECK(largest_difference(got.gradients[i], exact.gradients[i]) <= tolerance * largest(exact.gradients[i]));
  }
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

}  // namespace revunet::test
