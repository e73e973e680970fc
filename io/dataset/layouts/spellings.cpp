#include "io/dataset/layouts/spellings.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/error.h"
#include "io/text/lower_case.h"

namespace revunet::io {
namespace {

const std::array<Spellings, 4> modality_spellings = {{
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
    if (std::isalnum(byte)) text += lower_case(c);
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
  // "T1+" is T1 with contrast. Read as "T1" it would be another image.
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

}  // namespace revunet::io
