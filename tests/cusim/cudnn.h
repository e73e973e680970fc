// These are the calls of cuDNN's backend that the project makes, on the CPU. For every convolution five engines are
// offered. Only one of them is right, fast and within the limits:
//
//   1  needs 64 MiB of workspace    2  is not deterministic    3  computes 1.5 times the result    4  works
//   0  works as well, as a fallback without tensor cores
//
// For a convolution that is fused with an addition or a copy of its result, engine 5 is offered, which works.
#pragma once

#include <cstdint>

namespace revunet::cusim {

// Returns how often an engine has run since the program began.
int64_t engine_runs(int64_t engine);
// Says whether engine 4 is offered, as it is at first. Without it no engine of a plain convolution uses tensor cores
// within the limits.
void offer_engine_4(bool offered);

}  // namespace revunet::cusim
