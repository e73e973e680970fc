// This file says how the baseline is cut into segments whose activations are computed again in backward.
//
// Rule: the cuts follow from the network's shape alone, whatever the image. They are those of Chen et al. 2016
// (Training deep nets with sublinear memory cost, algorithm 3), where stages join a segment until it holds a budget.
// The budget is the finest encoder, which is always one segment: it has four of the largest tensors, and no cut within
// it would free more than the tensor that the cut keeps, which would be there while the finest decoder runs. Where
// steps halve all axes, everything below the finest level holds less than that, and is one segment. So a checkpointed
// network of L layers keeps about as little as with sqrt(L) segments of one size, although its layers are of many
// sizes.
#pragma once

#include <vector>

#include "models/unet.h"

namespace revunet {

// A BaselineSegment is the stages begin, ..., end - 1. Stage i is encoder i with the pooling after it, and stage
// levels() + i is decoder i with the upsampling and the sum after it. A sum whose skip comes from an earlier segment
// is left to the tape, because it keeps nothing. The last layer of all is in no segment: its backward comes right after
// its forward, so there is nothing to save. The finest decoder is a segment without it, if it has another one.
struct BaselineSegment {
  size_t begin, end;
};

std::vector<BaselineSegment> baseline_segments(const UNetConfig& config);

}  // namespace revunet
