#include "io/task/task.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/error.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

void expect_count(const std::string& task, const char* what, size_t count, size_t most) {
  REVUNET_EXPECTS(count >= 1 && count <= most, Error, "[task {}] expected 1 to {} {}, got {}", task, most, what, count);
}

void expect_distinct(const std::string& task, const char* what, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    REVUNET_EXPECTS(seen.insert(name).second, Error, "[task {}] expected {} of different names, got '{}' twice", task,
                    what, name);
  }
}

// Names come from files, and go to terminals and into tables.
void expect_printable(const std::string& task, const char* what, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    REVUNET_EXPECTS(!name.empty() && printable_line(name) == name, Error,
                    "[task {}] expected a name of {} of letters that can be printed, got '{}'", printable_line(task),
                    what, printable_line(name));
  }
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& named) {
  std::vector<std::string> names;
  for (const T& each : named) names.push_back(each.name);
  return names;
}

void expect_files(const std::string& task, const FilePatterns& files, size_t modalities) {
  REVUNET_EXPECTS(files.images.size() == modalities, Error,
                  "[task {}] expected a pattern of file names for each of {} modalities, got {}", task, modalities,
                  files.images.size());
  try {
    for (const FilePatterns::Image& image : files.images) {
      expect_pattern(image.pattern);
      for (const FilePatterns::Image& other : files.images) {
        const bool one_file = without_image_ending(other.pattern) == without_image_ending(image.pattern);
        REVUNET_EXPECTS(!one_file || other.frames == image.frames, Error,
                        "expected as many frames for all images of {}, got {} and {}", excerpt(image.pattern),
                        image.frames, other.frames);
      }
      REVUNET_EXPECTS(0 <= image.frame && image.frame < image.frames, Error, "expected a frame of {}, from 0, got {}",
                      image.frames, image.frame);
    }
    if (!files.segmentation.empty()) expect_pattern(files.segmentation);
  } catch (const Error& e) {
    throw Error(fmt::format("[task {}] {}", task, e.what()));
  }
}

}  // namespace

Task::Task(std::string name, std::vector<std::string> modalities, std::vector<Label> labels,
           std::vector<Region> regions, Rules rules)
    : name_(std::move(name)),
      modalities_(std::move(modalities)),
      labels_(std::move(labels)),
      regions_(std::move(regions)),
      rules_(std::move(rules)) {
  if (rules_.normalisations.empty()) rules_.normalisations.resize(modalities_.size());
  expect_count(name_, "modalities", modalities_.size(), kMostModalities);
  expect_count(name_, "regions", regions_.size(), kMostRegions - (rules_.exclusive ? 1 : 0));
  expect_printable(name_, "the task", {name_});
  expect_printable(name_, "modalities", modalities_);
  expect_printable(name_, "labels", names_of(labels_));
  expect_printable(name_, "regions", names_of(regions_));
  expect_distinct(name_, "modalities", modalities_);
  expect_distinct(name_, "labels", names_of(labels_));
  expect_distinct(name_, "regions", names_of(regions_));
  for (const char* role : {"seg", "images"}) {
    REVUNET_EXPECTS(
        std::ranges::count(modalities_, role) == 0, Error,
        "[task {}] expected names of modalities other than seg and images, which files of a case have, got {}", name_,
        role);
  }
  REVUNET_EXPECTS(!labels_.empty() && labels_[0].number == 0, Error,
                  "[task {}] expected the background, label 0, to be the first of {} labels", name_, labels_.size());
  std::set<uint8_t> numbers;
  for (const Label& label : labels_) {
    REVUNET_EXPECTS(numbers.insert(label.number).second, Error, "[task {}] expected label {} once, got it twice", name_,
                    label.number);
  }
  expect_regions();
  for (size_t r = 0; r < regions_.size(); ++r) {
    for (const uint8_t label : regions_[r].labels) regions_of_[label].set(r);
  }
  expect_rules();
}

