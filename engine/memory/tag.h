// A tag says what a byte of tensor memory is for. Every allocation has one from birth, so that a measured peak can be
// compared with the terms of the paper's memory equations (3) and (4), which are sums over tags.
//
// Rule: a tag counts and never decides. Where a block lies follows from its Lifetime (caching_allocator.h), and how a
// tensor lies in it from its Layout (tensor.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace revunet {

enum class Tag : uint8_t {
  parameter,         // weights
  gradient,          // of parameters
  optimiser,         // moments
  input,             // image and target
  saved_activation,  // output of a non-reversible layer that its backward reads
  sequence_output,   // the pair that a reversible sequence leaves behind
  forward_scratch,   // activations that no backward reads
  backward_scratch,  // gradients of activations, and what is rebuilt in backward
  workspace,         // used inside one call of one op
  other,
  communication,  // what a step's gradients are packed into, on their way to other processes
};

inline constexpr std::array kTagNames = {"parameter",        "gradient",        "optimiser",       "input",
                                         "saved_activation", "sequence_output", "forward_scratch", "backward_scratch",
                                         "workspace",        "other",           "communication"};
inline constexpr size_t kTagCount = kTagNames.size();
// Every run has the tags before this index. A run of several processes has the others too.
inline constexpr size_t kTagsOfOneProcess = kTagCount - 1;

constexpr const char* name_of(Tag tag) {
  return kTagNames[static_cast<size_t>(tag)];
}

// A Phase says what training does while memory is asked for and given back.
enum class Phase : uint8_t { setup, forward, backward, optimiser, evaluation };

inline constexpr std::array kPhaseNames = {"setup", "forward", "backward", "optimiser", "evaluation"};

constexpr const char* name_of(Phase phase) {
  return kPhaseNames[static_cast<size_t>(phase)];
}

}  // namespace revunet
