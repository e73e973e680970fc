#include "io/scores/score_file.h"

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/scores/metrics.h"

namespace revunet::io {
namespace {

using nlohmann::json;

// Returns the keys of the metrics: those that are summarised.
std::vector<std::string> metrics_of_file(const json& report, const std::string& region) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : member(member(report, "mean"), region).items()) keys.push_back(key);
  return keys;
}

ScoresOfRegion scores_of_region(const json& entry, const std::vector<std::string>& metrics) {
  ScoresOfRegion scores{.metrics = {}, .reference_voxels = integer_member(entry, "reference_voxels")};
  for (const std::string& key : metrics) {
    const json& value = member(entry, key);
    scores.metrics[key] = value.is_null() ? not_defined : number_of(value, key);
  }
  return scores;
}

// The regions are those of the summary. Their order is the file's, which `json` does not keep.
std::vector<std::string> regions_in(const nlohmann::ordered_json& report) {
  std::vector<std::string> names;
  if (const auto mean = report.find("mean"); mean != report.end() && mean->is_object()) {
    for (const auto& [name, metrics] : mean->items()) names.push_back(name);
  }
  REVUNET_EXPECTS(!names.empty(), DataError, "expected scores of regions, got none; score the cases again");
  return names;
}

ScoreFile scores_in(const json& report, std::vector<std::string> regions) {
  ScoreFile file;
  file.regions = std::move(regions);
  for (const char* key : {"scoring", "hd95"}) file.conditions[key] = text_member(report, key);
  for (const char* key :
       {"nsd", "nsd_tolerances_mm", "nsd_tolerances_voxels", "lesion_dilation", "lesion_min_volume_mm3"}) {
    if (report.contains(key)) file.conditions[key] = report.at(key);
  }
  for (const json& entry : member(report, "cases")) {
    const std::string name = text_member(entry, "case");
    REVUNET_EXPECTS(!file.cases.contains(name), DataError, "expected each case once, got {} twice; score it again",
                    name);
    ScoresOfCase& scores = file.cases[name];
    scores.label_profile = text_member(member(entry, "labels"), "profile");
    for (const std::string& region : file.regions) {
      scores.regions[region] = scores_of_region(member(entry, region), metrics_of_file(report, region));
    }
  }
  REVUNET_EXPECTS(!file.cases.empty(), DataError, "expected scores of cases, got none; score them again");
  return file;
}

}  // namespace

ScoreFile read_score_file(const std::filesystem::path& path) {
  REVUNET_EXPECTS(path.extension() != ".csv", DataError,
                  "[{}] expected scores as revunet-evaluate writes them into its `json` file, got a CSV, which lacks "
                  "some definitions; name that file",
                  path.string());
  const nlohmann::ordered_json in_order = read_ordered_json_file(path);
  const json report = in_order;
  ScoreFile file = at_place(path.string(), [&] {
    REVUNET_EXPECTS(report.is_object() && report.contains("scoring"), DataError,
                    "expected scores as revunet-evaluate writes them into its `json` file, got another JSON; name that "
                    "file, or score again if an earlier version wrote it");
    return scores_in(report, regions_in(in_order));
  });
  file.path = path;
  return file;
}

}  // namespace revunet::io
