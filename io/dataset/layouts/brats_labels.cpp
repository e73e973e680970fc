#include "io/dataset/layouts/brats_labels.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "io/dataset/layouts/spellings.h"

namespace revunet::io {
namespace {

// A number may have the meaning of one tissue. BraTS 2023 calls oedema SNFH, surrounding non-enhancing FLAIR
// hyperintensity.
const std::map<uint8_t, Spellings> label_spellings = {
    {0, {"background", "resectioncavity", "rc"}},
    {1,
     {"nonenhancingtumorcore", "nonenhancingtumor", "nonenhancingcore", "nonenhancing", "netc", "net", "ncr", "ncrnet",
      "necrosis", "necrotic", "necroticcore", "necrotictumorcore", "necroticandnonenhancingtumor",
      "necroticandnonenhancingtumorcore"}},
    {2, {"edema", "ed", "peritumoraledema", "snfh", "surroundingnonenhancingflairhyperintensity"}},
    {4, {"enhancingtumor", "enhancing", "et", "enhancingtissue"}},
};
const std::array<Spellings, 3> region_spellings = {{
    {"wholetumor", "whole", "wt"},
    {"tumorcore", "core", "tc"},
    {"enhancingtumor", "enhancing", "et"},
}};

using Meanings = std::map<uint8_t, uint8_t>;  // value -> label

// Returns false where the value has another meaning already.
bool give_meaning(Meanings& meanings, uint8_t value, uint8_t label) {
  return meanings.emplace(value, label).first->second == label;
}

// nnU-Net's regions are nested: what only the larger one has is the tissue between the two.
std::optional<Meanings> meanings_of_regions(const std::vector<NamedValues>& all) {
  std::array<std::set<uint8_t>, std::tuple_size_v<decltype(region_spellings)>> regions;
  Meanings meanings;
  for (const NamedValues& named : all) {
    const auto region =
        std::ranges::find_if(region_spellings, [&](const Spellings& spellings) { return has(spellings, named.name); });
    if (region != region_spellings.end()) {
      regions[static_cast<size_t>(region - region_spellings.begin())] = named.values;
      continue;
    }
    if (!has(label_spellings.at(0), named.name)) return std::nullopt;
    for (const uint8_t value : named.values) give_meaning(meanings, value, 0);
  }
  const auto& [whole, core, enhancing] = regions;
  if (!std::ranges::includes(whole, core) || !std::ranges::includes(core, enhancing)) return std::nullopt;
  for (const uint8_t value : whole) {
    const uint8_t label = enhancing.contains(value) ? 4 : core.contains(value) ? 1 : 2;
    if (!give_meaning(meanings, value, label)) return std::nullopt;
  }
  return meanings;
}

std::optional<Meanings> meanings_of_tissues(const std::vector<NamedValues>& all) {
  Meanings meanings;
  for (const NamedValues& named : all) {
    const auto label =
        std::ranges::find_if(label_spellings, [&](const auto& entry) { return has(entry.second, named.name); });
    if (label == label_spellings.end()) return std::nullopt;
    for (const uint8_t value : named.values) {
      if (!give_meaning(meanings, value, label->first)) return std::nullopt;
    }
  }
  return meanings;
}

}  // namespace

std::optional<LabelProfile> brats_profile(const std::vector<NamedValues>& labels) {
  const bool regions = std::ranges::any_of(labels, [](const NamedValues& named) {
    return has(region_spellings[0], named.name) || has(region_spellings[1], named.name);
  });
  const std::optional<Meanings> meanings = regions ? meanings_of_regions(labels) : meanings_of_tissues(labels);
  if (!meanings) return std::nullopt;
  std::vector<LabelProfile::Meaning> list;
  std::set<uint8_t> found;
  for (const auto& [value, label] : *meanings) {
    list.push_back({value, label});
    found.insert(label);
  }
  if (found.size() != brats_task()->labels().size()) return std::nullopt;
  LabelProfile profile("of dataset.json", brats_task(), std::move(list));
  for (const LabelProfile& named : LabelProfile::named()) {
    if (named.same_meanings(profile)) return named;
  }
  return profile;
}

}  // namespace revunet::io
