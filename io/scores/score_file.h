// This file reads the scores that an evaluation has written as JSON (io/scores/score_tables.h).
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/dataset/regions.h"

namespace revunet::io {

struct ScoresOfRegion {
  std::map<std::string, double> metrics;  // by key; NaN where a score is not defined
  int64_t reference_voxels = 0;
};

struct ScoresOfCase {
  std::string label_profile;  // by which reference and prediction were read
  std::array<ScoresOfRegion, region_count> regions;
};

struct ScoreFile {
  std::filesystem::path path;
  // What scores of two files must have in common so that they mean the same: "scoring", "hd95", and where they are
  // there "nsd", its tolerances and the rules for lesions.
  std::map<std::string, nlohmann::json> conditions;
  std::map<std::string, ScoresOfCase> cases;  // by name
};

// Throws DataError, with the path, for a file of another kind, for a case that is there twice, and for a file without
// cases.
ScoreFile read_score_file(const std::filesystem::path& path);

}  // namespace revunet::io
