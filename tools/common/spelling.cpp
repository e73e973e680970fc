#include "tools/common/spelling.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "tools/common/aliases.h"

namespace revunet::tools {

namespace {

constexpr size_t kMostOffered = 3;  // names

// In lower case, with - for _, without dashes in front.
std::string normalised(std::string_view name) {
  std::string result(name.substr(std::min(name.find_first_not_of('-'), name.size())));
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  return result;
}

// Characters to insert, leave out, replace or swap with the next (optimal string alignment) to get from a to b.
size_t distance(const std::string& a, const std::string& b) {
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

// Whether all words of the one between dashes are words of the other: "channels" and "model-channels".
bool shares_words(const std::string& a, const std::string& b) {
  const auto words = [](const std::string& name) {
    std::vector<std::string> result;
    std::istringstream stream(name);
    for (std::string word; std::getline(stream, word, '-');) result.push_back(word);
    std::ranges::sort(result);
    return result;
  };
  const std::vector<std::string> of_a = words(a), of_b = words(b);
  return std::ranges::includes(of_a, of_b) || std::ranges::includes(of_b, of_a);
}

std::vector<std::string> meant_by(const std::vector<Alias>& aliases, const std::string& typed,
                                  const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const Alias& alias : aliases) {
    if (std::ranges::find(alias.typed, normalised(typed)) == alias.typed.end()) continue;
    for (const std::string_view meant : alias.meant) {
      const std::string name(meant.substr(0, meant.find(' ')));
      if (std::ranges::find(names, name) != names.end()) result.emplace_back(meant);
    }
  }
  return result;
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* command : app.get_subcommands()) {
    const std::vector<std::string> own = long_names(*command);
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

}  // namespace

std::vector<std::string> similar(const std::string& typed, const std::vector<std::string>& names) {
  const std::string wanted = normalised(typed);
  if (wanted.size() < 2) return {};
  size_t least = std::max<size_t>(1, wanted.size() / 3);  // one slip in three characters
  std::vector<std::string> nearest;
  for (const std::string& name : names) {
    const size_t slips = distance(wanted, normalised(name));
    if (slips < least) nearest.clear();
    if (slips <= least) nearest.push_back(name);
    least = std::min(least, slips);
  }
  if (nearest.empty()) {
    std::ranges::copy_if(names, std::back_inserter(nearest),
                         [&](const std::string& name) { return shares_words(wanted, normalised(name)); });
  }
  if (nearest.size() > kMostOffered) nearest.resize(kMostOffered);
  return nearest;
}

std::vector<std::string> similar_options(const std::string& typed, const CLI::App& app) {
  const std::vector<std::string> names = long_names(app);
  const std::vector<std::string> meant = meant_by(kOptionAliases, typed, names);
  return meant.empty() ? similar(typed, names) : meant;
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto refusal = [choices](const std::string& value) -> std::string {
    if (std::ranges::find(choices, value) != choices.end()) return "";
    std::vector<std::string> meant = meant_by(kValueAliases, value, choices);
    if (meant.empty()) meant = similar(value, choices);
    return fmt::format("expected {}, got {}{}", alternatives(choices), value, did_you_mean(meant));
  };
  return CLI::Validator(refusal, "{" + CLI::detail::join(choices, ",") + "}");
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

}  // namespace revunet::tools
