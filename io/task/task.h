// A Task says what networks are trained to find, and in which images: the modalities of an image's channels, the labels
// that a voxel may have, and the regions that are predicted.
//
// Rule: a task is data. BraTS's ships with the program (io/task/brats_task.h).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

  // The first label is the background, number 0, which lies in no region. Regions may overlap. Throws Error for none or
  // more than kMostModalities modalities, none or more than kMostRegions regions, two of one name or number, and
  // regions of labels or on modalities that there are not, or that write a label of a later region.
  Task(std::string name, std::vector<std::string> modalities, std::vector<Label> labels, std::vector<Region> regions);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& modalities() const { return modalities_; }  // in the order of channels
  const std::vector<Label>& labels() const { return labels_; }
  const std::vector<Region>& regions() const { return regions_; }  // in the order of a network's channels

  bool has_label(uint8_t number) const { return !name_of_label(number).empty(); }
  // Returns an empty text for a label that there is not.
  const std::string& name_of_label(uint8_t number) const;
  std::string numbers_text() const;  // "0, 1, 2 and 4"

  RegionSet regions_of(uint8_t label) const { return regions_of_[label]; }

  // Turns (V, regions) probabilities into (V) labels: a voxel gets what the last region writes whose probability is
  // above the threshold. Regions need not be nested: the enhancing tumour alone is still enhancing. Throws Error where
  // the size is no multiple of the number of regions, and NonFiniteError for a NaN.
  std::vector<uint8_t> labels_of(std::span<const float> probabilities, float threshold = kThreshold) const;
  // Does the same with masks, (V, regions), where what is not zero is in the region.
  std::vector<uint8_t> labels_of(std::span<const uint8_t> masks) const;

  static constexpr float kThreshold = 0.5f;

 private:
  size_t voxels_of(size_t values) const;
  std::vector<uint8_t> written_labels() const;  // of each region

  std::string name_;
  std::vector<std::string> modalities_;
  std::vector<Label> labels_;
  std::vector<Region> regions_;
  std::array<RegionSet, 256> regions_of_{};
};

// Returns whether two tasks have the same labels, by number and name, and the same regions in the same order, by name
// and labels. Labels and scores of one then mean the same for the other. Their own names, their modalities, and what
// regions write and mean in captions may differ.
bool same_task(const Task& a, const Task& b);

// Whatever has a task shares it.
using TaskPointer = std::shared_ptr<const Task>;

}  // namespace revunet::io
