#include "io/dataset/layouts/spellings.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "engine/error.h"

namespace revunet::io {
namespace {

const std::array<Spellings, modality_count> modality_spellings = {{
    {"t1", "t1w", "t1n"},
    {"t1ce", "t1gd", "t1c", "t1wce", "t1wgd", "t1post"},
    {"t2", "t2w"},
    {"flair", "t2f", "t2flair", "flairw"},
}};
const Spellings segmentation_spellings = {"seg", "segm", "segmentation", "label", "labels"};

}  // namespace

std::string plain(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte)) text += static_cast<char>(std::tolower(byte));
  }
  for (const auto& [british, american] : {std::pair<std::string, std::string>{"tumour", "tumor"},
                                          std::pair<std::string, std::string>{"oedema", "edema"}}) {
    for (size_t at = text.find(british); at != std::string::npos; at = text.find(british)) {
      text.replace(at, british.size(), american);
    }
  }
  return text;
}

bool has(const Spellings& spellings, const std::string& name) {
  return std::ranges::find(spellings, plain(name)) != spellings.end();
}

std::optional<size_t> modality_of_name(const std::string& name) {
  // "T1+" is T1 with contrast; as "T1" it would be another image.
  if (name.ends_with('+')) return modality_of_name(name.substr(0, name.size() - 1) + "c");
  for (size_t i = 0; i < modality_spellings.size(); ++i) {
    if (has(modality_spellings[i], name)) return i;
  }
  return std::nullopt;
}

bool is_name_of_segmentation(const std::string& name) {
  return has(segmentation_spellings, name);
}

std::string accepted_modalities() {
  std::vector<std::string> each;
  for (const Spellings& spellings : modality_spellings) each.push_back(fmt::format("{}", fmt::join(spellings, "/")));
  return fmt::format("{} (upper or lower case)", fmt::join(each, ", "));
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);  // distances of a's first characters from each beginning of b
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace revunet::io
