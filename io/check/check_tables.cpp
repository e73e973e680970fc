#include "io/check/check_tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/nifti/orientation.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

size_t width_of(const Task::Region& region) {
  return std::max<size_t>(8, region.name.size());
}

std::string row(const CheckedCase& c, size_t width) {
  std::string text = fmt::format("{:<{}}", printable_line(c.name), width);
  text += c.grid ? fmt::format("  {:>11}  {:>14}  {:>7}", fmt::format("{}", fmt::join(c.grid->size, "x")),
                               fmt::format("{:.3g}", fmt::join(c.grid->spacing, "x")), orientation_code(*c.grid))
                 : fmt::format("  {:>11}  {:>14}  {:>7}", "-", "-", "-");
  for (size_t r = 0; r < c.task->regions().size(); ++r) {
    text += fmt::format("  {:>{}}", c.region_voxels ? fmt::format("{}", (*c.region_voxels)[r]) : "-",
                        width_of(c.task->regions()[r]));
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

nlohmann::ordered_json json_of(const CheckedCase& c) {
  nlohmann::ordered_json json = {{"case", c.name}};
  if (c.grid) {
    json["size"] = c.grid->size;
    json["spacing_mm"] = c.grid->spacing;
    json["orientation"] = orientation_code(*c.grid);
  }
  if (c.nonzero) json["brain"] = *c.nonzero;
  json["labels"] = c.labels;
  json["segmented"] = c.segmented;
  for (size_t r = 0; c.region_voxels && r < c.region_voxels->size(); ++r) {
    json["voxels"][c.task->regions()[r].name] = (*c.region_voxels)[r];
  }
  json["findings"] = json_of(c.findings);
  return json;
}

}  // namespace

std::string table_of(const CheckedDataset& checked) {
  size_t width = 4;
  for (const CheckedCase& c : checked.cases) width = std::max(width, printable_line(c.name).size());
  std::string text = fmt::format("{:<{}}  {:>11}  {:>14}  {:>7}", "case", width, "voxels", "spacing, mm", "axes");
  if (!checked.cases.empty()) {
    for (const Task::Region& region : checked.cases[0].task->regions())
      text += fmt::format("  {:>{}}", region.name, width_of(region));
  }
  text += fmt::format("  {:>10}  {:>8}\n", "violations", "warnings");
  for (const CheckedCase& c : checked.cases) text += row(c, width);
  text += '\n' + lines_of("dataset", checked.findings);
  for (const CheckedCase& c : checked.cases) text += lines_of(c.name, c.findings);
  for (const std::string& note : checked.notes) text += printable_line(note) + '\n';
  const auto segmented =
      std::count_if(checked.cases.begin(), checked.cases.end(), [](const CheckedCase& c) { return c.segmented; });
  return text + fmt::format("{}: {} cases, {} with a segmentation{}; {} violations, {} warnings\n", checked.layout,
                            checked.cases.size(), segmented,
                            checked.cases.empty() ? "" : fmt::format(" (labels: {})", checked.cases[0].labels),
                            checked.count(false), checked.count(true));
}

std::string json_of(const CheckedDataset& checked) {
  nlohmann::ordered_json json = {{"data", checked.data}, {"layout", checked.layout}};
  json["cases"] = nlohmann::ordered_json::array();
  for (const CheckedCase& c : checked.cases) json["cases"].push_back(json_of(c));
  json["findings"] = json_of(checked.findings);
  json["left_out"] = checked.left_out;
  json["respelled"] = checked.respelled;
  json["notes"] = checked.notes;
  json["violations"] = checked.count(false);
  json["warnings"] = checked.count(true);
  // File names may be in another encoding than JSON's UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace revunet::io
