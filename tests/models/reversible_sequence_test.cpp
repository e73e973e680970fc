// Tests the reversible node against the same blocks composed of ordinary ops, whose tape stores everything.

#include "engine/rng.h"
#include "kernels/add/add.h"
#include "kernels/conv3d/conv3d.h"
#include "models/norm_act_conv.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr int64_t kHalf = 6, kGroups = 3;
const Shape kShape{1, 6, 5, 8, kHalf};

Tensor normal(const Context& ctx, const TensorSpec& spec, uint64_t random_sequence, double scale = 1,
              double shift = 0) {
  Rng rng(5, random_sequence);
  std::vector<double> v(static_cast<size_t>(spec.shape.elements()));
  for (double& value : v) value = shift + scale * rng.normal();
  return from_host(ctx, spec, v);
}

// Returns a half of a stream with the values of normal().
Tensor half(const Context& ctx, const Shape& shape, DType dtype, uint64_t random_sequence, double scale = 1,
            double shift = 0) {
  return normal(ctx, {shape, dtype, Layout::activation}, random_sequence, scale, shift);
}

// The blocks have random parameters, in file order: gamma, beta, weight of F then G.
struct Sequence {
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<ReversibleBlock> blocks;

  Sequence(const Context& ctx, int depth, DType dtype) {
    for (int k = 0; k < depth; ++k) {
      auto f = residual(ctx, dtype), g = residual(ctx, dtype);
      blocks.push_back({std::move(f), std::move(g)});
    }
  }
  Dropout no_dropout = {};
  std::unique_ptr<Residual> residual(const Context& ctx, DType dtype) {
    Parameter& gamma = add(ctx, {kHalf}, dtype, 0.2, 1);
    Parameter& beta = add(ctx, {kHalf}, dtype, 0.2, 0);
    Parameter& weight = add(ctx, {kHalf, 3, 3, 3, kHalf}, dtype, 0.1, 0);
    return std::make_unique<NormActConv>(GroupNorm{gamma, beta, kGroups}, weight, Operands::activations, no_dropout, 0);
  }
  Parameter& add(const Context& ctx, const Shape& shape, DType dtype, double scale, double shift) {
    const uint64_t random_sequence = 10 + parameters.size();
    parameters.push_back(std::make_unique<Parameter>(
        Parameter{"p" + std::to_string(random_sequence),
                  normal(ctx.with_tag(Tag::parameter), {shape, dtype}, random_sequence, scale, shift),
                  {}}));
    return *parameters.back();
  }
};

struct Result {
  std::vector<double> y1, y2;
  std::vector<std::vector<double>> gradients;  // x1, x2, then parameters
  size_t peak = 0;                             // bytes of activations, their gradients and workspace
  size_t workspace = 0;                        // of these
};

enum class How { reversible, stored, ordinary_ops };

std::pair<Variable, Variable> ordinary(const Context& ctx, Sequence& s, Variable x1, Variable x2) {
  const auto residual = [&](size_t first, const Variable& x) {
    Parameter &gamma = *s.parameters[first], &beta = *s.parameters[first + 1];
    return conv3d(ctx, {group_norm_leaky_relu(ctx, x, {gamma, beta, kGroups})}, *s.parameters[first + 2], nullptr)[0];
  };
  for (size_t k = 0; k < s.blocks.size(); ++k) {
    x1 = add(ctx, std::move(x1), residual(6 * k, x2));
    x2 = add(ctx, std::move(x2), residual(6 * k + 3, x1));
  }
  return {std::move(x1), std::move(x2)};
}

Result run(How how, int depth, DType dtype, const Shape& shape = kShape) {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Sequence s(ctx, depth, dtype);
  Variable x1 = tape.track(half(ctx, shape, dtype, 1)), x2 = tape.track(half(ctx, shape, dtype, 2, 2, 1));
  const int slot1 = x1.slot, slot2 = x2.slot;
  auto [y1, y2] = how == How::ordinary_ops
                      ? ordinary(ctx, s, std::move(x1), std::move(x2))
                      : reversible_sequence(ctx, "sequence", s.blocks, {std::move(x1), std::move(x2)},
                                            how == How::stored ? Activations::stored : Activations::reversible);
  Result result;
  result.y1 = to_host_f64(y1.value);
  result.y2 = to_host_f64(y2.value);
  std::vector<Tape::Seed> seeds;
  seeds.push_back({y1.slot, half(ctx, shape, dtype, 3)});
  seeds.push_back({y2.slot, half(ctx, shape, dtype, 4)});
  y1 = y2 = Variable();
  // Parameters' gradients grow with depth, but activations must not.
  for (const auto& p : s.parameters) gradient_of(ctx, *p);
  const size_t parameters = 2 * device.allocator().stats()[Tag::parameter];
  tape.backward(ctx, std::move(seeds));
  const MemoryStats& stats = device.allocator().stats();
  result.peak = stats.peak_allocated - parameters;
  result.workspace = stats.at_peak[static_cast<size_t>(Tag::workspace)];
  result.gradients = {to_host_f64(tape.gradient(Variable({}, slot1))), to_host_f64(tape.gradient(Variable({}, slot2)))};
  for (const auto& p : s.parameters) result.gradients.push_back(to_host_f64(p->gradient));
  return result;
}

