// This file compares floating-point numbers with an absolute tolerance and no other.
//
// Non-obvious rule: Catch's Approx also accepts what lies within its relative default, 1.2e-5, whatever margin it is
// given.
#pragma once

#include "tests/support/catch.h"

namespace revunet::test {

inline Approx near(double expected, double margin) {
  return Approx(expected).epsilon(0).margin(margin);
}

}  // namespace revunet::test
