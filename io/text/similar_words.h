// This file finds words that are spelled alike, for messages that suggest what may have been meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revunet::io {

// Returns how many characters to insert, leave out, replace or swap with the next to get from one text to the other
// (optimal string alignment).
size_t edit_distance(const std::string& a, const std::string& b);

// Returns the names that are spelled most like `typed`, or none where no name is alike. It ignores case, the difference
// of - and _, and dashes in front of `typed`.
std::vector<std::string> similar(const std::string& typed, const std::vector<std::string>& names);

// Returns the form in which words are compared: lower case, with - for _, without dashes in front.
std::string normalised_word(std::string_view word);

// Returns "; did you mean --lr?", or nothing where there are no words.
std::string did_you_mean(const std::vector<std::string>& words);

// Returns "a, b or c".
std::string alternatives(const std::vector<std::string>& words);

}  // namespace revunet::io
