#include "io/dataset/label_profile.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/error.h"
#include "io/text/lower_case.h"

namespace revunet::io {
namespace {

// Returns a text such as "1 core, 2 oedema, 4 enhancing": what the numbers of a tumour stand for, and numbers of
// background other than 0.
std::string tumour_text(const LabelProfile& profile) {
  std::vector<std::string> texts;
  for (const auto& [value, label] : profile.meanings()) {
    if (value != 0) texts.push_back(fmt::format("{} {}", value, profile.task()->name_of_label(label)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Returns BraTS's profiles that have all values of this segmentation, or none for another task. Cases of BraTS-PEDs
// have one of two profiles.
std::vector<std::string> readings_of(const ValueCounts& seen, const TaskPointer& task,
                                     const std::filesystem::path& path) {
  const bool paediatric = has_two_conventions(path.filename().string());
  std::vector<std::string> readings;
  for (const LabelProfile& profile : LabelProfile::named()) {
    const bool published = profile.name() == "brats2023" || profile.name() == "brats2024-ped";
    if (!brats_task_of(*task) || (paediatric && !published) || !unexpected_values(seen, profile).empty()) continue;
    readings.push_back(fmt::format("`labels` {} ({})", profile.name(), tumour_text(profile)));
  }
  return readings;
}

}  // namespace

LabelProfile::LabelProfile(std::string name, TaskPointer task, std::vector<Meaning> meanings)
    : name_(std::move(name)), task_(std::move(task)), meanings_(std::move(meanings)) {
  std::sort(meanings_.begin(), meanings_.end(), [](const Meaning& a, const Meaning& b) { return a.value < b.value; });
  for (const Task::Label& label : task_->labels()) value_of(label.number);
  for (const Meaning& m : meanings_) {
    REVUNET_EXPECTS(task_->has_label(m.label), Error, "[label profile {}] expected the labels {} of {}, got {}", name_,
                    task_->numbers_text(), task_->name(), m.label);
  }
}

const LabelProfile& LabelProfile::brats() {
  static const LabelProfile profile("brats", brats_task(), {{0, 0}, {1, 1}, {2, 2}, {4, 4}});
  return profile;
}

const LabelProfile& LabelProfile::brats2015() {
  static const LabelProfile profile("brats2015", brats_task(), {{0, 0}, {1, 1}, {2, 2}, {3, 1}, {4, 4}});
  return profile;
}

const LabelProfile& LabelProfile::brats2023() {
  static const LabelProfile profile("brats2023", brats_task(), {{0, 0}, {1, 1}, {2, 2}, {3, 4}});
  return profile;
}

const LabelProfile& LabelProfile::brats2024() {
  static const LabelProfile profile("brats2024", brats_task(), {{0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 0}});
  return profile;
}

const LabelProfile& LabelProfile::brats2024_rc() {
  static const LabelProfile profile("brats2024-rc", brats2024_task(), {{0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 3}});
  return profile;
}

const LabelProfile& LabelProfile::brats2024_ped() {
  static const LabelProfile profile("brats2024-ped", brats_task(), {{0, 0}, {1, 4}, {2, 1}, {3, 1}, {4, 2}});
  return profile;
}

const LabelProfile& LabelProfile::msd() {
  static const LabelProfile profile("msd", brats_task(), {{0, 0}, {1, 2}, {2, 1}, {3, 4}});
  return profile;
}

const std::vector<LabelProfile>& LabelProfile::named() {
  static const std::vector<LabelProfile> profiles = {brats(),        brats2015(),     brats2023(), brats2024(),
                                                     brats2024_rc(), brats2024_ped(), msd()};
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
                  "[label profile {}] expected the labels {} to have values, got none for {}; add it", name_,
                  task_->numbers_text(), label);
  return found->value;
}

std::string LabelProfile::values_text() const {
  std::vector<int> values;
  for (const Meaning& m : meanings_) values.push_back(m.value);
  const int last = values.back();
  values.pop_back();
  return fmt::format("{} and {}", fmt::join(values, ", "), last);
}

std::string LabelProfile::meanings_text() const {
  std::vector<std::string> texts;
  for (const auto& [value, label] : meanings_) {
    texts.push_back(fmt::format("{} {}", value, task_->name_of_label(label)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool LabelProfile::same_meanings(const LabelProfile& other) const {
  return same_regions(*task_, *other.task_) && meanings_ == other.meanings_;
}

LabelProfile profile_of_task(const TaskPointer& task) {
  REVUNET_EXPECTS(task != brats_task(), Error, "[labels] expected a task of one profile, got {}", task->name());
  if (task == brats2024_task()) return LabelProfile::brats2024_rc();
  std::vector<LabelProfile::Meaning> meanings;
  for (const Task::Label& label : task->labels()) meanings.push_back({label.number, label.number});
  return {task->name(), task, std::move(meanings)};
}

bool has_two_conventions(const std::string& case_name) {
  constexpr std::string_view start = "brats-ped-";
  return case_name.size() > start.size() &&
         std::equal(start.begin(), start.end(), case_name.begin(),
                    [](char a, char b) { return a == (b == '_' ? '-' : lower_case(b)); });
}

void expect_one_convention(const std::string& case_name, const std::filesystem::path& path) {
  REVUNET_EXPECTS(
      !has_two_conventions(case_name), DataError,
      "[{}] expected `labels` for cases of BraTS-PEDs, whose labels differ between 2023 and 2024, got none; "
      "pass `labels` brats2023 (1 core, 2 oedema, 3 enhancing) or brats2024-ped (1 enhancing, 2 core, 3 "
      "cyst, 4 oedema)",
      path.string());
}

const LabelProfile& label_profile(const std::string& name) {
  std::vector<std::string> names;
  for (const LabelProfile& profile : LabelProfile::named()) {
    if (profile.name() == name) return profile;
    names.push_back(profile.name());
  }
  throw UsageError(fmt::format("[`labels`] expected {}, got {}", fmt::join(names, ", "), name));
}

ValueCounts count_values(std::span<const uint8_t> values) {
  ValueCounts counts{};
  for (const uint8_t value : values) ++counts[value];
  return counts;
}

std::map<uint8_t, int64_t> unexpected_values(const ValueCounts& counts, const LabelProfile& profile) {
  std::map<uint8_t, int64_t> unexpected;
  for (size_t value = 0; value < counts.size(); ++value) {
    const auto byte = static_cast<uint8_t>(value);
    if (counts[value] > 0 && !profile.label_of(byte)) unexpected[byte] = counts[value];
  }
  return unexpected;
}

void expect_known_values(const ValueCounts& counts, const LabelProfile& profile, const std::filesystem::path& path,
                         const ValueCounts& seen) {
  const std::map<uint8_t, int64_t> unexpected = unexpected_values(counts, profile);
  if (unexpected.empty()) return;
  std::vector<std::string> found;
  for (const auto& [value, count] : unexpected) found.push_back(fmt::format("{} {} times", value, count));
  const std::vector<std::string> readings = readings_of(seen, profile.task(), path);
  throw DataError(fmt::format(
      "[{}] expected the labels {} (profile {}), got {}; {}", path.string(), profile.values_text(), profile.name(),
      fmt::join(found, ", "),
      readings.empty() ? "check that it is a segmentation of this dataset, as no `labels` has all of its numbers"
                       : fmt::format("say what the numbers stand for: {}", fmt::join(readings, " or "))));
}

std::vector<uint8_t> labels_of_values(std::span<const uint8_t> values, const LabelProfile& profile,
                                      const std::filesystem::path& path) {
  const ValueCounts counts = count_values(values);
  expect_known_values(counts, profile, path, counts);
  std::array<uint8_t, std::tuple_size_v<ValueCounts>> table{};
  for (const LabelProfile::Meaning& m : profile.meanings()) table[m.value] = m.label;
  std::vector<uint8_t> labels(values.size());
  std::transform(values.begin(), values.end(), labels.begin(), [&](uint8_t value) { return table[value]; });
  return labels;
}

std::vector<uint8_t> values_of_labels(std::span<const uint8_t> labels, const LabelProfile& profile) {
  std::array<std::optional<uint8_t>, std::tuple_size_v<ValueCounts>> table{};
  for (const Task::Label& label : profile.task()->labels()) table[label.number] = profile.value_of(label.number);
  std::vector<uint8_t> values(labels.size());
  std::transform(labels.begin(), labels.end(), values.begin(), [&](uint8_t label) {
    REVUNET_EXPECTS(table[label], Error, "[values_of_labels] expected the labels {} of {}, got {}",
                    profile.task()->numbers_text(), profile.task()->name(), label);
    return *table[label];
  });
  return values;
}

}  // namespace revunet::io
