// This file counts the activations of a step with checkpointed activations.
//
// Rule: as in equations.h, terms follow from the network's configuration alone. Segments are those of
// models/baseline_segments.h and of checkpointed_blocks().
#pragma once

#include <cstdint>

#include "models/plan/plan.h"

namespace revunet {

// All numbers are bytes.
struct CheckpointTerms {
  uint64_t saved = 0;             // at the end of the forward pass, of layers
  uint64_t outputs = 0;           // and of pairs of a reversible network, which are inputs of segments or read last
  uint64_t most_in_backward = 0;  // the most of both in the backward phase
  uint64_t most_gradients = 0;    // of the parameters of one node of the tape, which a segment is
};

CheckpointTerms checkpoint_terms(const MemorySettings& settings);

}  // namespace revunet
