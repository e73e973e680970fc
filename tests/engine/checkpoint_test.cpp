// Tests checkpoints against closed forms and against the same ops on one tape, bit for bit.

#include "engine/checkpoint.h"

#include <cmath>
#include <limits>

#include "tests/engine/tape_ops.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<double> gradient(const Tape& tape, const Variable& x) {
  return to_host_f64(tape.gradient(x));
}

// Adds factor * dy * other to a gradient, or sets it to that.
void deliver_product(const Context& ctx, Gradients& g, int slot, const Tensor& dy, double factor, const Tensor* other) {
  g.deliver(ctx, slot, dy.spec(), nullptr, [&](Tensor& dx, bool accumulate) {
    for (int64_t i = 0; i < dx.elements(); ++i) {
      double& v = dx.data<double>()[i];
      v = (accumulate ? v : 0) + factor * dy.data<double>()[i] * (other ? other->data<double>()[i] : 1);
    }
  });
}

// Computes y = a * b, voxel by voxel.
Variable multiply(const Context& ctx, const Variable& a, const Variable& b) {
  Tensor y = clone(ctx.without_tape(), a.value);
  for (int64_t i = 0; i < y.elements(); ++i) y.data<double>()[i] *= b.value.data<double>()[i];
  Variable out = make_output(ctx, y);
  if (!ctx.tape) return out;
  ctx.tape->record({.name = "multiply",
                    .inputs = {a.slot, b.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [a, b](const Context& inner, std::vector<Tensor> dy, Gradients& g) {
                      deliver_product(inner, g, a.slot, dy[0], 1, &b.value);
                      deliver_product(inner, g, b.slot, dy[0], 1, &a.value);
                    }});
  return out;
}

// Computes y = p * x for a parameter of one value.
Variable times_parameter(const Context& ctx, const Variable& x, Parameter& p) {
  const double factor = p.value.data<double>()[0];
  Tensor y = clone(ctx.without_tape(), x.value);
  for (int64_t i = 0; i < y.elements(); ++i) y.data<double>()[i] *= factor;
  Variable out = make_output(ctx, y);
  if (!ctx.tape) return out;
  ctx.tape->record({.name = "times " + p.name,
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {&p},
                    .backward = [x, factor, &p](const Context& inner, std::vector<Tensor> dy, Gradients& g) {
                      double& dp = gradient_of(inner, p).data<double>()[0];
                      for (int64_t i = 0; i < dy[0].elements(); ++i) {
                        dp += dy[0].data<double>()[i] * x.value.data<double>()[i];
                      }
                      deliver_product(inner, g, x.slot, dy[0], factor, nullptr);
                    }});
  return out;
}

std::vector<Variable> one(Variable x) {
  std::vector<Variable> list;
  list.push_back(std::move(x));
  return list;
}

}  // namespace

TEST_CASE("a checkpoint has the values and gradients of its closed form, and runs its segment twice") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Parameter p{"p", values(ctx, {5}), {}};
  const Variable x = tape.track(values(ctx, {2, 3}));
  const Variable constant(values(ctx, {7, 11}));
  std::vector<OutputValues> runs;
  // y = 3 p x^2 c, with nodes of the outer tape before and after.
  const Variable before = scale(ctx, x, 3);
  std::vector<Variable> inputs = {before, x, constant};
  const auto y = checkpointed(
      ctx, "segment", inputs, {&p}, [&](const Context& inner, std::vector<Variable> in, OutputValues values) {
        runs.push_back(values);
        CHECK_FALSE(in[2].needs_gradient());
        return one(multiply(inner, times_parameter(inner, multiply(inner, in[0], in[1]), p), in[2]));
      });
  const Variable after = scale(ctx, y[0], 2);
  CHECK(to_host_f64(after.value) == std::vector<double>{2 * 3 * 5 * 4 * 7, 2 * 3 * 5 * 9 * 11});
  CHECK(runs == std::vector{OutputValues::read});
  CHECK(tape.nodes() == 3);
  std::vector<std::string> complete;
  std::vector<Tape::Seed> seeds(1);
  seeds[0] = {after.slot, values(ctx, {1, 10})};
  tape.backward(ctx, std::move(seeds), [&](Parameter& done) { complete.push_back(done.name); });
  CHECK(runs == std::vector{OutputValues::read, OutputValues::unread});
  // dy/dx = 2 * 6 p x c, and dy/dp = 6 x^2 c.
  CHECK(gradient(tape, x) == std::vector<double>{12 * 5 * 2 * 7, 10 * 12 * 5 * 3 * 11});
  CHECK(to_host_f64(p.gradient) == std::vector<double>{6 * 4 * 7 + 10 * 6 * 9 * 11});
  CHECK(complete == std::vector<std::string>{"p"});
}

