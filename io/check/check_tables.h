// This file writes what a check found, for people and for programs.
#pragma once

#include <string>

#include "io/check/findings.h"

namespace revunet::io {

// Returns a row per case, the findings, and a line that summarises them.
std::string table_of(const CheckedDataset& checked);

// Returns {"data", "layout", "cases": [{"case", "size", "spacing_mm", "orientation", "brain", "labels", "segmented",
// "voxels": {"WT"}, "findings": [{"kind", "severity", "message"}]}], "findings": [...], "left_out": [...], "respelled":
// [...], "notes": [...], "violations", "warnings"}.
std::string json_of(const CheckedDataset& checked);

}  // namespace revunet::io
