#include "io/task/task_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/task/brats_task.h"

namespace revunet::io {
namespace {

using nlohmann::json;

json to_json(const std::string& modality, const Normalisation& normalisation) {
  json j = {{"name", modality}, {"normalisation", name_of(normalisation.kind).name}};
  if (const auto& f = normalisation.foreground) {
    j["foreground"] = {{"low", f->low}, {"high", f->high}, {"mean", f->mean}, {"deviation", f->deviation}};
  }
  return j;
}

Normalisation::Foreground foreground_from(const json& j) {
  const Normalisation::Foreground f{number_member(j, "low"), number_member(j, "high"), number_member(j, "mean"),
                                    number_member(j, "deviation")};
  constexpr double kLeast = std::numeric_limits<float>::min(), kMost = std::numeric_limits<float>::max();
  REVUNET_EXPECTS(-kMost <= f.low && f.low <= f.high && f.high <= kMost && std::abs(f.mean) <= kMost &&
                      kLeast <= f.deviation && f.deviation <= kMost,
                  DataError,
                  "expected percentiles that ascend, a mean, and a deviation above 0 of a foreground, got {}",
                  excerpt(j));
  return f;
}

// Weights and splits have no normalisation that waits for cases to be measured.
Normalisation normalisation_from(const json& j) {
  const std::string name = text_member(j, "normalisation");
  const auto row = std::ranges::find_if(kNormalisations, [&](const NormalisationName& n) { return n.name == name; });
  REVUNET_EXPECTS(row != kNormalisations.end() && row->kind != Normalisation::Kind::automatic, DataError,
                  "expected the normalisation nonzero, all, ct or none, got {}", excerpt(name));
  if (row->kind != Normalisation::Kind::ct) return {row->kind};
  return {row->kind, foreground_from(member(j, "foreground"))};
}

uint8_t label_from(const json& j, const char* name) {
  return static_cast<uint8_t>(integer_of(j, name, 0, 255));
}

const json& list_member(const json& j, const char* name) {
  const json& list = member(j, name);
  REVUNET_EXPECTS(list.is_array(), DataError, "expected a list of {}, got {}", name, excerpt(list));
  return list;
}

json to_json(const Task::Region& region) {
  json j = {
      {"name", region.name}, {"labels", region.labels}, {"written", region.written}, {"shown_on", region.shown_on}};
  if (!region.meaning.empty()) j["meaning"] = region.meaning;
  return j;
}

Task::Region region_from(const json& j) {
  Task::Region region{.name = text_member(j, "name"),
                      .labels = {},
                      .written = label_from(member(j, "written"), "written"),
                      .meaning = j.contains("meaning") ? text_member(j, "meaning") : "",
                      .shown_on = static_cast<size_t>(integer_member(j, "shown_on", 0, kMostModalities))};
  for (const json& label : list_member(j, "labels")) region.labels.push_back(label_from(label, "labels"));
  return region;
}

}  // namespace

json to_json(const Task& task) {
  json j = {{"name", task.name()},
            {"modalities", json::array()},
            {"labels", json::array()},
            {"regions", json::array()},
            {"exclusive", task.exclusive()}};
  for (size_t m = 0; m < task.modalities().size(); ++m) {
    j["modalities"].push_back(to_json(task.modalities()[m], task.normalisations()[m]));
  }
  for (const Task::Label& label : task.labels())
    j["labels"].push_back({{"number", label.number}, {"name", label.name}});
  for (const Task::Region& region : task.regions()) j["regions"].push_back(to_json(region));
  if (task.ignored()) j["ignored"] = *task.ignored();
  return j;
}

TaskPointer task_from_json(const json& j) try {
  std::vector<std::string> modalities;
  std::vector<Task::Label> labels;
  std::vector<Task::Region> regions;
  Task::Rules rules;
  for (const json& modality : list_member(j, "modalities")) {
    modalities.push_back(text_member(modality, "name"));
    rules.normalisations.push_back(normalisation_from(modality));
  }
  for (const json& label : list_member(j, "labels")) {
    labels.push_back({label_from(member(label, "number"), "number"), text_member(label, "name")});
  }
  for (const json& region : list_member(j, "regions")) regions.push_back(region_from(region));
  const json& exclusive = member(j, "exclusive");
  REVUNET_EXPECTS(exclusive.is_boolean(), DataError, "expected true or false for exclusive, got {}",
                  excerpt(exclusive));
  rules.exclusive = exclusive.get<bool>();
  if (j.contains("ignored")) rules.ignored = label_from(j["ignored"], "ignored");
  auto task = std::make_shared<const Task>(text_member(j, "name"), std::move(modalities), std::move(labels),
                                           std::move(regions), std::move(rules));
  for (const TaskPointer& brats : {brats_task(), brats2024_task()}) {
    if (same_task(*task, *brats) && task->normalisations() == brats->normalisations()) return brats;
  }
  return task;
} catch (const Error& e) {  // of a value, or of the task as a whole
  throw DataError(fmt::format("{}; the task was edited, or is of another version", e.what()));
}

}  // namespace revunet::io