TEST_CASE("a variable that is passed twice is one variable, and without a tape a segment just runs") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {2, 3}));
  const Segment square = [](const Context& inner, std::vector<Variable> in, OutputValues) {
    return one(multiply(inner, in[0], in[1]));
  };
  const auto y = checkpointed(ctx, "square", {x, x}, {}, square);
  tape.backward(ctx, y[0], values(ctx, {1, 1}));
  CHECK(gradient(tape, x) == std::vector<double>{4, 6});

  const auto constant = checkpointed(ctx.without_tape(), "square", {x, x}, {}, square);
  CHECK_FALSE(constant[0].needs_gradient());
  CHECK(to_host_f64(constant[0].value) == std::vector<double>{4, 9});
}

TEST_CASE("an output that no gradient reaches has no part in a segment's backward") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Parameter p{"p", values(ctx, {5}), {}}, q{"q", values(ctx, {7}), {}};
  const Variable x = tape.track(values(ctx, {2}));
  const auto y =
      checkpointed(ctx, "two", one(x), {&p, &q}, [&](const Context& inner, std::vector<Variable> in, OutputValues) {
        std::vector<Variable> out = one(times_parameter(inner, in[0], p));
        out.push_back(times_parameter(inner, in[0], q));
        return out;
      });
  std::vector<std::string> complete;
  std::vector<Tape::Seed> seeds(1);
  seeds[0] = {y[0].slot, values(ctx, {1})};
  tape.backward(ctx, std::move(seeds), [&](Parameter& done) { complete.push_back(done.name); });
  CHECK(gradient(tape, x) == std::vector<double>{5});
  CHECK(to_host_f64(p.gradient) == std::vector<double>{2});
  CHECK_FALSE(q.gradient);
  CHECK(complete == std::vector<std::string>{"p"});
}

// Sums of 1e16, 1 and -1e16 differ by their order: (1e16 + 1) - 1e16 is 0, and (1e16 - 1e16) + 1 is 1.
TEST_CASE("parts of a gradient from inside and outside of segments are added in the order of one tape") {
  const auto gradient_of_x = [](bool checkpoints, std::vector<double> factors) {
    Device device;
    Tape tape;
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {1}));
    const auto twice = [&](double a, double b) {
      const Segment segment = [a, b](const Context& inner, std::vector<Variable> in, OutputValues) {
        std::vector<Variable> out = one(scale(inner, in[0], a));
        out.push_back(scale(inner, in[0], b));
        return out;
      };
      return checkpoints ? checkpointed(ctx, "twice", one(x), {}, segment) : segment(ctx, one(x), OutputValues::read);
    };
    std::vector<Variable> outputs = twice(factors[0], factors[1]);
    outputs.push_back(scale(ctx, x, factors[2]));
    for (Variable& y : twice(factors[3], factors[4])) outputs.push_back(std::move(y));
    std::vector<Tape::Seed> seeds;
    for (const Variable& y : outputs) seeds.push_back({y.slot, values(ctx, {1})});
    tape.backward(ctx, std::move(seeds));
    return gradient(tape, x)[0];
  };
  // Backward adds the last one first.
  const auto in_turn = [](std::vector<double> factors) {
    double sum = 0;
    for (size_t i = factors.size(); i-- > 0;) sum += factors[i];
    return sum;
  };
  REQUIRE(in_turn({0, -1e16, 1, 0, 1e16}) != in_turn({0, 1, -1e16, 0, 1e16}));
  for (const std::vector<double>& factors : {std::vector<double>{0, -1e16, 1, 0, 1e16},
                                             {0, 1, -1e16, 0, 1e16},
                                             {-1e16, 1, 0, 1e16, 0},
                                             {1, -1e16, 1e16, 3, 0},
                                             {1e16, 3, -1e16, 1, 1}}) {
    CHECK(gradient_of_x(false, factors) == in_turn(factors));
    CHECK(gradient_of_x(true, factors) == in_turn(factors));
  }
}

