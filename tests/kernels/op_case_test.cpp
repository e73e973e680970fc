// Tests every op's cases: that there are some, gradients against central differences, f64 against references, f32 and
// bf16 against f64, and one thread against two and three.
#include <omp.h>

#include <algorithm>

#include "tests/kernels/op_case_run.h"
#include "tests/support/cpu_instructions.h"

using namespace revunet;
using namespace revunet::test;

namespace {

double projection(const Result& result) {
  double sum = 0;
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    sum += dot(result.outputs[i], seed_values(static_cast<int64_t>(result.outputs[i].size()), i));
  }
  return sum;
}

// Returns what keeps the cases of an op's folder from testing the op, or nothing where they test it.
std::vector<std::string> gaps_of(const OpFolder& folder) {
  std::vector<std::string> gaps;
  if (std::ranges::all_of(folder.cases, &OpCase::benchmark)) gaps.push_back(folder.op + " has no case to test");
  for (const OpCase& c : folder.cases) {
    const auto unless = [&](bool fine, const char* what) {
      if (!fine) gaps.push_back(c.name + " " + what);
    };
    unless(c.name.starts_with(folder.op + ": "), "does not begin with its op");
    unless(c.differentiable || c.reference, "has neither gradients nor a reference");
    unless(c.tolerance_f32 > 0 && !c.tolerance_reason.empty(), "has no tolerance with its reason");
    unless(!c.reference || c.tolerance_f64 > 0, "has a reference, but no tolerance for f64");
  }
  return gaps;
}

}  // namespace

TEST_CASE("no op ships untested") {
  for (const OpFolder& folder : all_op_folders()) CHECK(gaps_of(folder) == std::vector<std::string>{});
}

TEST_CASE("an op without cases, or with cases that show nothing, is named") {
  using Gaps = std::vector<std::string>;
  CHECK(gaps_of({"forgotten", {}}) == Gaps{"forgotten has no case to test"});

  OpCase good;
  good.name = "op: fine", good.tolerance_f32 = 1e-7, good.tolerance_reason = "one rounding";
  CHECK(gaps_of({"op", {good}}) == Gaps{});
  OpCase timed = good;
  timed.benchmark = true;
  CHECK(gaps_of({"op", {timed}}) == Gaps{"op has no case to test"});
  CHECK(gaps_of({"other", {good}}) == Gaps{"op: fine does not begin with its op"});

  OpCase forward = good;
  forward.differentiable = false;
  CHECK(gaps_of({"op", {forward}}) == Gaps{"op: fine has neither gradients nor a reference"});
  forward.reference = [](const HostTensors& x) { return x; };
  CHECK(gaps_of({"op", {forward}}) == Gaps{"op: fine has a reference, but no tolerance for f64"});
  forward.tolerance_f64 = 1e-15;
  CHECK(gaps_of({"op", {good, forward}}) == Gaps{});
  good.tolerance_reason.clear();
  CHECK(gaps_of({"op", {forward, good}}) == Gaps{"op: fine has no tolerance with its reason"});
}

TEST_CASE("gradients equal central differences of a random projection, f64") {
  // Truncation is step^2 times the third derivative over 6, and rounding is 1e-16 times the projection over the step.
  // The step is small so that few elements cross the kink of a LeakyReLU or change places in a maximum.
  constexpr double kStep = 1e-6, kTolerance = 1e-8;
  for_each_test_case([&](const OpCase& c) {
    if (!c.differentiable) return;
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

TEST_CASE("f64 agrees with the case's reference") {
  for_each_test_case([](const OpCase& c) {
    if (!c.reference) return;
    Device device;
    check_against_f64(device, c, DType::f64, arguments_of(c), c.tolerance_f64);
  });
}

TEST_CASE("f32 agrees with f64 within the case's tolerance, with all instructions") {
  for_each_cpu_instructions([] {
    for_each_test_case([](const OpCase& c) {
      Device device;
      check_against_f64(device, c, DType::f32, arguments_of(c), c.tolerance_f32);
    });
  });
}

TEST_CASE("bf16 agrees with f64 within the case's tolerance, with all instructions") {
  for_each_cpu_instructions([] {
    for_each_test_case([](const OpCase& c) {
      Device device;
      check_against_f64(device, c, DType::bf16, bf16_arguments_of(c), c.tolerance_bf16);
    });
  });
}

TEST_CASE("parameter gradients accumulate over two backward passes") {
  for_each_test_case([](const OpCase& c) {
    if (!c.differentiable) return;
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

TEST_CASE("the same bits at 1, 2 and 3 threads, with all instructions") {
  const int before = omp_get_max_threads();
  for_each_cpu_instructions([] {
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
  });
  omp_set_num_threads(before);
}
