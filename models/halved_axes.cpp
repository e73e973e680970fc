#include "models/halved_axes.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace revunet {

namespace {

constexpr std::string_view kLetters = "xyz";

HalvedAxes parse_word(const std::string& word, const std::string& text, const std::string& what) {
  HalvedAxes axes{};
  for (const char letter : word) {
    const size_t axis = kLetters.find(letter);
    REVUNET_EXPECTS(axis != kLetters.npos && !axes[axis], UsageError,
                    "[{}] expected the axes x, y and z that a step halves, each at most once in a word, got '{}' in "
                    "'{}'; for example xy,xyz for three levels",
                    what, word, text);
    axes[axis] = true;
  }
  REVUNET_EXPECTS(!word.empty(), UsageError,
                  "[{}] expected a word for each step, which halves one axis at least, got an empty one in '{}'; for "
                  "example xy,xyz for three levels",
                  what, text);
  return axes;
}

}  // namespace

std::vector<HalvedAxes> parse_halved(const std::string& text, const std::string& what) {
  std::vector<HalvedAxes> steps;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    steps.push_back(parse_word(text.substr(begin, end - begin), text, what));
    begin = end + 1;
  }
  return steps;
}

std::string halved_text(const std::vector<HalvedAxes>& steps) {
  std::vector<std::string> words;
  for (const HalvedAxes& axes : steps) {
    std::string& word = words.emplace_back();
    for (size_t axis = 0; axis < axes.size(); ++axis) {
      if (axes[axis]) word += kLetters[axis];
    }
  }
  return fmt::format("{}", fmt::join(words, ","));
}

std::vector<HalvedAxes> canonical(std::vector<HalvedAxes> steps) {
  if (std::ranges::all_of(steps, [](const HalvedAxes& axes) { return axes == kAllAxes; })) steps.clear();
  return steps;
}

void expect_steps(const std::vector<HalvedAxes>& steps, size_t levels) {
  REVUNET_EXPECTS(
      steps.size() + 1 == levels, UsageError,
      "[`halve`] expected a word for each step between the {} levels of `channels`, {} in all, got {} in {}", levels,
      levels - 1, steps.size(), halved_text(steps));
}

std::vector<HalvedAxes> canonical(std::vector<HalvedAxes> steps, size_t levels) {
  if (!steps.empty()) expect_steps(steps, levels);
  return canonical(std::move(steps));
}

}  // namespace revunet
