#include "io/text/similar_words.h"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "io/text/lower_case.h"

namespace revunet::io {

namespace {

constexpr size_t kMostOffered = 3;  // names

std::vector<std::string> sorted_words(const std::string& name) {
  std::vector<std::string> words;
  std::istringstream stream(name);
  for (std::string word; std::getline(stream, word, '-');) words.push_back(word);
  std::ranges::sort(words);
  return words;
}

// Counts the words between dashes that one name has and the other lacks, where the other has no more: 1 from "channels"
// to "model-channels", 0 from "trace-memory" to "memory-trace". Otherwise returns `no_relation`.
size_t words_between(const std::string& a, const std::string& b, size_t no_relation) {
  const std::vector<std::string> of_a = sorted_words(a), of_b = sorted_words(b);
  if (std::ranges::includes(of_a, of_b)) return of_a.size() - of_b.size();
  return std::ranges::includes(of_b, of_a) ? of_b.size() - of_a.size() : no_relation;
}

// Returns the names of least cost, where that is at most `most`.
template <class Cost>
std::vector<std::string> cheapest(const std::vector<std::string>& names, size_t most, Cost cost) {
  std::vector<std::string> result;
  for (const std::string& name : names) {
    const size_t own = cost(normalised_word(name));
    if (own < most) result.clear();
    most = std::min(own, most);
    if (own == most) result.push_back(name);
  }
  if (result.size() > kMostOffered) result.resize(kMostOffered);
  return result;
}

}  // namespace

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

std::vector<std::string> similar(const std::string& typed, const std::vector<std::string>& names) {
  const std::string wanted = normalised_word(typed);
  if (wanted.size() < 2) return {};
  const size_t most_slips = std::max<size_t>(1, wanted.size() / 3);  // one in three characters
  const auto nearest =
      cheapest(names, most_slips, [&](const std::string& name) { return edit_distance(wanted, name); });
  if (!nearest.empty()) return nearest;
  constexpr size_t most_words = 2;
  return cheapest(names, most_words,
                  [&](const std::string& name) { return words_between(wanted, name, most_words + 1); });
}

std::string normalised_word(std::string_view word) {
  std::string result(word.substr(std::min(word.find_first_not_of('-'), word.size())));
  std::ranges::transform(result, result.begin(), [](char c) { return c == '_' ? '-' : lower_case(c); });
  return result;
}

std::string did_you_mean(const std::vector<std::string>& words) {
  return words.empty() ? "" : fmt::format("; did you mean {}?", alternatives(words));
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return text;
}

}  // namespace revunet::io
