// Tests hold streams in turn, so that each runs as late as CUDA allows, and a wait that is missing shows in the values.
#pragma once

#include "tests/cusim/streams.h"

namespace revunet::test {

enum class Held { none, compute, second, both };

// Holds streams of the device that is made next: its own is the first. The second is that of its copies or its sums.
class HeldStreams {
 public:
  explicit HeldStreams(Held held) {
    cusim::count_streams_from_here();
    if (held == Held::compute || held == Held::both) cusim::hold_stream(0);
    if (held == Held::second || held == Held::both) cusim::hold_stream(1);
  }
  ~HeldStreams() { cusim::release_streams(); }
  HeldStreams(const HeldStreams&) = delete;
  HeldStreams& operator=(const HeldStreams&) = delete;
};

}  // namespace revunet::test
