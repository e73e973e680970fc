// Words that are spelled alike, for messages that say what may have been meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revunet::io {

// How many characters to insert, leave out, replace or swap with the next to get from one text to the other (optimal
// string alignment).
size_t edit_distance(const std::string& a, const std::string& b);

// The names that are spelled most like `typed`; none where no name is alike. Capitals, and - for _, make no difference,
// and dashes in front of `typed` are not looked at.
std::vector<std::string> similar(const std::string& typed, const std::vector<std::string>& names);

// The form in which words are compared: lower case, with - for _, without dashes in front.
std::string normalised_word(std::string_view word);

// "; did you mean --lr?", or nothing where there are no words.
std::string did_you_mean(const std::vector<std::string>& words);

// "a, b or c"
std::string alternatives(const std::vector<std::string>& words);

}  // namespace revunet::io
