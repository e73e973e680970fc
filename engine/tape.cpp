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

Tensor& Gradients::at(int slot) {
  REVUNET_EXPECTS(slot >= 0 && slot < static_cast<int>(slots_.size()), Error,
                  "[tape] expected the slot of a variable that this tape tracks, one of {}, got {}; make the variable "
                  "with track()",
                  slots_.size(), slot == Variable::kNoGradient ? "a constant" : std::to_string(slot));
  return slots_[static_cast<size_t>(slot)];
}

Tensor& Gradients::at(int slot, const TensorSpec& spec) {
  Tensor& held = at(slot);
  REVUNET_EXPECTS(!held || held.spec() == spec, Error, "[tape] expected another part of a gradient {}, got one {}",
                  held.spec().to_string(), spec.to_string());
  return held;
}

bool Gradients::deliver(const Context& ctx, int slot, const TensorSpec& spec, Tensor* reusable, const Write& write) {
  if (slot == Variable::kNoGradient) return false;
  if (Tensor& held = at(slot, spec)) {
    write(held, true);
  } else {
    const bool reuse = reusable && reusable->unique() && reusable->spec() == spec;
    Tensor dx = reuse ? *reusable : Tensor(ctx.with_tag(Tag::backward_scratch, Lifetime::passing), spec);
    write(dx, false);
    held = std::move(dx);
  }
  if (reusable) *reusable = Tensor();
  return true;
}

void Gradients::deliver_parts(const Context& ctx, std::span<const int> slots, const TensorSpec& spec,
                              const WriteParts& write) {
  std::vector<Tensor> fresh(slots.size()), begun(slots.size());
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i] == Variable::kNoGradient) continue;
    Tensor& held = at(slots[i], spec);
    if (held) {
      begun[i] = held;
    } else {
      fresh[i] = held = Tensor(ctx.with_tag(Tag::backward_scratch, Lifetime::passing), spec);
    }
  }
  const auto is_defined = [](const Tensor& x) { return bool{x}; };
  if (std::ranges::any_of(fresh, is_defined)) write(fresh, false);
  if (std::ranges::any_of(begun, is_defined)) write(begun, true);
}

void Gradients::seed(int slot, Tensor gradient) {
  Tensor& held = at(slot);
  REVUNET_EXPECTS(!held && gradient.unique(), Error,
                  "[tape] expected one seed for each variable, in memory that nobody shares; pass it with std::move");
  held = std::move(gradient);
}

Variable Tape::track(Tensor value) {
  gradients_.slots_.emplace_back();
  return {std::move(value), static_cast<int>(gradients_.slots_.size()) - 1};
}

void Tape::record(Node node) {
  REVUNET_EXPECTS(!spent_, Error, "[tape] expected a fresh tape to record {}, got one whose backward has run",
                  node.name);
  std::vector<Output> outputs;
  for (const Variable& y : node.outputs) {
    if (check_finite_) expect_finite(y.value, node.name, "output");
    outputs.push_back({y.slot, y.value.spec()});
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
  for (Seed& seed : seeds) gradients_.seed(seed.slot, std::move(seed.gradient));
  const Context inner = ctx.without_tape().with_tag(Tag::backward_scratch, Lifetime::passing);
  const size_t notice = std::min(nodes_left_, nodes_.size());
  while (!nodes_.empty()) {
    if (nodes_.size() == notice && when_left_) when_left_();
    const LayerScope scope(inner, nodes_.back().layer);
    run(inner, nodes_.back());
    const std::vector<Parameter*> parameters = std::move(nodes_.back().node.parameters);
    nodes_.pop_back();  // frees everything that the node saved
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

void Tape::backward_within(const Context& ctx, std::vector<Seed> seeds, std::span<const InnerVariable> variables,
                           Gradients& outer) {
  for (const InnerVariable& v : variables) gradients_.at(v.slot) = std::move(outer.at(v.outer));
  backward(ctx, std::move(seeds));
  for (const InnerVariable& v : variables) outer.at(v.outer) = std::move(gradients_.at(v.slot));
}

std::vector<Parameter*> Tape::parameters() const {
  std::vector<Parameter*> parameters;
  for (const auto& [p, readers] : readers_) parameters.push_back(p);
  return parameters;
}

void Tape::run(const Context& ctx, Recorded& recorded) {
  Node& node = recorded.node;
  const auto reached = [&](const Output& y) { return bool{gradients_.at(y.slot)}; };
  if (std::ranges::none_of(recorded.outputs, reached)) return;
  std::vector<Tensor> dy;
  for (const Output& y : recorded.outputs) {
    const bool undefined = !reached(y) && node.takes_undefined;
    dy.push_back(reached(y) || undefined ? std::move(gradients_.at(y.slot)) : zeros(ctx, y.spec));
    REVUNET_EXPECTS(undefined || dy.back().spec() == y.spec, Error,
                    "[{}] expected a gradient of its output, {}, got {}", node.name, y.spec.to_string(),
                    dy.back().spec().to_string());
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
