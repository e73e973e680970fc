#include "io/check/check_tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/nifti/orientation.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

std::string row(const CaseReport& c, size_t width) {
  std::string text = fmt::format("{:<{}}", printable_line(c.name), width);
  text += c.grid ? fmt::format("  {:>11}  {:>14}  {:>7}", fmt::format("{}", fmt::join(c.grid->size, "x")),
                               fmt::format("{:.3g}", fmt::join(c.grid->spacing, "x")), orientation_code(*c.grid))
                 : fmt::format("  {:>11}  {:>14}  {:>7}", "-", "-", "-");
  for (size_t r = 0; r < region_names.size(); ++r) {
    text += fmt::format("  {:>8}", c.region_voxels ? fmt::format("{}", (*c.region_voxels)[r]) : "-");
  }
  const auto warnings =
      std::count_if(c.findings.begin(), c.findings.end(), [](const Finding& f) { return is_warning(f.kind); });
  return text + fmt::format("  {:>10}  {:>8}\n", std::ssize(c.findings) - warnings, warnings);
}

std::string lines_of(const std::string& name, const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += fmt::format("{}: {} {}: {}\n", printable_line(name), name_of(f.kind),
                        is_warning(f.kind) ? "(warning)" : "(violation)", printable(f.message));
  }
  return text;
}

nlohmann::ordered_json json_of(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& f : findings) {
    list.push_back({{"kind", name_of(f.kind)},
                    {"severity", is_warning(f.kind) ? "warning" : "violation"},
                    {"message", f.message}});
  }
  return list;
}

nlohmann::ordered_json json_of(const CaseReport& c) {
  nlohmann::ordered_json json = {{"case", c.name}};
  if (c.grid) {
    json["size"] = c.grid->size;
    json["spacing_mm"] = c.grid->spacing;
    json["orientation"] = orientation_code(*c.grid);
  }
  if (c.brain) json["brain"] = *c.brain;
  json["labels"] = c.labels;
  json["segmented"] = c.segmented;
  for (size_t r = 0; c.region_voxels && r < region_names.size(); ++r) {
    json["voxels"][region_names[r]] = (*c.region_voxels)[r];
  }
  json["findings"] = json_of(c.findings);
  return json;
}

}  // namespace

std::string table_of(const DatasetReport& report) {
  size_t width = 4;
  for (const CaseReport& c : report.cases) width = std::max(width, printable_line(c.name).size());
  std::string text = fmt::format("{:<{}}  {:>11}  {:>14}  {:>7}  {:>8}  {:>8}  {:>8}  {:>10}  {:>8}\n", "case", width,
                                 "voxels", "spacing, mm", "axes", "WT", "TC", "ET", "violations", "warnings");
  for (const CaseReport& c : report.cases) text += row(c, width);
  text += '\n' + lines_of("dataset", report.findings);
  for (const CaseReport& c : report.cases) text += lines_of(c.name, c.findings);
  for (const std::string& note : report.notes) text += printable_line(note) + '\n';
  const auto segmented =
      std::count_if(report.cases.begin(), report.cases.end(), [](const CaseReport& c) { return c.segmented; });
  return text + fmt::format("{}: {} cases, {} with a segmentation{}; {} violations, {} warnings\n", report.layout,
                            report.cases.size(), segmented,
                            report.cases.empty() ? "" : fmt::format(" (labels: {})", report.cases[0].labels),
                            report.count(false), report.count(true));
}

std::string json_of(const DatasetReport& report) {
  nlohmann::ordered_json json = {{"data", report.data}, {"layout", report.layout}};
  json["cases"] = nlohmann::ordered_json::array();
  for (const CaseReport& c : report.cases) json["cases"].push_back(json_of(c));
  json["findings"] = json_of(report.findings);
  json["left_out"] = report.left_out;
  json["respelled"] = report.respelled;
  json["notes"] = report.notes;
  json["violations"] = report.count(false);
  json["warnings"] = report.count(true);
  // File names may be in another encoding than JSON's UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace revunet::io
