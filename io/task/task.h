// A Task says what networks are trained to find, and in which images: the modalities of an image's channels, the labels
// that a voxel may have, and the regions that are predicted.
//
// Rule: a task is data. BraTS's ships with the program (io/task/brats_task.h). Others come from a dataset.json
// (io/dataset/layouts/dataset_json.h), from a task's file (io/dataset/task_file.h) and from weights
// (io/task/task_json.h).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/task/file_patterns.h"
#include "io/task/normalisation.h"
#include "io/task/resampling.h"

namespace revunet::io {

inline constexpr size_t kMostModalities = 16, kMostRegions = 32;

// A RegionSet has bit r where a voxel lies in region r.
using RegionSet = std::bitset<kMostRegions>;

class Task {
 public:
  struct Label {
    uint8_t number;    // as the program has it; files may hold others (io/dataset/label_profile.h)
    std::string name;  // such as "oedema"
  };
  struct Region {
    std::string name;             // such as "WT"
    std::vector<uint8_t> labels;  // numbers of the labels that lie in it
    uint8_t written;              // label of a voxel that is predicted to lie in this region, and in no later one; no
                                  // later region has it
    std::string meaning = {};     // for captions, such as "whole tumour"
    size_t shown_on = 0;          // modality on which pictures show it
  };

  // Rules have defaults that fit BraTS.
  struct Rules {
    // A voxel lies in one region, or in the background. Networks then have an output for the background too.
    bool exclusive = false;
    std::optional<uint8_t> ignored = {};             // voxels of this label, of no region, count nowhere
    std::vector<Normalisation> normalisations = {};  // of each modality; empty: over the non-zero voxels of each
    Resampling resampling = {};
    std::optional<FilePatterns> files = {};  // none: the dataset's layout names its files
  };

  // The first label is the background, number 0, which lies in no region. Regions may overlap, unless the rules say
  // otherwise. Throws Error for none or more than kMostModalities modalities, none or more than kMostRegions regions
  // (outputs), names that cannot be printed, two of one name or number, a modality called seg or images, regions of
  // labels or on modalities that there are not, or that write a label of a later region, exclusive regions with a label
  // in common, and an ignored label that there is not or that lies in a region.
  Task(std::string name, std::vector<std::string> modalities, std::vector<Label> labels, std::vector<Region> regions,
       Rules rules);
  Task(std::string name, std::vector<std::string> modalities, std::vector<Label> labels, std::vector<Region> regions)
      : Task(std::move(name), std::move(modalities), std::move(labels), std::move(regions), Rules{}) {}

  const std::string& name() const { return name_; }
  const std::vector<std::string>& modalities() const { return modalities_; }  // in the order of channels
  const std::vector<Label>& labels() const { return labels_; }
  const std::vector<Region>& regions() const { return regions_; }
  const Rules& rules() const { return rules_; }
  bool exclusive() const { return rules_.exclusive; }
  std::optional<uint8_t> ignored() const { return rules_.ignored; }
  const std::vector<Normalisation>& normalisations() const { return rules_.normalisations; }  // of each modality
  const Resampling& resampling() const { return rules_.resampling; }

  std::vector<std::string> region_names() const;
  // Returns the number of a network's outputs, which are the regions, after the background where they are exclusive.
  int64_t output_count() const { return std::ssize(regions_) + (rules_.exclusive ? 1 : 0); }

  bool has_label(uint8_t number) const { return !name_of_label(number).empty(); }
  // Returns an empty text for a label that there is not.
  const std::string& name_of_label(uint8_t number) const;
  std::string numbers_text() const;  // "0, 1, 2 and 4"

  RegionSet regions_of(uint8_t label) const { return regions_of_[label]; }

  // Turns (V, outputs) probabilities into (V) labels: a voxel gets what the last region writes whose probability is
  // above the threshold. Regions need not be nested: the enhancing tumour alone is still enhancing. Of exclusive
  // regions, a voxel gets the most probable one, the first of equals, or the background. Throws Error where the size is
  // no multiple of the number of outputs, and NonFiniteError for a NaN.
  std::vector<uint8_t> labels_of(std::span<const float> probabilities, float threshold = kThreshold) const;
  // Turns masks, (V, regions), where what is not zero is in the region, into labels: those that the last region writes.
  std::vector<uint8_t> labels_of(std::span<const uint8_t> masks) const;

  static constexpr float kThreshold = 0.5f;

 private:
  void expect_regions() const;
  void expect_rules() const;
  size_t voxels_of(size_t values, int64_t channels) const;
  std::vector<uint8_t> most_probable(std::span<const float> probabilities) const;
  std::vector<uint8_t> written_labels() const;  // of each region

  std::string name_;
  std::vector<std::string> modalities_;
  std::vector<Label> labels_;
  std::vector<Region> regions_;
  Rules rules_;
  std::array<RegionSet, 256> regions_of_{};
};

// Returns whether two tasks have the same labels, by number and name, and the same regions in the same order, by name
// and labels. Labels and scores of one then mean the same for the other. Their own names, their modalities, and what
// regions write and mean in captions may differ.
bool same_regions(const Task& a, const Task& b);
// Returns whether networks of one task can be used for the other: they have the same modalities in the same order, the
// same regions, and write the same. Names, normalisations and samplings may differ.
bool same_task(const Task& a, const Task& b);
// Returns whether networks of both tasks see the same in an image: they have the same normalisations and resampling.
bool same_preparation(const Task& a, const Task& b);

// Whatever has a task shares it.
using TaskPointer = std::shared_ptr<const Task>;

// Returns for each region, of which these are the labels, those that no later region has. Where that is one, a voxel of
// the region, and of no later one, can only have that label.
std::vector<std::vector<uint8_t>> own_labels(const std::vector<std::vector<uint8_t>>& regions);

// Returns the task with other rules.
TaskPointer with_rules(const Task& task, Task::Rules rules);

// Returns the task of these modalities alone, in the task's order, or the task itself where they are all of them.
// Throws UsageError for none, for one that there is not, and for one twice.
TaskPointer with_modalities(const TaskPointer& task, const std::vector<std::string>& names);

// Returns a text such as "Hippocampus (modalities MRI; labels 0 background, 1 anterior; classes Anterior 1)", which has
// all that same_task compares but what regions write.
std::string describe(const Task& task);

}  // namespace revunet::io
