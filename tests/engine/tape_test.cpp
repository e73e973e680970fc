#include "engine/tape.h"

#include <limits>

#include "tests/engine/tape_ops.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("gradients of a variable used twice are added") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1, 2}));
  const Variable a = scale(ctx, x, 3), b = scale(ctx, x, 5);
  std::vector<Tape::Seed> seeds(2);
  seeds[0] = {a.slot, values(ctx, {1, 10})};
  seeds[1] = {b.slot, values(ctx, {100, 1000})};
  tape.backward(ctx, std::move(seeds));
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{503, 5030});
}

TEST_CASE("a node that no gradient reaches does not run") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1}));
  const Variable a = scale(ctx, x, 3);
  scale(ctx, x, std::numeric_limits<double>::quiet_NaN());
  tape.backward(ctx, a, values(ctx, {2}));
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{6});
}

TEST_CASE("what a node saved and the gradients on the way are freed as backward goes") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Variable x = tape.track(Tensor(ctx, {1 << 18}, DType::f64));  // 2 MiB
  fill_zero(x.value);
  const int slot = x.slot;
  for (int i = 0; i < 8; ++i) x = scale(ctx, x, 2);
  Tensor seed = clone(ctx, x.value);
  const Variable last({}, x.slot);
  x = Variable();
  // Eight saved inputs and the seed are allocated. Each backward step adds one gradient and frees one gradient and one
  // input.
  CHECK(device.allocator().stats().allocated == 9 * (2u << 20));
  device.allocator().reset_peak();
  tape.backward(ctx, last, std::move(seed));
  CHECK(device.allocator().stats().peak_allocated == 10 * (2u << 20));
  CHECK(tape.gradient(Variable({}, slot)));
  CHECK(device.allocator().stats().allocated == 2u << 20);
}

TEST_CASE("a second backward, and recording after one, are clear errors") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1}));
  const Variable y = scale(ctx, x, 2);
  tape.backward(ctx, y, values(ctx, {1}));
  CHECK_THROWS_WITH(tape.backward(ctx, {}), ContainsSubstring("forward again on a new tape"));
  CHECK_THROWS_WITH(scale(ctx, x, 2), ContainsSubstring("fresh tape"));
}

TEST_CASE("with the finite check the first offender is named, forward and backward") {
  Device device;
  const double inf = std::numeric_limits<double>::infinity();
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {1, 2}));
    const Variable y = scale(ctx, x, 2, "good");
    CHECK_THROWS_AS(scale(ctx, y, inf, "bad"), NonFiniteError);
  }
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {0, 2}));
    const Variable y = scale(ctx, scale(ctx, x, 1e200, "first"), 1e-200, "second");
    CHECK_THROWS_WITH(tape.backward(ctx, y, values(ctx, {1, inf})),
                      ContainsSubstring("[second]") && ContainsSubstring("1 NaN or infinite of 2"));
  }
  {
    Tape tape;
    const Context ctx{device, &tape};
    CHECK_NOTHROW(scale(ctx, tape.track(values(ctx, {1})), inf));
  }
}

namespace {

// Runs `f` as the backward of a node that x is the input of, with dy = (1, 2, 4).
template <class F>
void in_backward(Tape& tape, const Context& ctx, const Variable& x, F f) {
  Variable y = tape.track(values(ctx, {0, 0, 0}));
  tape.record({.name = "node",
               .inputs = {x.slot},
               .outputs = {y},
               .parameters = {},
               .backward = [f](const Context& inner, std::vector<Tensor> dy, Gradients& g) { f(inner, dy[0], g); }});
  tape.backward(ctx, y, values(ctx, {1, 2, 4}));
}

}  // namespace

TEST_CASE("a gradient is delivered in the op's memory where nobody shares it and it fits, else in new memory") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {0, 0, 0}));
  enum class Reuse { own, shared, other_shape, none };
  const Reuse reuse = GENERATE(Reuse::own, Reuse::shared, Reuse::other_shape, Reuse::none);
  const double* memory = nullptr;
  in_backward(tape, ctx, x, [&, reuse](const Context& inner, Tensor& dy, Gradients& g) {
    memory = dy.data<double>();
    const Tensor other = reuse == Reuse::shared ? dy : Tensor();
    Tensor longer = values(inner, {0, 0, 0, 0});
    Tensor* reusable = reuse == Reuse::none ? nullptr : reuse == Reuse::other_shape ? &longer : &dy;
    const bool wanted = g.deliver(inner, x.slot, dy.spec(), reusable, [&](Tensor& dx, bool accumulate) {
      CHECK_FALSE(accumulate);
      CHECK((dx.data<double>() == memory) == (reuse == Reuse::own));
      copy(dy, dx);
    });
    CHECK(wanted);
    if (reusable) CHECK_FALSE(*reusable);  // nobody keeps memory that has become a gradient
    if (other) CHECK(to_host_f64(other) == std::vector<double>{1, 2, 4});
  });
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{1, 2, 4});
  CHECK((tape.gradient(x).data<double>() == memory) == (reuse == Reuse::own));
}

