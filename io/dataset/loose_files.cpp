#include "io/dataset/loose_files.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/error.h"
#include "io/files/input_file.h"
#include "io/task/file_patterns.h"
#include "io/text/lower_case.h"

namespace revunet::io {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSeparators = "_-. ";

// Known datasets use these words for modalities in their file names, in small letters.
constexpr std::array<std::string_view, 15> kModalityWords = {
    "t1", "t1n", "t1w", "t1ce", "t1c", "t1gd", "t1post", "t2", "t2w", "t2f", "fla", "flr", "flair", "t1km", "gd"};

bool is_modality(std::string_view word) {
  return std::ranges::find(kModalityWords, lower_case(word)) != kModalityWords.end();
}

// Returns words and the separators between them, in turns.
std::vector<std::string> words_of(const std::string& stem) {
  std::vector<std::string> words = {""};
  for (const char c : stem) {
    const bool separator = kSeparators.find(c) != kSeparators.npos;
    if (separator == (words.size() % 2 == 1)) words.emplace_back();
    words.back() += c;
  }
  return words;
}

// Returns the words with which all names begin, up to the first that is for a modality.
std::string common_words(const std::vector<std::vector<std::string>>& names, bool from_the_end) {
  std::vector<std::string> common;
  const auto at = [&](const std::vector<std::string>& words, size_t i) {
    return from_the_end ? words[words.size() - 1 - i] : words[i];
  };
  for (size_t i = 0;; ++i) {
    const bool shared = std::ranges::all_of(
        names, [&](const auto& words) { return i < words.size() && at(words, i) == at(names[0], i); });
    if (!shared || is_modality(at(names[0], i))) break;
    common.push_back(at(names[0], i));
  }
  if (from_the_end) std::ranges::reverse(common);
  std::string text;
  for (const std::string& word : common) text += word;
  const size_t first = text.find_first_not_of(kSeparators), last = text.find_last_not_of(kSeparators);
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

void expect_file_name(const std::string& name) {
  REVUNET_EXPECTS(
      !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\0", 2)) == name.npos,
      UsageError, "[`name`] expected a name for files, without /, got '{}'", name);
}

void expect_distinct(const LooseFiles& files, const Task& task) {
  for (size_t i = 0; i < files.images.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (files.images[i].empty() || files.images[j].empty()) continue;
      REVUNET_EXPECTS(!fs::equivalent(files.images[i], files.images[j]), UsageError,
                      "[`{}`, `{}`] expected two files, got {} for both", task.modalities()[j], task.modalities()[i],
                      files.images[i].string());
    }
  }
}

}  // namespace

bool LooseFiles::any() const {
  return std::ranges::any_of(images, [](const fs::path& path) { return !path.empty(); });
}

std::string common_name(std::span<const fs::path> images) {
  std::vector<std::vector<std::string>> names;
  for (const fs::path& path : images) names.push_back(words_of(without_image_ending(path.filename().string())));
  if (names.empty()) return "";
  for (const bool from_the_end : {false, true}) {
    const std::string name = common_words(names, from_the_end);
    if (!name.empty()) return name;
  }
  const auto folder = [](const fs::path& path) { return fs::absolute(path).lexically_normal().parent_path(); };
  const bool one = std::ranges::all_of(images, [&](const fs::path& path) { return folder(path) == folder(images[0]); });
  return one ? folder(images[0]).filename().string() : "";
}

CaseFiles case_of(const LooseFiles& files, const std::optional<LabelProfile>& labels, MissingModality missing) {
  CaseFiles c("", labels.value_or(LabelProfile::brats()));
  REVUNET_EXPECTS(files.images.size() == c.modalities.size(), Error, "[case_of] expected {} paths, got {}",
                  c.modalities.size(), files.images.size());
  std::vector<fs::path> given;
  std::vector<std::string> absent;
  for (size_t i = 0; i < files.images.size(); ++i) {
    if (files.images[i].empty()) {
      absent.push_back(fmt::format("`{}`", c.task()->modalities()[i]));
      continue;
    }
    InputFile(files.images[i]);  // refuses a file that is not regular
    c.modalities[i].path = files.images[i];
    given.push_back(files.images[i]);
  }
  REVUNET_EXPECTS(
      absent.empty() || missing == MissingModality::allowed, UsageError,
      "[`t1`, `t1ce`, `t2`, `flair`] expected the four images of a case, got no {}; add what is missing, or "
      "give `missing-modality` zero",
      fmt::join(absent, ", no "));
  expect_distinct(files, *c.task());
  c.name = files.name.empty() ? common_name(given) : files.name;
  REVUNET_EXPECTS(!c.name.empty(), UsageError,
                  "[`name`] expected files whose names share the case's name, got {}; give a `name`",
                  given[0].filename().string());
  expect_file_name(c.name);
  return c;
}

}  // namespace revunet::io
