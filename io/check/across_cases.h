// This file finds what only all cases together show: images that occur twice, label conventions, the network's field of
// view.
#pragma once

#include <optional>
#include <vector>

#include "io/check/case_check.h"
#include "io/dataset/patient.h"

namespace revunet::io {

// Finds images and segmentations that two cases share. The later case gets the finding.
void compare_fingerprints(std::vector<CaseCheck>& checks, const Patients& patients);

// Finds numbers that a case's label profile lacks. The message lists the profiles that have every number of all of the
// cases.
void compare_label_values(std::vector<CaseCheck>& checks);

// Returns warnings about regions that no segmented case has, and about numbers that look like those of two conventions.
std::vector<Finding> label_findings(const std::vector<CaseCheck>& checks);

// A TrainingView is the field of view of a training run, and what its sizes must be multiples of along x, y, z.
struct TrainingView {
  Size3 size{};
  Size3 multiple = {1, 1, 1};
};

// Returns warnings about cases that it cuts, where their boxes are known (from a full check). Also returns one about a
// field of view that nobody chose (io::default_field_of_view) and that is mostly padding, by the boxes or otherwise by
// the images' sizes.
std::vector<Finding> field_of_view_findings(const std::vector<CheckedCase>& cases, const TrainingView& view);

}  // namespace revunet::io
