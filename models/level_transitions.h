// These are the ways between two levels of the reversible network. Each is one node of the tape that keeps no tensor of
// its own: what backward needs lies in the streams, which their sequences keep, or is computed again from them.
//
// A stream is (N, D, H, W, C) x 2. At the coarser level the extents along the axes that are halved are half as large.
#pragma once

#include "engine/reversible.h"
#include "kernels/halved_axes.h"

namespace revunet {

// This is a 1x1x1 convolution's weight (O, 1, 1, 1, I) and bias (O), over both halves of a stream's channels together.
struct PointwiseConvolution {
  Parameter* weight = nullptr;
  Parameter* bias = nullptr;
};

// Skips says where a decoder's backward finds the output of the encoder of its level.
enum class Skips {
  stored,      // the paper's scheme: encoder outputs stay in memory next to the sums that decoders start from
  reversible,  // one buffer per level: the sum lies in the encoder's output, and backward subtracts what was added
};

constexpr const char* name_of(Skips skips) {
  return skips == Skips::reversible ? "reversible" : "stored";
}

// Goes down a level: convolution(max_pool(fine)). Backward pools again. Where `kept` is given, it reads fine there.
Stream pool_and_convolve(const Context& ctx, const std::string& name, const Stream& fine, const HalvedAxes& axes,
                         const PointwiseConvolution& convolution, std::shared_ptr<RecomputedPair> kept = nullptr);

// SkipMemory says what becomes of the memory of a skip.
enum class SkipMemory {
  kept,      // others read it in backward, so the sum has memory of its own
  restored,  // it becomes the sum's. Others may share it if they read it in backward only, once this node's backward
             // has restored it; backward convolves again.
  consumed,  // it becomes the sum's, and nobody reads the skip any more
};

// Goes up a level: skip + upsample(convolution(coarse)), along the axes in which the two differ. Without a tape the
// skip's memory is consumed where nobody shares it.
Stream convolve_upsample_and_add(const Context& ctx, const std::string& name, Stream coarse,
                                 const PointwiseConvolution& convolution, Stream skip, SkipMemory memory);

}  // namespace revunet