TEST_CASE("a second part of a gradient is added where the first one lies, and has to be like it") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {0, 0, 0}));
  in_backward(tape, ctx, x, [&](const Context& inner, Tensor& dy, Gradients& g) {
    const double* memory = nullptr;
    g.deliver(inner, x.slot, dy.spec(), nullptr, [&](Tensor& dx, bool) {
      memory = dx.data<double>();
      copy(dy, dx);
    });
    const size_t allocated = device.allocator().stats().allocated;
    g.deliver(inner, x.slot, dy.spec(), &dy, [&](Tensor& dx, bool accumulate) {
      CHECK(accumulate);
      CHECK(dx.data<double>() == memory);
      CHECK(device.allocator().stats().allocated == allocated);
      for (int64_t i = 0; i < 3; ++i) dx.data<double>()[i] += dy.data<double>()[i];
    });
    CHECK_THROWS_WITH(g.deliver(inner, x.slot, {{2}, DType::f64}, nullptr, [](Tensor&, bool) { FAIL(); }),
                      ContainsSubstring("another part of a gradient f64 (3), got one f64 (2)"));
  });
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{2, 4, 8});
}

TEST_CASE("nothing is delivered to a constant, and a slot that the tape does not know is a clear error") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {0, 0, 0}));
  const auto never = [](Tensor&, bool) { FAIL("written"); };
  in_backward(tape, ctx, x, [&](const Context& inner, Tensor& dy, Gradients& g) {
    const size_t allocated = device.allocator().stats().allocated;
    CHECK_FALSE(g.deliver(inner, Variable::kNoGradient, dy.spec(), &dy, never));
    CHECK(dy);
    CHECK(device.allocator().stats().allocated == allocated);
    CHECK_THROWS_WITH(g.deliver(inner, 2, dy.spec(), nullptr, never), ContainsSubstring("one of 2, got 2"));
    CHECK_THROWS_WITH(g.deliver(inner, -7, dy.spec(), nullptr, never), ContainsSubstring("one of 2, got -7"));
  });
  CHECK_THROWS_WITH(tape.gradient(Variable(values(ctx, {1}))),
                    ContainsSubstring("got a constant; make the variable with track()"));
  Tape another;
  CHECK_THROWS_WITH(another.backward(ctx, Variable(values(ctx, {1})), values(ctx, {1})),
                    ContainsSubstring("got a constant"));
}

TEST_CASE("parts of a gradient are written together: those of empty slots first, then those that are added to") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {0, 0, 0})), z = tape.track(values(ctx, {0, 0, 0}));
  in_backward(tape, ctx, x, [&](const Context& inner, Tensor& dy, Gradients& g) {
    // Slot z is empty at its first place, and holds what that place wrote at its second.
    const std::vector<int> slots = {z.slot, Variable::kNoGradient, x.slot, z.slot};
    g.deliver(inner, x.slot, dy.spec(), nullptr, [&](Tensor& dx, bool) { copy(dy, dx); });
    std::vector<std::string> calls;
    g.deliver_parts(inner, slots, dy.spec(), [&](std::span<Tensor> dx, bool accumulate) {
      calls.emplace_back(accumulate ? "add" : "overwrite");
      for (size_t part = 0; part < dx.size(); ++part) {
        calls.back() += dx[part] ? '1' : '0';
        for (int64_t i = 0; dx[part] && i < 3; ++i) {
          double& v = dx[part].data<double>()[i];
          v = (accumulate ? v : 0) + 10 * dy.data<double>()[i];
        }
      }
    });
    CHECK(calls == std::vector<std::string>{"overwrite1000", "add0011"});
    g.deliver_parts(inner, std::vector<int>{Variable::kNoGradient}, dy.spec(),
                    [](std::span<Tensor>, bool) { FAIL("written"); });
  });
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{11, 22, 44});
  CHECK(to_host_f64(tape.gradient(z)) == std::vector<double>{20, 40, 80});
}
