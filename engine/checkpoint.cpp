#include "engine/checkpoint.h"

#include <algorithm>

namespace revunet {

namespace {

// InnerInputs are a segment's inputs as variables of its own tape. A variable that is passed twice is one variable
// there too, so that its gradient is one sum.
struct InnerInputs {
  std::vector<Variable> variables;
  std::vector<Tape::InnerVariable> tracked;

  InnerInputs(Tape& tape, std::vector<Variable> outer) {
    for (Variable& x : outer) {
      const auto before = std::ranges::find(tracked, x.slot, &Tape::InnerVariable::outer);
      if (!x.needs_gradient()) {
        variables.emplace_back(std::move(x.value));
      } else if (before != tracked.end()) {
        variables.emplace_back(std::move(x.value), before->slot);
      } else {
        variables.push_back(tape.track(std::move(x.value)));
        tracked.push_back({variables.back().slot, x.slot});
      }
    }
  }
};

// Runs the segment for its outputs alone. Its tape, if it has one, only checks.
std::vector<Variable> first_run(const Context& ctx, const Segment& segment, const std::vector<Variable>& inputs) {
  Tape checks(true);
  if (ctx.tape->checks_finite()) {
    return segment(ctx.with_tape(&checks), InnerInputs(checks, inputs).variables, OutputValues::read);
  }
  std::vector<Variable> constants;
  for (const Variable& x : inputs) constants.emplace_back(x.value);
  return segment(ctx.without_tape(), std::move(constants), OutputValues::read);
}

struct Checkpoint {
  std::string name;
  std::vector<Variable> inputs;
  std::vector<Parameter*> parameters;
  Segment segment;
  bool check_finite;

  void backward(const Context& ctx, std::vector<Tensor> dy, Gradients& gradients) {
    Tape tape(check_finite);
    InnerInputs inner(tape, std::move(inputs));
    std::vector<Variable> outputs = segment(ctx.with_tape(&tape), std::move(inner.variables), OutputValues::unread);
    expect_known(tape, inner, outputs);
    std::vector<Tape::Seed> seeds;
    for (size_t i = 0; i < dy.size(); ++i) {
      if (dy[i] && outputs[i].needs_gradient()) seeds.push_back({outputs[i].slot, std::move(dy[i])});
    }
    outputs.clear();
    dy.clear();
    tape.backward_within(ctx, std::move(seeds), inner.tracked, gradients);
  }

  void expect_known(const Tape& tape, const InnerInputs& inner, const std::vector<Variable>& outputs) const {
    for (const Variable& y : outputs) {
      REVUNET_EXPECTS(!y.needs_gradient() ||
                          std::ranges::find(inner.tracked, y.slot, &Tape::InnerVariable::slot) == inner.tracked.end(),
                      Error, "[{}] expected outputs that the segment computes, got one of its inputs; use the input",
                      name);
    }
    for (const Parameter* p : tape.parameters()) {
      REVUNET_EXPECTS(std::ranges::find(parameters, p) != parameters.end(), Error,
                      "[{}] expected a segment that reads the parameters it was recorded with, got {} too; list it",
                      name, p->name);
    }
  }
};

}  // namespace

std::vector<Variable> checkpointed(const Context& ctx, const std::string& name, std::vector<Variable> inputs,
                                   std::vector<Parameter*> parameters, Segment segment) {
  if (!ctx.tape) return segment(ctx, std::move(inputs), OutputValues::read);
  const LayerScope scope(ctx, name);
  std::vector<Variable> outputs;
  for (Variable& y : first_run(ctx, segment, inputs)) outputs.push_back(ctx.tape->track(std::move(y.value)));
  std::vector<int> slots;
  for (const Variable& x : inputs) slots.push_back(x.slot);
  Checkpoint checkpoint{name, std::move(inputs), parameters, std::move(segment), ctx.tape->checks_finite()};
  ctx.tape->record(
      {.name = name,
       .inputs = std::move(slots),
       .outputs = outputs,
       .parameters = std::move(parameters),
       .backward = [checkpoint = std::move(checkpoint)](
                       const Context& inner, std::vector<Tensor> dy,
                       Gradients& gradients) mutable { checkpoint.backward(inner, std::move(dy), gradients); },
       .takes_undefined = true});
  return outputs;
}

}  // namespace revunet
