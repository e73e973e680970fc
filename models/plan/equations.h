// This file computes the terms of the paper's memory equations (arXiv 1906.06148, section 2) from the network's
// configuration alone, to compare a trace with them:
//
//   (3)  sum over all layers of their activations: what a network must keep that rebuilds nothing. Statistics of norms
//        count with the activations of their layers.
//   (4)  sum over non-reversible layers of their activations + sum over reversible sequences of their output
//        + the largest scratch of any sequence's backward
//
// With checkpointed activations the terms are those of gradient checkpointing (Chen et al. 2016, section 4): the inputs
// of segments are kept, and at most one segment's activations are there again.
//
// Rule: nothing here runs the models or the planner. Each term counts tensors by their shapes, every one rounded up to
// kAllocationAlignment as the allocator does, so that terms and trace agree to the byte.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/memory/trace/replay.h"
#include "models/plan/plan.h"

namespace revunet {

struct StepTerms {
  // These are the bytes at the end of the forward pass, by tag, before the first event of the backward phase.
  // saved_activation and sequence_output are the two sums of equation (4). In a network that rebuilds nothing they sum
  // to equation (3).
  std::array<uint64_t, kTagCount> after_forward{};
  // The most bytes of parameters' gradients in the step. None is expected of a fused step of several processes, where
  // it follows from the buckets in which gradients wait for each other.
  std::optional<uint64_t> gradients = 0;
  uint64_t backward_scratch = 0;  // the most bytes of backward_scratch in the step: the last term of equation (4)
  // These are the most bytes of saved_activation and sequence_output together in the backward phase: the inputs of
  // segments that are still to run, and the activations of one. None is expected where none are checkpointed.
  std::optional<uint64_t> activations = std::nullopt;

  bool operator==(const StepTerms&) const = default;
};

// Returns the terms of step `step` of the run, from 1, at batch 1. Adam has its moments from the second step on.
StepTerms expected_terms(const MemorySettings& settings, int64_t step);

// Returns the same from a trace, for each of its sections. They are zeros for sections that are no steps.
std::vector<StepTerms> measured_terms(const Trace& trace);

// Shows both next to each other in MiB, with the tensors of each term, and their sum against the step's peak in bytes.
std::string equations_table(const MemorySettings& settings, int64_t step, const StepTerms& measured, uint64_t peak);

// Returns the first term that differs, in bytes, or an empty text.
std::string first_difference(const StepTerms& expected, const StepTerms& measured);

}  // namespace revunet
