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
  const auto kind = row_named(kNormalisations, text_member(j, "normalisation"), "normalisation").kind;
  REVUNET_EXPECTS(kind != Normalisation::Kind::automatic, DataError, "expected a normalisation that is known, got {}",
                  name_of(kind).name);
  if (kind != Normalisation::Kind::ct) return {kind};
  return {kind, foreground_from(member(j, "foreground"))};
}

uint8_t label_from(const json& j, const char* name) {
  return static_cast<uint8_t>(integer_of(j, name, 0, 255));
}

json to_json(const Resampling& resampling) {
  return {{"spacing", resampling.spacing}, {"interpolation", name_of(resampling.interpolation).name}};
}

// Weights and splits have no resampling that waits for cases to be measured.
Resampling resampling_from(const json& j) {
  return {.kind = Resampling::Kind::given,
          .spacing = spacing_from(member(j, "spacing")),
          .interpolation = row_named(kInterpolations, text_member(j, "interpolation"), "interpolation").interpolation};
}

json to_json(const FilePatterns& files) {
  json images = json::array();
  for (const FilePatterns::Image& image : files.images) {
    images.push_back({{"pattern", image.pattern}, {"frame", image.frame}, {"frames", image.frames}});
  }
  return {{"images", std::move(images)}, {"segmentation", files.segmentation}};
}

FilePatterns files_from(const json& j) {
  constexpr int64_t kMostFrames = std::numeric_limits<int16_t>::max();
  FilePatterns files{.images = {}, .segmentation = text_member(j, "segmentation")};
  for (const json& image : list_member(j, "images")) {
    files.images.push_back({text_member(image, "pattern"), integer_member(image, "frame", 0, kMostFrames),
                            integer_member(image, "frames", 1, kMostFrames)});
  }
  return files;
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
                      .meaning = text_member_or(j, "meaning", ""),
                      .shown_on = static_cast<size_t>(integer_member(j, "shown_on", 0, kMostModalities))};
  for (const json& label : list_member(j, "labels")) region.labels.push_back(label_from(label, "labels"));
  return region;
}

}  // namespace

std::array<double, 3> spacing_from(const json& j) {
  std::array<double, 3> spacing{};
  REVUNET_EXPECTS(j.is_array() && j.size() == spacing.size(), DataError, "expected a spacing of three numbers, got {}",
                  excerpt(j));
  for (size_t axis = 0; axis < spacing.size(); ++axis) spacing[axis] = number_of(j[axis], "spacing");
  return spacing;
}

json to_json(const Task& task) {
  REVUNET_EXPECTS(task.resampling().kind != Resampling::Kind::automatic, Error,
                  "[task {}] expected a spacing that is known, got auto; use a task with a fingerprint", task.name());
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
  if (task.rules().files) j["files"] = to_json(*task.rules().files);
  if (task.resampling().kind == Resampling::Kind::given) j["resampling"] = to_json(task.resampling());
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
  if (j.contains("files")) rules.files = files_from(j["files"]);
  if (j.contains("resampling")) rules.resampling = resampling_from(j["resampling"]);
  auto task = std::make_shared<const Task>(text_member(j, "name"), std::move(modalities), std::move(labels),
                                           std::move(regions), std::move(rules));
  for (const TaskPointer& brats : {brats_task(), brats2024_task()}) {
    if (!task->rules().files && same_task(*task, *brats) && same_preparation(*task, *brats)) return brats;
  }
  return task;
} catch (const Error& e) {  // of a value, or of the task as a whole
  throw DataError(fmt::format("{}; the task was edited, or is of another version", e.what()));
}

}  // namespace revunet::io