void Task::expect_regions() const {
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
      REVUNET_EXPECTS(label != 0 && has_label(label), Error,
                      "[task {}] expected region {} of the labels {}, without background, got {}", name_, region.name,
                      numbers_text(), label);
    }
  }
}

void Task::expect_rules() const {
  REVUNET_EXPECTS(rules_.normalisations.size() == modalities_.size(), Error,
                  "[task {}] expected a normalisation for each of {} modalities, got {}", name_, modalities_.size(),
                  rules_.normalisations.size());
  for (const Label& label : labels_) {
    REVUNET_EXPECTS(!rules_.exclusive || regions_of(label.number).count() <= 1, Error,
                    "[task {}] expected each label in one of the exclusive regions at most, got {} in {}", name_,
                    label.number, regions_of(label.number).count());
  }
  for (const double mm : rules_.resampling.spacing) {
    REVUNET_EXPECTS(rules_.resampling.kind != Resampling::Kind::given || is_spacing(mm), Error,
                    "[task {}] expected spacings above 0 and at most {} mm, got {}", name_, kMostSpacing, mm);
  }
  if (rules_.files) expect_files(name_, *rules_.files, modalities_.size());
  const std::optional<uint8_t> ignored = rules_.ignored;
  REVUNET_EXPECTS(!ignored || (*ignored != 0 && has_label(*ignored) && regions_of(*ignored).none()), Error,
                  "[task {}] expected one of the labels {} of no region to be ignored, got {}", name_, numbers_text(),
                  ignored.value_or(0));
}

