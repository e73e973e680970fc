#include "kernels/conv3d/cuda/conv3d_problem.h"

#include <fmt/format.h>

namespace revunet::cuda {

std::string describe(const ConvolutionProblem& p) {
  const char* direction = p.direction == Direction::forward         ? "forward"
                          : p.direction == Direction::backward_data ? "backward data"
                                                                    : "backward weight";
  const std::string types =
      p.operands == p.result ? name_of(p.operands) : fmt::format("{} to {}", name_of(p.operands), name_of(p.result));
  const std::string scales = p.alpha == 1 && p.beta == 0 ? "" : fmt::format(", alpha {}, beta {}", p.alpha, p.beta);
  const std::string norm = p.normed_from ? fmt::format(" normalised from {}", name_of(*p.normed_from)) : "";
  return fmt::format("{} {}, x ({}, {}, {}, {}, {}){}, {} output channels, kernel {}{}", direction, types, p.N, p.D,
                     p.H, p.W, p.I, norm, p.O, p.k, scales);
}

}  // namespace revunet::cuda
