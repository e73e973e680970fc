#include "engine/tape.h"

#include <algorithm>

namespace revunet {

namespace {

void expect_finite(const Tensor& x, const std::string& node, const std::string& what) {
  if (!x) return;
  const int64_t bad = count_non_finite(x);
  REVUNET_EXPECTS(bad == 0, NonFiniteError, "[{}] expected finite values in its {} {}, got {} NaN or infinite of {}",
                  node, what, x.shape().to_string(), bad, x.elements());
}

}  // namespace

Gradients::Target Gradients::target(const Context& ctx, int slot, const Shape& shape, DType dtype) {
  Tensor& tensor = slots_[static_cast<size_t>(slot)];
  const bool accumulate = static_cast<bool>(tensor);
  if (!accumulate) tensor = Tensor(ctx.with_tag(Tag::backward_scratch), shape, dtype);
  return {tensor, accumulate};
}

void Gradients::give(int slot, Tensor gradient) {
  REVUNET_EXPECTS(slot >= 0 && slot < static_cast<int>(slots_.size()), Error,
                  "[tape] expected a variable that this tape tracks, got a constant; make it with track()");
  REVUNET_EXPECTS(empty(slot) && gradient.unique(), Error,
                  "[tape] expected an empty gradient slot and a gradient of its own memory; add to target() instead");
  slots_[static_cast<size_t>(slot)] = std::move(gradient);
}

Variable Tape::track(Tensor value) {
  gradients_.slots_.emplace_back();
  return {std::move(value), static_cast<int>(gradients_.slots_.size()) - 1};
}

void Tape::record(Node node) {
  REVUNET_EXPECTS(!spent_, Error, "[tape] expected a fresh tape to record {}, got one whose backward has run",
                  node.name);
  std::vector<OutputShape> outputs;
  for (const Variable& y : node.outputs) {
    if (check_finite_) expect_finite(y.value, node.name, "output");
    outputs.push_back({y.slot, y.value.shape(), y.value.dtype()});
  }
  const uint32_t layer = node.outputs.front().value.device().allocator().current_layer();
  node.outputs.clear();
  for (Parameter* p : node.parameters) {
    if (p) ++readers_[p];
  }
  nodes_.push_back({std::move(node), layer, std::move(outputs)});
}

void Tape::backward(const Context& ctx, std::vector<Seed> seeds, const OnGradient& on_gradient) {
  REVUNET_EXPECTS(!spent_, Error,
                  "[tape] expected a tape whose backward has not run, got one that has released what it saved; run the "
                  "forward again on a new tape");
  spent_ = true;
  for (Seed& seed : seeds) gradients_.give(seed.slot, std::move(seed.gradient));
  const Context inner = ctx.without_tape().with_tag(Tag::backward_scratch);
  while (!nodes_.empty()) {
    const LayerScope scope(inner, nodes_.back().layer);
    run(inner, nodes_.back());
    const std::vector<Parameter*> parameters = std::move(nodes_.back().node.parameters);
    nodes_.pop_back();  // with everything it saved
    report_complete(parameters, on_gradient);
  }
}

void Tape::report_complete(std::span<Parameter* const> parameters, const OnGradient& on_gradient) {
  for (Parameter* p : parameters) {
    if (p && --readers_[p] == 0 && on_gradient && p->gradient) on_gradient(*p);
  }
}

void Tape::backward(const Context& ctx, const Variable& y, Tensor dy, const OnGradient& on_gradient) {
  std::vector<Seed> seeds(1);
  seeds[0] = {y.slot, std::move(dy)};
  backward(ctx, std::move(seeds), on_gradient);
}

void Tape::run(const Context& ctx, Recorded& recorded) {
  Node& node = recorded.node;
  const auto reached = [&](const OutputShape& y) { return !gradients_.empty(y.slot); };
  if (std::ranges::none_of(recorded.outputs, reached)) return;
  std::vector<Tensor> dy;
  for (const OutputShape& y : recorded.outputs) {
    dy.push_back(reached(y) ? gradients_.take(y.slot) : zeros(ctx, y.shape, y.dtype));
    REVUNET_EXPECTS(dy.back().shape() == y.shape && dy.back().dtype() == y.dtype, Error,
                    "[{}] expected a gradient of its output, {} {}, got {} {}", node.name, name_of(y.dtype),
                    y.shape.to_string(), name_of(dy.back().dtype()), dy.back().shape().to_string());
  }
  node.backward(ctx, std::move(dy), gradients_);
  if (!check_finite_) return;
  for (const int slot : node.inputs) {
    if (slot != Variable::kNoGradient) expect_finite(gradients_.at(slot), node.name, "input's gradient");
  }
  for (const Parameter* p : node.parameters) {
    if (p) expect_finite(p->gradient, node.name, "gradient of " + p->name);
  }
}

Variable make_output(const Context& ctx, Tensor value) {
  return ctx.tape ? ctx.tape->track(std::move(value)) : Variable(std::move(value));
}

}  // namespace revunet
