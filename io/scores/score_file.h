// This file reads the scores that an evaluation has written as JSON (io/scores/score_tables.h).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace revunet::io {

struct ScoresOfRegion {
  std::map<std::string, double> metrics;  // by key; NaN where a score is not defined
  int64_t reference_voxels = 0;
};

struct ScoresOfCase {
  std::string label_profile;                      // by which reference and prediction were read
  std::map<std::string, ScoresOfRegion> regions;  // by name
};

struct ScoreFile {
  std::filesystem::path path;
  std::vector<std::string> regions;  // names, in the order of the task that was scored
  // What scores of two files must have in common so that they mean the same: "scoring", "hd95", and where they are
  // there "nsd", its tolerances and the rules for lesions.
  std::map<std::string, nlohmann::json> conditions;
  std::map<std::string, ScoresOfCase> cases;  // by name
};

// Throws DataError, with the path, for a file of another kind, for a case that is there twice, and for a file without
// cases or regions.
ScoreFile read_score_file(const std::filesystem::path& path);

}  // namespace revunet::io
