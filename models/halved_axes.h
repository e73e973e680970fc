// This file has the axes that the steps between a network's levels halve, as numbers and as words.
//
// Rule: axes D, H, W of kernels are x, y, z here. A configuration in which every step halves every axis has no list of
// steps, so that there is one way to say it, and files of such networks do not mention axes.
#pragma once

#include <string>
#include <vector>

#include "kernels/halved_axes.h"

namespace revunet {

// Reads a word of x, y and z for each step, such as "xy,xyz". Throws UsageError with `what` for other letters, a letter
// that is repeated, and a word without letters.
std::vector<HalvedAxes> parse_halved(const std::string& text, const std::string& what);

// Returns "xy,xyz".
std::string halved_text(const std::vector<HalvedAxes>& steps);

// Throws UsageError unless there is a word for each step between so many levels.
void expect_steps(const std::vector<HalvedAxes>& steps, size_t levels);

// Returns the steps as a configuration has them: none where all of them halve all axes.
std::vector<HalvedAxes> canonical(std::vector<HalvedAxes> steps);
// Does the same for those of so many levels, or for none, which stands for the usual ones. Throws as expect_steps does.
std::vector<HalvedAxes> canonical(std::vector<HalvedAxes> steps, size_t levels);

}  // namespace revunet
