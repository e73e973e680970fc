#include "io/scores/score_tables.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/scores/score_definitions.h"

namespace revunet::io {
namespace {

using Json = nlohmann::ordered_json;

// A Table is made row by row. Missing numbers are dashes, and those that are not defined are "nan".
class Table {
 public:
  Table(std::vector<Metric> metrics, size_t case_width, size_t region_width)
      : metrics_(std::move(metrics)), case_width_(case_width), region_width_(region_width) {
    fmt::format_to(std::back_inserter(text_), "{:<{}}  {:<{}}", "case", case_width_, "", region_width_);
    for (const Metric& m : metrics_)
      fmt::format_to(std::back_inserter(text_), "  {:>{}}", m.title_with_unit(), m.width);
    text_ += '\n';
  }

  template <class Value>  // const Metric& -> std::optional<double>
  void row(const std::string& name, const std::string& region, Value&& value) {
    fmt::format_to(std::back_inserter(text_), "{:<{}}  {:<{}}", name, case_width_, region, region_width_);
    for (const Metric& m : metrics_) {
      const std::optional<double> number = value(m);
      const std::string cell = number ? fmt::format("{:.{}f}", *number, m.decimals) : "-";
      fmt::format_to(std::back_inserter(text_), "  {:>{}}", cell, m.width);
    }
    text_ += '\n';
  }

  const std::string& text() const { return text_; }

