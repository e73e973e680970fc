// A checkpoint is ONE tape node for a part of a network, a segment. It keeps the segment's inputs only. Backward runs
// the segment again on a tape of its own, and then that tape's backward: gradient checkpointing (Chen, Xu, Zhang and
// Guestrin 2016, Training deep nets with sublinear memory cost, arXiv 1604.06174).
//
// Rule: a segment computes the same values each time it runs, and the nodes on its own tape do what they would do on
// the outer one, in the same order. So gradients have the bits that they have where everything is stored.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/tape.h"

namespace revunet {

// OutputValues says whether anybody reads the values of a segment's outputs.
enum class OutputValues {
  read,
  unread,  // it runs for its tape alone: its last op need not compute, and returns any tensors of the outputs' kinds
};

// A Segment maps its inputs to its outputs. It is called with and without a tape, reads no variable but its inputs, and
// leaves the memory of inputs as it is where others share it. It is called again in backward, so what it captures
// outlives the tape.
using Segment =
    std::function<std::vector<Variable>(const Context& ctx, std::vector<Variable> inputs, OutputValues values)>;

// Runs the segment and records one node called `name`, which keeps the inputs: pass them with std::move, so that their
// memory goes with their last use in backward. `parameters` are those that the segment reads; their gradients are
// complete when all of the segment's backward has run. Without a tape it runs the segment and does nothing else.
//
// The memory of a forward pass is the segment's without a tape. That of backward is, in addition, what the segment's
// nodes save, with the tags that the segment gives it. Where the tape checks for finite values, forward has the memory
// of both, as the first op that makes another is named.
//
// Throws Error where the segment returns one of its inputs, or reads a parameter that is not listed.
std::vector<Variable> checkpointed(const Context& ctx, const std::string& name, std::vector<Variable> inputs,
                                   std::vector<Parameter*> parameters, Segment segment);

}  // namespace revunet
