#include "io/label_profile.h"

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "io/regions.h"

namespace revunet::io {
namespace {

constexpr size_t byte_values = 256;

// What to do about a value that the profile has not.
std::string remedy(const LabelProfile& profile, uint8_t value, const std::filesystem::path& path) {
  if (profile.name() == "brats" && value == 3) {
    return "where 3 stands for enhancing tumour, as since BraTS 2023, pass --labels brats2023";
  }
  if (profile.name() == "brats2023" && value == 4 && has_two_conventions(path.filename().string())) {
    return "where 4 stands for oedema, as in BraTS-PEDs 2024, pass --labels brats2024-ped";
  }
  if (profile.name() == "brats2023" && value == 4) {
    return "where 4 stands for the resection cavity, as in BraTS 2024, pass --labels brats2024";
  }
  return "check that it is a segmentation of this dataset, or choose another profile with --labels";
}

}  // namespace

LabelProfile::LabelProfile(std::string name, std::vector<Meaning> meanings)
    : name_(std::move(name)), meanings_(std::move(meanings)) {
  std::sort(meanings_.begin(), meanings_.end(), [](const Meaning& a, const Meaning& b) { return a.value < b.value; });
  for (const uint8_t label : all_labels) value_of(label);
}

const LabelProfile& LabelProfile::brats() {
  static const LabelProfile profile("brats", {{0, 0}, {1, 1}, {2, 2}, {4, 4}});
  return profile;
}

const LabelProfile& LabelProfile::brats2023() {
  static const LabelProfile profile("brats2023", {{0, 0}, {1, 1}, {2, 2}, {3, 4}});
  return profile;
}

const LabelProfile& LabelProfile::brats2024() {
  static const LabelProfile profile("brats2024", {{0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 0}});
  return profile;
}

const LabelProfile& LabelProfile::brats2024_ped() {
  static const LabelProfile profile("brats2024-ped", {{0, 0}, {1, 4}, {2, 1}, {3, 1}, {4, 2}});
  return profile;
}

const LabelProfile& LabelProfile::msd() {
  static const LabelProfile profile("msd", {{0, 0}, {1, 2}, {2, 1}, {3, 4}});
  return profile;
}

const std::vector<LabelProfile>& LabelProfile::named() {
  static const std::vector<LabelProfile> profiles = {brats(), brats2023(), brats2024(), brats2024_ped(), msd()};
  return profiles;
}

std::optional<uint8_t> LabelProfile::label_of(uint8_t value) const {
  const auto found =
      std::find_if(meanings_.begin(), meanings_.end(), [&](const Meaning& m) { return m.value == value; });
  return found == meanings_.end() ? std::nullopt : std::optional(found->label);
}

uint8_t LabelProfile::value_of(uint8_t label) const {
  const auto found =
      std::find_if(meanings_.begin(), meanings_.end(), [&](const Meaning& m) { return m.label == label; });
  REVUNET_EXPECTS(found != meanings_.end(), Error,
                  "[label profile {}] expected the labels 0, 1, 2 and 4 to have values, got none for {}; add it", name_,
                  label);
  return found->value;
}

std::string LabelProfile::values_text() const {
  std::vector<int> values;
  for (const Meaning& m : meanings_) values.push_back(m.value);
  const int last = values.back();
  values.pop_back();
  return fmt::format("{} and {}", fmt::join(values, ", "), last);
}

bool LabelProfile::same_meanings(const LabelProfile& other) const {
  return meanings_ == other.meanings_;
}

bool has_two_conventions(const std::string& case_name) {
  return case_name.starts_with("BraTS-PED-");
}

void expect_one_convention(const std::string& case_name, const std::filesystem::path& path) {
  REVUNET_EXPECTS(
      !has_two_conventions(case_name), DataError,
      "[{}] expected --labels for cases of BraTS-PEDs, whose labels differ between 2023 and 2024, got none; "
      "pass --labels brats2023 (1 core, 2 oedema, 3 enhancing) or brats2024-ped (1 enhancing, 2 core, 3 "
      "cyst, 4 oedema)",
      path.string());
}

const LabelProfile& label_profile(const std::string& name) {
  std::vector<std::string> names;
  for (const LabelProfile& profile : LabelProfile::named()) {
    if (profile.name() == name) return profile;
    names.push_back(profile.name());
  }
  throw UsageError(fmt::format("[--labels] expected {}, got {}", fmt::join(names, ", "), name));
}

std::map<uint8_t, int64_t> unexpected_values(std::span<const uint8_t> values, const LabelProfile& profile) {
  std::array<int64_t, byte_values> counts{};
  for (const uint8_t value : values) ++counts[value];
  std::map<uint8_t, int64_t> unexpected;
  for (size_t value = 0; value < byte_values; ++value) {
    const auto byte = static_cast<uint8_t>(value);
    if (counts[value] > 0 && !profile.label_of(byte)) unexpected[byte] = counts[value];
  }
  return unexpected;
}

std::vector<uint8_t> labels_of_values(std::span<const uint8_t> values, const LabelProfile& profile,
                                      const std::filesystem::path& path) {
  const std::map<uint8_t, int64_t> unexpected = unexpected_values(values, profile);
  std::vector<std::string> counts;
  for (const auto& [value, count] : unexpected) counts.push_back(fmt::format("{} {} times", value, count));
  REVUNET_EXPECTS(unexpected.empty(), DataError, "[{}] expected the labels {} (profile {}), got {}; {}", path.string(),
                  profile.values_text(), profile.name(), fmt::join(counts, ", "),
                  remedy(profile, unexpected.begin()->first, path));
  std::array<uint8_t, byte_values> table{};
  for (const LabelProfile::Meaning& m : profile.meanings()) table[m.value] = m.label;
  std::vector<uint8_t> labels(values.size());
  std::transform(values.begin(), values.end(), labels.begin(), [&](uint8_t value) { return table[value]; });
  return labels;
}

std::vector<uint8_t> values_of_labels(std::span<const uint8_t> labels, const LabelProfile& profile) {
  std::array<uint8_t, 5> table{};
  for (const uint8_t label : all_labels) table[label] = profile.value_of(label);
  std::vector<uint8_t> values(labels.size());
  std::transform(labels.begin(), labels.end(), values.begin(), [&](uint8_t label) {
    REVUNET_EXPECTS(is_label(label), Error, "[values_of_labels] expected the labels 0, 1, 2 and 4, got {}", label);
    return table[label];
  });
  return values;
}

}  // namespace revunet::io