 private:
  std::vector<Metric> metrics_;
  size_t case_width_, region_width_;
  std::string text_;
};

struct Statistic {
  const char* key;
  const char* title;
  std::optional<double> (*value)(const Distribution&);
};

constexpr std::array<Statistic, 5> statistics = {{
    {"mean", "mean", [](const Distribution& d) { return std::optional(d.mean); }},
    {"standard_deviation", "deviation", [](const Distribution& d) { return d.deviation; }},
    {"lower_quartile", "25 %", [](const Distribution& d) { return std::optional(d.lower_quartile); }},
    {"median", "median", [](const Distribution& d) { return std::optional(d.median); }},
    {"upper_quartile", "75 %", [](const Distribution& d) { return std::optional(d.upper_quartile); }},
}};

// Small lesions are apart from those found and missed in BraTS 2023, and among them in 2026, where only the means leave
// them out. The line says which.
std::string small_lesions(int64_t count, const ScoreOptions& options) {
  if (options.lesions) return fmt::format(", {} of {} mm^3 or less not scored", count, options.lesions->min_volume);
  if (!options.matched->min_volume) return "";
  return fmt::format("; of the lesions found and missed, {} below {} mm^3, not in the means", count,
                     *options.matched->min_volume);
}

std::string lesion_line(const Evaluation& evaluation, size_t region, const ScoreOptions& options) {
  LesionMetrics sum;
  for (const CaseScore& score : evaluation.cases) {
    const LesionMetrics& one = score.regions[region].lesions.value();
    sum.found += one.found;
    sum.missed += one.missed;
    sum.false_positives += one.false_positives;
    sum.ignored += one.ignored;
  }
  return fmt::format("{}: {} lesions found, {} missed, {} false positives{}\n", evaluation.task->regions()[region].name,
                     sum.found, sum.missed, sum.false_positives, small_lesions(sum.ignored, options));
}

// Names the metrics of a region that some cases leave undefined.
std::string defined_lines(const Evaluation& evaluation, const std::vector<Metric>& metrics) {
  const std::vector<CaseScore>& scores = evaluation.cases;
  const std::vector<Task::Region>& regions = evaluation.task->regions();
  std::string lines;
  for (size_t region = 0; region < regions.size(); ++region) {
    std::vector<std::string> partial;
    for (const Metric& m : metrics) {
      const auto summary = summarise(scores, region, m);
      const size_t defined = summary ? summary->count : 0;
      if (defined < scores.size()) partial.push_back(fmt::format("{} in {}", m.title, defined));
    }
    if (partial.empty()) continue;
    lines += fmt::format("{}: of {} cases, defined and in the means: {}\n", regions[region].name, scores.size(),
                         fmt::join(partial, ", "));
  }
  return lines;
}

// Returns a text such as "brats (0 background, 1 core, 2 oedema, 4 enhancing), from file name".
std::string description_of(const ReferenceLabels& labels) {
  return fmt::format("{} ({}), from {}", labels.profile.name(), labels.profile.meanings_text(), labels.from);
}

// Writes a line for each convention there is, because cases of several may lie in one folder.
std::string label_lines(const std::vector<CaseScore>& scores) {
  std::map<std::string, size_t> cases;
  for (const CaseScore& score : scores) ++cases[description_of(score.labels)];
  std::string lines;
  for (const auto& [description, count] : cases) {
    lines += fmt::format("labels: {}", description);
    lines += cases.size() > 1 ? fmt::format(": {} of {} cases\n", count, scores.size()) : "\n";
  }
  return lines;
}

Json json_of(const ReferenceLabels& labels) {
  Json values;
  for (const auto& [value, label] : labels.profile.meanings())
    values[std::to_string(value)] = labels.profile.task()->name_of_label(label);
  return {{"profile", labels.profile.name()}, {"from", labels.from}, {"values", values}};
}

Json json_of(const RegionScore& score, const std::vector<Metric>& metrics) {
  Json entry;
  for (const Metric& m : metrics) entry[m.key] = m.value(score);  // NaN becomes null
  entry["reference_voxels"] = score.masks.reference_voxels;
  entry["prediction_voxels"] = score.masks.prediction_voxels;
  if (score.lesions) {
    entry["lesions"] = {{"found", score.lesions->found},
                        {"missed", score.lesions->missed},
                        {"false_positives", score.lesions->false_positives},
                        {"ignored", score.lesions->ignored}};
  }
  return entry;
}

std::string quoted_for_csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// Returns all digits, or nothing for a score that is not defined.
std::string csv_cell(double score) {
  return std::isnan(score) ? "" : fmt::format("{}", score);
}

}  // namespace

std::string table_of(const Evaluation& evaluation, const ScoreOptions& options) {
  const std::vector<CaseScore>& scores = evaluation.cases;
  const std::vector<Task::Region>& regions = evaluation.task->regions();
  size_t of_cases = 0, of_regions = 0;
  for (const Statistic& s : statistics) of_cases = std::max(of_cases, std::string_view(s.title).size());
  for (const CaseScore& score : scores) of_cases = std::max(of_cases, score.name.size());
  for (const Task::Region& region : regions) of_regions = std::max(of_regions, region.name.size());
  Table table(metrics_of(options), of_cases, of_regions);
  for (const CaseScore& score : scores) {
    for (size_t region = 0; region < regions.size(); ++region) {
      table.row(score.name, regions[region].name,
                [&](const Metric& m) { return std::optional(m.value(score.regions[region])); });
    }
  }
  for (const Statistic& s : statistics) {
    for (size_t region = 0; region < regions.size(); ++region) {
      table.row(s.title, regions[region].name, [&](const Metric& m) {
        const auto summary = summarise(scores, region, m);
        return summary ? s.value(*summary) : std::nullopt;
      });
    }
  }
  std::string text = table.text();
  for (size_t region = 0; region < regions.size(); ++region) {
    const EmptyCases empty = count_empty(scores, region);
    text += fmt::format("{}: reference empty in {} of {} cases, prediction empty in {}, both in {}\n",
                        regions[region].name, empty.reference, scores.size(), empty.prediction, empty.both);
  }
  for (size_t region = 0; region < regions.size() && options.by_lesion(); ++region) {
    text += lesion_line(evaluation, region, options);
  }
  text += defined_lines(evaluation, metrics_of(options));
  text += label_lines(scores);
  for (const ScoreDefinition& definition : definitions_of(options)) text += definition.text + "\n";
  return text;
}

std::string json_of(const Evaluation& evaluation, const ScoreOptions& options) {
  const std::vector<CaseScore>& scores = evaluation.cases;
  const std::vector<Task::Region>& regions = evaluation.task->regions();
  const std::vector<Metric> metrics = metrics_of(options);
  Json report = {{"scoring", name_of(options.scoring)}, {"hd95", name_of(options.masks.hd95)}};
  if (!options.masks.nsd_tolerances.empty()) {
    report["nsd"] = name_of(options.masks.nsd);
    report[options.masks.in_voxels ? "nsd_tolerances_voxels" : "nsd_tolerances_mm"] = options.masks.nsd_tolerances;
  }
  if (options.lesions) {
    report["lesion_dilation"] = options.lesions->dilation;
    report["lesion_min_volume_mm3"] = options.lesions->min_volume;
  } else if (options.matched && options.matched->min_volume) {
    report["lesion_min_volume_mm3"] = *options.matched->min_volume;
  }
  for (const ScoreDefinition& definition : definitions_of(options)) report[definition.key] = definition.text;
  report["cases"] = Json::array();
  for (const CaseScore& score : scores) {
    Json entry = {{"case", score.name}, {"labels", json_of(score.labels)}};
    for (size_t region = 0; region < regions.size(); ++region) {
      entry[regions[region].name] = json_of(score.regions[region], metrics);
    }
    report["cases"].push_back(std::move(entry));
  }
  for (const Statistic& s : statistics) {
    for (size_t region = 0; region < regions.size(); ++region) {
      for (const Metric& m : metrics) {
        const auto summary = summarise(scores, region, m);
        const std::optional<double> number = summary ? s.value(*summary) : std::nullopt;
        report[s.key][regions[region].name][m.key] = number ? Json(*number) : Json();
      }
    }
  }
  for (size_t region = 0; region < regions.size(); ++region) {
    for (const Metric& m : metrics) {
      const auto summary = summarise(scores, region, m);
      report["defined"][regions[region].name][m.key] = summary ? summary->count : 0;
    }
    const EmptyCases empty = count_empty(scores, region);
    report["empty"][regions[region].name] = {
        {"reference", empty.reference}, {"prediction", empty.prediction}, {"both", empty.both}};
  }
  // A case's name comes from the file system and may hold bytes that are not UTF-8.
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string csv_of(const Evaluation& evaluation, const ScoreOptions& options) {
  std::vector<Metric> of_masks = metrics_of(options), of_lesions;
  const auto lesions =
      std::stable_partition(of_masks.begin(), of_masks.end(), [](const Metric& m) { return !m.of_lesions; });
  of_lesions.assign(lesions, of_masks.end());
  of_masks.erase(lesions, of_masks.end());
  const std::string_view nsd = options.masks.nsd_tolerances.empty() ? "" : name_of(options.masks.nsd);
  std::string csv = "case,region";
  for (const Metric& m : of_masks) csv += "," + m.key;
  csv += ",reference_voxels,prediction_voxels";
  for (const Metric& m : of_lesions) csv += "," + m.key;
  if (options.by_lesion()) csv += ",lesions_found,lesions_missed,false_positives,lesions_ignored";
  csv += ",labels,labels_from,scoring,hd95,nsd\n";
  const std::vector<Task::Region>& regions = evaluation.task->regions();
  for (const CaseScore& score : evaluation.cases) {
    for (size_t region = 0; region < regions.size(); ++region) {
      const RegionScore& one = score.regions[region];
      csv += fmt::format("{},{}", quoted_for_csv(score.name), quoted_for_csv(regions[region].name));
      for (const Metric& m : of_masks) csv += "," + csv_cell(m.value(one));
      csv += fmt::format(",{},{}", one.masks.reference_voxels, one.masks.prediction_voxels);
      for (const Metric& m : of_lesions) csv += "," + csv_cell(m.value(one));
      if (one.lesions) {
        csv += fmt::format(",{},{},{},{}", one.lesions->found, one.lesions->missed, one.lesions->false_positives,
                           one.lesions->ignored);
      }
      csv += fmt::format(",{},{},{},{},{}\n", quoted_for_csv(score.labels.profile.name()), score.labels.from,
                         name_of(options.scoring), name_of(options.masks.hd95), nsd);
    }
  }
  return csv;
}

}  // namespace revunet::io