std::vector<std::string> Task::region_names() const {
  return names_of(regions_);
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

size_t Task::voxels_of(size_t values, int64_t channels) const {
  REVUNET_EXPECTS(values % static_cast<size_t>(channels) == 0, Error,
                  "[task {}] expected {} values per voxel, got {} values; pass (X, Y, Z, {})", name_, channels, values,
                  channels);
  return values / static_cast<size_t>(channels);
}

std::vector<uint8_t> Task::written_labels() const {
  std::vector<uint8_t> written;
  for (const Region& region : regions_) written.push_back(region.written);
  return written;
}

std::vector<uint8_t> Task::labels_of(std::span<const float> probabilities, float threshold) const {
  std::vector<uint8_t> labels(voxels_of(probabilities.size(), output_count()));
  for (size_t i = 0; i < probabilities.size(); ++i) {
    REVUNET_EXPECTS(!std::isnan(probabilities[i]), NonFiniteError,
                    "[task {}] expected probabilities, got NaN at voxel {}; check the network's output", name_,
                    i / static_cast<size_t>(output_count()));
  }
  if (rules_.exclusive) return most_probable(probabilities);
  const std::vector<uint8_t> written = written_labels();
  const float* p = probabilities.data();
  for (uint8_t& label : labels) {
    for (const uint8_t of_region : written) {
      if (*p++ > threshold) label = of_region;
    }
  }
  return labels;
}

std::vector<uint8_t> Task::most_probable(std::span<const float> probabilities) const {
  std::vector<uint8_t> written = written_labels();
  written.insert(written.begin(), uint8_t{0});
  std::vector<uint8_t> labels(probabilities.size() / written.size());
  const float* p = probabilities.data();
  for (uint8_t& label : labels) {
    label = written[static_cast<size_t>(std::max_element(p, p + written.size()) - p)];
    p += written.size();
  }
  return labels;
}

std::vector<uint8_t> Task::labels_of(std::span<const uint8_t> masks) const {
  std::vector<uint8_t> labels(voxels_of(masks.size(), std::ssize(regions_)));
  const std::vector<uint8_t> written = written_labels();
  const uint8_t* m = masks.data();
  for (uint8_t& label : labels) {
    for (const uint8_t of_region : written) {
      if (*m++ != 0) label = of_region;
    }
  }
  return labels;
}

bool same_regions(const Task& a, const Task& b) {
  if (names_of(a.regions()) != names_of(b.regions())) return false;
  for (int number = 0; number <= std::numeric_limits<uint8_t>::max(); ++number) {
    const auto label = static_cast<uint8_t>(number);
    if (a.name_of_label(label) != b.name_of_label(label) || a.regions_of(label) != b.regions_of(label)) return false;
  }
  return true;
}

bool same_task(const Task& a, const Task& b) {
  return a.modalities() == b.modalities() && a.exclusive() == b.exclusive() && a.ignored() == b.ignored() &&
         same_regions(a, b) &&
         std::ranges::equal(a.regions(), b.regions(), {}, &Task::Region::written, &Task::Region::written);
}

std::vector<std::vector<uint8_t>> own_labels(const std::vector<std::vector<uint8_t>>& regions) {
  std::vector<std::vector<uint8_t>> result;
  for (auto region = regions.begin(); region != regions.end(); ++region) {
    std::set<uint8_t> own(region->begin(), region->end());
    for (auto later = region + 1; later != regions.end(); ++later) {
      for (const uint8_t label : *later) own.erase(label);
    }
    result.emplace_back(own.begin(), own.end());
  }
  return result;
}

bool same_preparation(const Task& a, const Task& b) {
  return a.normalisations() == b.normalisations() && a.resampling() == b.resampling();
}

TaskPointer with_rules(const Task& task, Task::Rules rules) {
  return std::make_shared<const Task>(task.name(), task.modalities(), task.labels(), task.regions(), std::move(rules));
}

TaskPointer with_modalities(const TaskPointer& task, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    REVUNET_EXPECTS(std::ranges::count(task->modalities(), name) == 1 && std::ranges::count(names, name) == 1,
                    UsageError, "[`channels-used`] expected some of {}, once each, got {}",
                    fmt::join(task->modalities(), ", "), fmt::join(names, ","));
  }
  REVUNET_EXPECTS(!names.empty(), UsageError, "[`channels-used`] expected some of {}, got none",
                  fmt::join(task->modalities(), ", "));
  if (names.size() == task->modalities().size()) return task;
  std::vector<std::string> modalities;
  Task::Rules rules = task->rules();
  rules.normalisations.clear();
  if (rules.files) rules.files->images.clear();
  std::vector<Task::Region> regions = task->regions();
  for (Task::Region& region : regions) region.shown_on = 0;
  for (size_t m = 0; m < task->modalities().size(); ++m) {
    const std::string& name = task->modalities()[m];
    if (std::ranges::count(names, name) == 0) continue;
    for (size_t r = 0; r < regions.size(); ++r) {
      if (task->regions()[r].shown_on == m) regions[r].shown_on = modalities.size();
    }
    modalities.push_back(name);
    rules.normalisations.push_back(task->normalisations()[m]);
    if (rules.files) rules.files->images.push_back(task->rules().files->images[m]);
  }
  const std::string name = fmt::format("{} of {}", task->name(), fmt::join(modalities, ", "));
  return std::make_shared<const Task>(name, std::move(modalities), task->labels(), std::move(regions),
                                      std::move(rules));
}

std::string describe(const Task& task) {
  std::vector<std::string> labels, regions;
  for (const Task::Label& label : task.labels()) labels.push_back(fmt::format("{} {}", label.number, label.name));
  for (const Task::Region& region : task.regions()) {
    regions.push_back(fmt::format("{} {}", region.name, fmt::join(region.labels, "+")));
  }
  return fmt::format("{} (modalities {}; labels {}{}; {} {})", task.name(), fmt::join(task.modalities(), ", "),
                     fmt::join(labels, ", "),
                     task.ignored() ? fmt::format(", of which {} is ignored", *task.ignored()) : "",
                     task.exclusive() ? "classes" : "regions", fmt::join(regions, ", "));
}

}  // namespace revunet::io