TEST_CASE("checkpoints within checkpoints have the gradients of one tape") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Parameter p{"p", values(ctx, {5}), {}};
  const Variable x = tape.track(values(ctx, {2}));
  const Segment inside = [&](const Context& inner, std::vector<Variable> in, OutputValues) {
    return one(multiply(inner, times_parameter(inner, in[0], p), in[0]));
  };
  const auto y =
      checkpointed(ctx, "outside", one(x), {&p}, [&](const Context& inner, std::vector<Variable> in, OutputValues) {
        const Variable again = in[0];
        return one(multiply(inner, checkpointed(inner, "inside", std::move(in), {&p}, inside)[0], again));
      });
  tape.backward(ctx, y[0], values(ctx, {1}));  // y = p x^3
  CHECK(gradient(tape, x) == std::vector<double>{3 * 5 * 4});
  CHECK(to_host_f64(p.gradient) == std::vector<double>{8});
}

TEST_CASE("a checkpoint keeps its input only, and backward has one segment's activations at a time") {
  constexpr size_t kTensor = 2u << 20;
  const auto run = [](Device& device, bool checkpoints) {
    Tape tape;
    const Context ctx{device, &tape};
    Variable x = tape.track(Tensor(ctx, {1 << 18}, DType::f64));
    fill_zero(x.value);
    const Segment four = [](const Context& inner, std::vector<Variable> in, OutputValues) {
      Variable y = std::move(in[0]);
      in.clear();
      for (int i = 0; i < 4; ++i) y = scale(inner, y, 2);
      return one(std::move(y));
    };
    for (int segment = 0; segment < 4; ++segment) {
      std::vector<Variable> input = one(std::move(x));
      x = std::move((checkpoints ? checkpointed(ctx, "four", std::move(input), {}, four)
                                 : four(ctx, std::move(input), OutputValues::read))[0]);
    }
    Tensor seed = clone(ctx, x.value);
    const Variable last({}, x.slot);
    x = Variable();
    const size_t after_forward = device.allocator().stats().allocated;
    device.allocator().reset_peak();
    tape.backward(ctx, last, std::move(seed));
    return std::pair{after_forward, device.allocator().stats().peak_allocated};
  };
  Device stored, checkpointed;
  // Sixteen inputs, or four, and the seed.
  CHECK(run(stored, false) == std::pair{17 * kTensor, 18 * kTensor});
  // The last segment's input, three more, and its output are there when it has run again, next to three inputs.
  CHECK(run(checkpointed, true) == std::pair{5 * kTensor, 9 * kTensor});
}

TEST_CASE("with the finite check the first offender inside a segment is named, forward and backward") {
  Device device;
  const double inf = std::numeric_limits<double>::infinity();
  const auto chain = [](double a, double b) {
    return [a, b](const Context& inner, std::vector<Variable> in, OutputValues) {
      return one(scale(inner, scale(inner, in[0], a, "first"), b, "second"));
    };
  };
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {1, 2}));
    CHECK_THROWS_WITH(checkpointed(ctx, "segment", one(x), {}, chain(inf, 0)),
                      ContainsSubstring("[first]") && ContainsSubstring("2 NaN or infinite of 2"));
  }
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {0, 2}));
    const auto y = checkpointed(ctx, "segment", one(x), {}, chain(1e200, 1e-200));
    CHECK_THROWS_WITH(tape.backward(ctx, y[0], values(ctx, {1, inf})),
                      ContainsSubstring("[second]") && ContainsSubstring("1 NaN or infinite of 2"));
  }
  {
    Tape tape;
    const Context ctx{device, &tape};
    CHECK_NOTHROW(checkpointed(ctx, "segment", one(tape.track(values(ctx, {1}))), {}, chain(inf, 0)));
  }
}

TEST_CASE("a segment that returns an input, or reads a parameter that is not listed, is a clear error") {
  Device device;
  const auto backward = [&](std::vector<Parameter*> listed, const Segment& segment) {
    Tape tape;
    const Context ctx{device, &tape};
    const auto y = checkpointed(ctx, "segment", one(tape.track(values(ctx, {1}))), std::move(listed), segment);
    tape.backward(ctx, y[0], values(ctx, {1}));
  };
  const Context ctx{device};
  Parameter p{"p", values(ctx, {5}), {}};
  const Segment reads_p = [&](const Context& inner, std::vector<Variable> in, OutputValues) {
    return one(times_parameter(inner, in[0], p));
  };
  CHECK_NOTHROW(backward({&p}, reads_p));
  CHECK_THROWS_WITH(backward({}, reads_p), ContainsSubstring("[segment]") && ContainsSubstring("got p too"));
  CHECK_THROWS_WITH(backward({}, [](const Context&, std::vector<Variable> in, OutputValues) { return in; }),
                    ContainsSubstring("got one of its inputs"));
}