// Returns the largest difference relative to the largest expected value.
double error(const std::vector<double>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  double difference = 0, scale = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference = std::max(difference, std::abs(got[i] - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return difference / scale;
}

}  // namespace

TEST_CASE("a reversible sequence has the outputs and gradients of its blocks with stored activations") {
  const int depth = GENERATE(1, 2, 4);
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, {DType::f32, 1e-5}}) {
    const Result expected = run(How::ordinary_ops, depth, dtype);
    for (const How how : {How::reversible, How::stored}) {
      INFO("depth " << depth << ", " << name_of(dtype) << (how == How::stored ? ", stored" : ", reversible"));
      const Result got = run(how, depth, dtype);
      CHECK(error(got.y1, expected.y1) <= tolerance);
      CHECK(error(got.y2, expected.y2) <= tolerance);
      for (size_t i = 0; i < expected.gradients.size(); ++i) {
        INFO("gradient " << i);
        CHECK(error(got.gradients[i], expected.gradients[i]) <= tolerance);
      }
    }
  }
}

TEST_CASE("backward of a residual rebuilds the other half of the input") {
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, {DType::f32, 1e-5}}) {
    Device device;
    const Context ctx{device};
    Sequence s(ctx, 4, dtype);
    Tensor a = half(ctx, kShape, dtype, 1), b = half(ctx, kShape, dtype, 2);
    const auto x1 = to_host_f64(a), x2 = to_host_f64(b);
    std::vector<std::pair<Tensor, Tensor>> small;
    for (const ReversibleBlock& block : s.blocks) {
      Tensor f = block.f->forward(ctx, b, a);
      small.emplace_back(std::move(f), block.g->forward(ctx, a, b));
    }
    CHECK(error(to_host_f64(a), x1) > 0.1);  // the blocks did something
    Tensor da = zeros(ctx, {kShape, dtype, Layout::activation}), db = zeros(ctx, {kShape, dtype, Layout::activation});
    for (size_t k = s.blocks.size(); k-- > 0;) {
      s.blocks[k].g->backward(ctx, a, small[k].second, &b, db, da);
      s.blocks[k].f->backward(ctx, b, small[k].first, &a, da, db);
    }
    CHECK(error(to_host_f64(a), x1) <= tolerance);
    CHECK(error(to_host_f64(b), x2) <= tolerance);
  }
}

TEST_CASE("the activation peak of a reversible sequence does not grow with its depth") {
  const Shape shape{1, 16, 16, 32, kHalf};  // large against statistics and workspace
  const size_t half = static_cast<size_t>(shape.elements()) * sizeof(float);
  const Result one = run(How::reversible, 1, DType::f32, shape), four = run(How::reversible, 4, DType::f32, shape);
  // A further block keeps only two numbers per group and residual: 2 x 512 bytes after rounding.
  CHECK(four.peak - one.peak == 3 * 2 * 512);
  // These are the pair, its gradients and one scratch tensor. In addition there are the statistics and the gradients of
  // six parameters, each rounded up to 512 bytes but for the weights'. Workspace depends on the processor.
  const size_t small = 8 * 512 + 2 * 27 * kHalf * kHalf * sizeof(float) + 2 * 512;
  CHECK(one.peak - one.workspace <= 5 * half + small);
  CHECK(one.peak - one.workspace >= 5 * half);
  CHECK(run(How::stored, 4, DType::f32, shape).peak - run(How::stored, 1, DType::f32, shape).peak >= 3 * 2 * half);
}

TEST_CASE("a sequence whose input is restored leaves the input in its memory after backward") {
  const auto activations = GENERATE(Activations::reversible, Activations::stored);
  const int depth = GENERATE(1, 3);
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, {DType::f32, 1e-5}}) {
    Device device;
    Tape tape;
    const Context ctx{device, &tape};
    Sequence s(ctx, depth, dtype);
    Variable x1 = tape.track(half(ctx, kShape, dtype, 1)), x2 = tape.track(half(ctx, kShape, dtype, 2));
    const Tensor shared1 = x1.value, shared2 = x2.value;
    const auto before1 = to_host_f64(shared1), before2 = to_host_f64(shared2);
    auto [y1, y2] = reversible_sequence(ctx, "sequence", s.blocks, {std::move(x1), std::move(x2)}, activations,
                                        SequenceInput::restored);
    std::vector<Tape::Seed> seeds;
    seeds.push_back({y1.slot, half(ctx, kShape, dtype, 3)});
    seeds.push_back({y2.slot, half(ctx, kShape, dtype, 4)});
    if (activations == Activations::reversible) CHECK(error(to_host_f64(shared1), before1) > 0.1);
    y1 = y2 = Variable();
    tape.backward(ctx, std::move(seeds));
    CHECK(error(to_host_f64(shared1), before1) <= tolerance);
    CHECK(error(to_host_f64(shared2), before2) <= tolerance);
  }
}

TEST_CASE("a sequence refuses halves whose memory is shared") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Sequence s(ctx, 1, DType::f32);
  Variable x1 = tape.track(zeros(ctx, {kShape, DType::f32, Layout::activation})),
           x2 = tape.track(zeros(ctx, {kShape, DType::f32, Layout::activation}));
  const Tensor other = x1.value;
  CHECK_THROWS_WITH(
      reversible_sequence(ctx, "sequence", s.blocks, {std::move(x1), std::move(x2)}, Activations::reversible),
      Catch::Matchers::ContainsSubstring("[sequence]") && Catch::Matchers::ContainsSubstring("nobody shares"));
}
