// Runs tests with each set of instructions that the CPU kernels may use.
#pragma once

#include "engine/cpu_instructions.h"
#include "tests/support/catch.h"

namespace revunet::test {

// While it lives, kernels use at most these instructions.
class WithCpuInstructions {
 public:
  explicit WithCpuInstructions(CpuInstructions most) : before_(cpu_instructions()) { set_cpu_instructions(most); }
  ~WithCpuInstructions() { set_cpu_instructions(before_); }
  WithCpuInstructions(const WithCpuInstructions&) = delete;
  WithCpuInstructions& operator=(const WithCpuInstructions&) = delete;

 private:
  CpuInstructions before_;
};

// Calls f with each set that this processor has, and warns of the others.
template <class F>
void for_each_cpu_instructions(F f) {
  for (const CpuInstructions set : kCpuInstructions) {
    if (set < least_cpu_instructions()) {
      WARN("skipped with " << name_of(set) << ": this build is native, for " << name_of(least_cpu_instructions()));
      continue;
    }
    if (set > available_cpu_instructions()) {
      WARN("skipped with " << name_of(set) << ": this processor has at most " << name_of(available_cpu_instructions()));
      continue;
    }
    const WithCpuInstructions used(set);
    INFO("instructions: " << name_of(set));
    f();
  }
}

}  // namespace revunet::test
