#include "io/task/task.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/error.h"

namespace revunet::io {
namespace {

void expect_count(const std::string& task, const char* what, size_t count, size_t most) {
  REVUNET_EXPECTS(count >= 1 && count <= most, Error, "[task {}] expected 1 to {} {}, got {}", task, most, what, count);
}

void expect_distinct(const std::string& task, const char* what, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    REVUNET_EXPECTS(!name.empty() && seen.insert(name).second, Error,
                    "[task {}] expected {} of different names, got '{}' twice or empty", task, what, name);
  }
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& named) {
  std::vector<std::string> names;
  for (const T& each : named) names.push_back(each.name);
  return names;
}

}  // namespace

Task::Task(std::string name, std::vector<std::string> modalities, std::vector<Label> labels,
           std::vector<Region> regions)
    : name_(std::move(name)),
      modalities_(std::move(modalities)),
      labels_(std::move(labels)),
      regions_(std::move(regions)) {
  expect_count(name_, "modalities", modalities_.size(), kMostModalities);
  expect_count(name_, "regions", regions_.size(), kMostRegions);
  expect_distinct(name_, "modalities", modalities_);
  expect_distinct(name_, "labels", names_of(labels_));
  expect_distinct(name_, "regions", names_of(regions_));
  REVUNET_EXPECTS(!labels_.empty() && labels_[0].number == 0, Error,
                  "[task {}] expected the background, label 0, to be the first of {} labels", name_, labels_.size());
  std::set<uint8_t> numbers;
  for (const Label& label : labels_) {
    REVUNET_EXPECTS(numbers.insert(label.number).second, Error, "[task {}] expected label {} once, got it twice", name_,
                    label.number);
  }
  for (size_t r = 0; r < regions_.size(); ++r) {
    const Region& region = regions_[r];
    REVUNET_EXPECTS(!region.labels.empty() && std::ranges::count(region.labels, region.written) == 1, Error,
                    "[task {}] expected region {} to write one of its labels, got {}", name_, region.name,
                    region.written);
    REVUNET_EXPECTS(region.shown_on < modalities_.size(), Error,
                    "[task {}] expected region {} to be shown on one of {} modalities, got {}", name_, region.name,
                    modalities_.size(), region.shown_on);
    for (size_t later = r + 1; later < regions_.size(); ++later) {
      REVUNET_EXPECTS(std::ranges::count(regions_[later].labels, region.written) == 0, Error,
                      "[task {}] expected region {} to write a label that no later region has, got {} of {}; list "
                      "larger regions first",
                      name_, region.name, region.written, regions_[later].name);
    }
    for (const uint8_t label : region.labels) {
      REVUNET_EXPECTS(label != 0 && numbers.contains(label), Error,
                      "[task {}] expected region {} of the labels {}, without background, got {}", name_, region.name,
                      numbers_text(), label);
      regions_of_[label].set(r);
    }
  }
}

const std::string& Task::name_of_label(uint8_t number) const {
  static const std::string none;
  const auto found = std::ranges::find(labels_, number, &Label::number);
  return found == labels_.end() ? none : found->name;
}

std::string Task::numbers_text() const {
  std::vector<int> numbers;
  for (const Label& label : labels_) numbers.push_back(label.number);
  const int last = numbers.back();
  numbers.pop_back();
  return numbers.empty() ? std::to_string(last) : fmt::format("{} and {}", fmt::join(numbers, ", "), last);
}

size_t Task::voxels_of(size_t values) const {
  REVUNET_EXPECTS(values % regions_.size() == 0, Error,
                  "[task {}] expected {} values a voxel, got {} values; pass (X, Y, Z, {})", name_, regions_.size(),
                  values, regions_.size());
  return values / regions_.size();
}

std::vector<uint8_t> Task::written_labels() const {
  std::vector<uint8_t> written;
  for (const Region& region : regions_) written.push_back(region.written);
  return written;
}

std::vector<uint8_t> Task::labels_of(std::span<const float> probabilities, float threshold) const {
  std::vector<uint8_t> labels(voxels_of(probabilities.size()));
  const std::vector<uint8_t> written = written_labels();
  const float* p = probabilities.data();
  for (size_t v = 0; v < labels.size(); ++v) {
    uint8_t label = 0;
    for (const uint8_t of_region : written) {
      REVUNET_EXPECTS(!std::isnan(*p), NonFiniteError,
                      "[task {}] expected probabilities, got NaN at voxel {}; check the network's output", name_, v);
      if (*p++ > threshold) label = of_region;
    }
    labels[v] = label;
  }
  return labels;
}

std::vector<uint8_t> Task::labels_of(std::span<const uint8_t> masks) const {
  std::vector<uint8_t> labels(voxels_of(masks.size()));
  const std::vector<uint8_t> written = written_labels();
  const uint8_t* m = masks.data();
  for (uint8_t& label : labels) {
    for (const uint8_t of_region : written) {
      if (*m++ != 0) label = of_region;
    }
  }
  return labels;
}

bool same_task(const Task& a, const Task& b) {
  if (names_of(a.regions()) != names_of(b.regions())) return false;
  for (int number = 0; number <= std::numeric_limits<uint8_t>::max(); ++number) {
    const auto label = static_cast<uint8_t>(number);
    if (a.name_of_label(label) != b.name_of_label(label) || a.regions_of(label) != b.regions_of(label)) return false;
  }
  return true;
}

}  // namespace revunet::io
