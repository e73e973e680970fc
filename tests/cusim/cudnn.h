// The calls of cuDNN's backend that the project makes, on the CPU. For every convolution five engines are offered, of
// which one alone is right, fast and within the limits:
//
//   1  wants 64 MiB of workspace    2  is not deterministic    3  computes 1.5 times the result    4  serves
//   0  serves as well, as a fallback without tensor cores
//
// and for one that is fused with what adds to it, or copies it, one that serves: 5.
#pragma once

#include <cstdint>

namespace revunet::cusim {

// How often an engine has run since the program began.
int64_t engine_runs(int64_t engine);
// Whether engine 4 is offered, as it is at first. Without it no engine of a plain convolution uses tensor cores within
// the limits.
void offer_engine_4(bool offered);

}  // namespace revunet::cusim
