// A Parameter is a trainable tensor with its gradient and its name in weight files.
#pragma once

#include <string>

#include "engine/tensor.h"

namespace revunet {

struct Parameter {
  std::string name;  // as in the reference's state_dict, e.g.
                     // "encoders.0.reversibleBlocks.reversible_blocks.0.f_block.gn.weight"
  Tensor value;
  Tensor gradient;  // undefined until a backward adds to it; accumulates across backward passes until cleared

  void clear_gradient() { gradient = Tensor(); }
};

// Returns the gradient to add to. Where there is none yet, it is made of zeros (tag gradient).
inline Tensor& gradient_of(const Context& ctx, Parameter& p) {
  if (!p.gradient) p.gradient = zeros(ctx.with_tag(Tag::gradient), p.value.shape(), p.value.dtype());
  return p.gradient;
}

}  // namespace revunet
