// What only all cases together show: images that are there twice, label conventions, the network's field of view.
#pragma once

#include <optional>
#include <vector>

#include "io/patient.h"
#include "tools/check/case_check.h"

namespace revunet::tools {

// Adds to each case whose images or segmentation are another's that they are; to the later of the two.
void compare_fingerprints(std::vector<CaseCheck>& checks, const io::Patients& patients);

// Adds to each case whose segmentation has numbers that its profile has not that it has, with the profiles that have
// all numbers of all of the cases.
void compare_label_values(std::vector<CaseCheck>& checks);

// Warnings: regions that no segmented case has, and numbers that look like those of two conventions.
std::vector<Finding> label_findings(const std::vector<CaseCheck>& checks);

// The field of view that a training run has, and what its sizes must be multiples of.
struct TrainingView {
  io::Size3 size{};
  int64_t multiple = 1;
};

// Warnings: brains that it cuts, where brains are known (of a full check); and a field of view that nobody chose
// (io::default_field_of_view) and that is mostly padding, by brains or else by the images' sizes.
std::vector<Finding> field_of_view_findings(const std::vector<CaseReport>& cases, const TrainingView& view);

}  // namespace revunet::tools
