// What only all cases together show: images that are there twice, label conventions, the network's field of view.
#pragma once

#include <optional>
#include <vector>

#include "io/check/case_check.h"
#include "io/dataset/patient.h"

namespace revunet::io {

// Finds images and segmentations that two cases share. The later case gets the finding.
void compare_fingerprints(std::vector<CaseCheck>& checks, const Patients& patients);

// Finds numbers that a case's label profile does not have. The message lists the profiles that have every number of
// all of the cases.
void compare_label_values(std::vector<CaseCheck>& checks);

// Warnings: regions that no segmented case has, and numbers that look like those of two conventions.
std::vector<Finding> label_findings(const std::vector<CaseCheck>& checks);

// The field of view that a training run has, and what its sizes must be multiples of.
struct TrainingView {
  Size3 size{};
  int64_t multiple = 1;
};

// Warnings: brains that it cuts, where brains are known (of a full check); and a field of view that nobody chose
// (io::default_field_of_view) and that is mostly padding, by brains or else by the images' sizes.
std::vector<Finding> field_of_view_findings(const std::vector<CaseReport>& cases, const TrainingView& view);

}  // namespace revunet::io
