// This file writes a check's report, for people and for programs.
#pragma once

#include <string>

#include "io/check/findings.h"

namespace revunet::io {

// Returns a row per case, the findings, and a line that summarises them.
std::string table_of(const DatasetReport& report);

// Returns {"data", "layout", "cases": [{"case", "size", "spacing_mm", "orientation", "brain", "labels", "segmented",
// "voxels": {"WT"}, "findings": [{"kind", "severity", "message"}]}], "findings": [...], "left_out": [...], "respelled":
// [...], "notes": [...], "violations", "warnings"}.
std::string json_of(const DatasetReport& report);

}  // namespace revunet::io
