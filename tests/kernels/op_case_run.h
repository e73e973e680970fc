// Runs an op's case on any device, gives outputs and all gradients as doubles, and says how far two such results are
// apart.
#pragma once

#include <algorithm>

#include "engine/rng.h"
#include "kernels/op_case.h"
#include "tests/support/catch.h"

namespace revunet::test {

inline std::vector<double> normal_values(int64_t count, uint64_t random_sequence) {
  Rng rng(20, random_sequence);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = rng.normal();
  return values;
}

// Rounds to values that bf16 holds, so that every type starts from the same ones.
inline std::vector<double> rounded(std::vector<double> values) {
  for (double& v : values) v = bfloat16(static_cast<float>(v));
  return values;
}

// Returns the gradient that output `index` is given.
inline std::vector<double> seed_values(int64_t count, size_t index) {
  return rounded(normal_values(count, 100 + index));
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Returns inputs then parameters, on the host, for a run of a case. f32 holds them, because some inputs are f32 in
// every run.
inline HostTensors arguments_of(const OpCase& c) {
  HostTensors arguments;
  for (const CaseInput& input : c.inputs) {
    arguments.push_back(normal_values(input.shape.elements(), arguments.size()));
    for (double& v : arguments.back()) v = static_cast<float>(input.value(v));
  }
  for (const Shape& shape : c.parameters) {
    arguments.push_back(normal_values(shape.elements(), arguments.size()));
    for (double& v : arguments.back()) v = static_cast<float>(v);
  }
  return arguments;
}

// Returns the same, rounded to values that bf16 holds.
inline HostTensors bf16_arguments_of(const OpCase& c) {
  HostTensors arguments = arguments_of(c);
  for (auto& values : arguments) values = rounded(std::move(values));
  return arguments;
}

struct Result {
  HostTensors outputs;
  HostTensors gradients;  // of inputs, then parameters; empty for a case that is not differentiable
};

// Runs the case. With backward, seeds each output's gradient with normal values, `passes` times over the same
// parameters. A case that is not differentiable has no backward, and records nothing.
inline Result run_case(Device& device, const OpCase& c, DType dtype, const HostTensors& arguments, bool with_backward,
                       int passes = 1) {
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
      inputs.push_back(make_output(ctx, from_host(ctx, c.inputs[i].spec(dtype), arguments[i])));
      slots.push_back(inputs.back().slot);
    }
    std::vector<Variable> outputs = c.run(ctx, std::move(inputs), parameters);
    result = {};
    const bool backward = with_backward && c.differentiable;
    REQUIRE((tape.nodes() > 0) == backward);
    std::vector<Tape::Seed> seeds;
    for (size_t i = 0; i < outputs.size(); ++i) {
      result.outputs.push_back(to_host_f64(outputs[i].value));
      if (!backward) continue;
      const auto dy = seed_values(outputs[i].value.elements(), i);
      seeds.push_back({outputs[i].slot, from_host(ctx, outputs[i].value.spec(), dy)});
    }
    if (!backward) return result;
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

inline Result run_case(const OpCase& c, DType dtype, const HostTensors& arguments, bool with_backward, int passes = 1) {
  Device device;
  return run_case(device, c, dtype, arguments, with_backward, passes);
}

// Checks the largest difference of each tensor, to `tolerance` times its largest exact value.
inline void check_close(const HostTensors& got, const HostTensors& exact, double tolerance, const char* what) {
  REQUIRE(got.size() == exact.size());
  for (size_t i = 0; i < got.size(); ++i) {
    INFO(what << " " << i << " in " << exact.size());
    CHECK(largest_difference(got[i], exact[i]) <= tolerance * largest(exact[i]));
  }
}

// Checks every output and gradient on a device, to `tolerance` times the largest in f64: by the case's reference where
// it has one, otherwise on the CPU.
inline void check_against_f64(Device& device, const OpCase& c, DType dtype, const HostTensors& arguments,
                              double tolerance) {
  INFO(c.tolerance_reason);
  const Result got = run_case(device, c, dtype, arguments, true);
  Result exact;
  if (c.differentiable) exact = run_case(c, DType::f64, arguments, true);
  if (c.reference) exact.outputs = c.reference(arguments);
  REQUIRE(std::ranges::any_of(exact.outputs, [](const auto& values) { return largest(values) > 0; }));
  check_close(got.outputs, exact.outputs, tolerance, "output");
  check_close(got.gradients, exact.gradients, tolerance, "gradient");
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
