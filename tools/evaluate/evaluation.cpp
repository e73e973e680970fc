#include "tools/evaluate/evaluation.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/nifti.h"

namespace revunet::tools {
namespace {

std::vector<uint8_t> mask_of(const std::vector<uint8_t>& labels, size_t region) {
  std::vector<uint8_t> mask(labels.size());
  std::transform(labels.begin(), labels.end(), mask.begin(),
                 [&](uint8_t label) { return io::regions_of(label)[region]; });
  return mask;
}

io::LabelImage read_labels(const std::filesystem::path& path) {
  io::LabelImage image = io::read_nifti_labels(path);
  const auto other = std::find_if_not(image.labels.begin(), image.labels.end(), io::is_label);
  REVUNET_EXPECTS(other == image.labels.end(), DataError,
                  "[{}] expected labels 0, 1, 2 and 4, got {}; convert the labels (enhancing tumour is 4)",
                  path.string(), *other);
  return image;
}

std::string description_of(const io::Grid& grid) {
  std::ostringstream affine;
  affine << grid.affine.format(Eigen::IOFormat(6, Eigen::DontAlignCols, " ", "; "));
  return fmt::format("{} x {} x {} voxels with affine [{}]", grid.size[0], grid.size[1], grid.size[2], affine.str());
}

std::string quoted_for_csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

CaseScore score_case(const SegmentationPair& pair) {
  const io::LabelImage reference = read_labels(pair.reference), prediction = read_labels(pair.prediction);
  REVUNET_EXPECTS(
      io::same_grid(reference.grid, prediction.grid), DataError,
      "[{}] expected the grid of {} for case {}: {}, got {}; resample the prediction to the reference's grid",
      pair.prediction.string(), pair.reference.string(), pair.name, description_of(reference.grid),
      description_of(prediction.grid));
  CaseScore score{pair.name, {}};
  for (size_t region = 0; region < score.regions.size(); ++region) {
    score.regions[region] = io::compare_masks(mask_of(reference.labels, region), mask_of(prediction.labels, region),
                                              reference.grid.size, reference.grid.spacing);
  }
  return score;
}

std::array<RegionSummary, io::region_count> summarise(const std::vector<CaseScore>& scores) {
  std::array<RegionSummary, io::region_count> summaries;
  const double share = 1 / static_cast<double>(scores.size());
  for (size_t region = 0; region < summaries.size(); ++region) {
    RegionSummary& summary = summaries[region];
    for (const CaseScore& score : scores) {
      const io::MaskMetrics& metrics = score.regions[region];
      summary.dice += share * metrics.dice;
      summary.hd95 += share * metrics.hd95;
      summary.sensitivity += share * metrics.sensitivity;
      summary.specificity += share * metrics.specificity;
      summary.empty_references += metrics.reference_empty();
      summary.empty_predictions += metrics.prediction_empty();
      summary.both_empty += metrics.reference_empty() && metrics.prediction_empty();
    }
  }
  return summaries;
}

std::string table_of(const std::vector<CaseScore>& scores) {
  const std::string mean_title = fmt::format("mean of {}", scores.size());
  size_t width = mean_title.size();
  for (const CaseScore& score : scores) width = std::max(width, score.name.size());
  std::string table;
  const auto row = [&](const std::string& name, size_t region, const auto& m) {
    fmt::format_to(std::back_inserter(table), "{:<{}}  {}  {:7.4f}  {:8.3f}  {:11.4f}  {:11.6f}\n", name, width,
                   io::region_names[region], m.dice, m.hd95, m.sensitivity, m.specificity);
  };
  table += fmt::format("{:<{}}  {}  {:>7}  {:>8}  {:>11}  {:>11}\n", "case", width, "  ", "Dice", "HD95 mm",
                       "sensitivity", "specificity");
  for (const CaseScore& score : scores) {
    for (size_t region = 0; region < score.regions.size(); ++region) row(score.name, region, score.regions[region]);
  }
  const auto summaries = summarise(scores);
  for (size_t region = 0; region < summaries.size(); ++region) row(mean_title, region, summaries[region]);
  for (size_t region = 0; region < summaries.size(); ++region) {
    const RegionSummary& s = summaries[region];
    table +=
        fmt::format("{}: reference empty in {} of {} cases, prediction empty in {}, both in {}\n",
                    io::region_names[region], s.empty_references, scores.size(), s.empty_predictions, s.both_empty);
  }
  return table + fmt::format("{}\n", io::hd95_definition);
}

std::string json_of(const std::vector<CaseScore>& scores) {
  using Json = nlohmann::ordered_json;
  Json report = {{"hd95_definition", io::hd95_definition}, {"cases", Json::array()}};
  for (const CaseScore& score : scores) {
    Json entry = {{"case", score.name}};
    for (size_t region = 0; region < score.regions.size(); ++region) {
      const io::MaskMetrics& m = score.regions[region];
      entry[io::region_names[region]] = {{"dice", m.dice},
                                         {"hd95_mm", m.hd95},
                                         {"sensitivity", m.sensitivity},
                                         {"specificity", m.specificity},
                                         {"reference_voxels", m.reference_voxels},
                                         {"prediction_voxels", m.prediction_voxels}};
    }
    report["cases"].push_back(std::move(entry));
  }
  const auto summaries = summarise(scores);
  for (size_t region = 0; region < summaries.size(); ++region) {
    const RegionSummary& s = summaries[region];
    report["mean"][io::region_names[region]] = {
        {"dice", s.dice}, {"hd95_mm", s.hd95}, {"sensitivity", s.sensitivity}, {"specificity", s.specificity}};
    report["empty"][io::region_names[region]] = {
        {"reference", s.empty_references}, {"prediction", s.empty_predictions}, {"both", s.both_empty}};
  }
  // A case's name comes from the file system and may hold bytes that are not UTF-8.
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string csv_of(const std::vector<CaseScore>& scores) {
  std::string csv = "case,region,dice,hd95_mm,sensitivity,specificity,reference_voxels,prediction_voxels\n";
  for (const CaseScore& score : scores) {
    for (size_t region = 0; region < score.regions.size(); ++region) {
      const io::MaskMetrics& m = score.regions[region];
      csv += fmt::format("{},{},{},{},{},{},{},{}\n", quoted_for_csv(score.name), io::region_names[region], m.dice,
                         m.hd95, m.sensitivity, m.specificity, m.reference_voxels, m.prediction_voxels);
    }
  }
  return csv;
}

}  // namespace revunet::tools
