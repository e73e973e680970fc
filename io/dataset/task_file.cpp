#include "io/dataset/task_file.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/files/toml_file.h"
#include "io/task/task_json.h"
#include "io/text/similar_words.h"

namespace revunet::io {
namespace {

using nlohmann::json;

void expect_keys(const json& table, const std::vector<std::string>& known) {
  REVUNET_EXPECTS(table.is_object(), DataError, "expected a section with {}, got {}", alternatives(known),
                  excerpt(table));
  for (const auto& [key, value] : table.items()) {
    REVUNET_EXPECTS(std::ranges::count(known, key) == 1, DataError, "expected {}, got {}{}", alternatives(known),
                    excerpt(key), did_you_mean(similar(key, known)));
  }
}

// Returns labels in the order of their numbers.
std::vector<Task::Label> labels_from(const json& table) {
  REVUNET_EXPECTS(table.is_object() && !table.empty(), DataError,
                  "expected a section [labels] with a number for each name, got {}", excerpt(table));
  std::vector<Task::Label> labels;
  for (const auto& [name, number] : table.items()) {
    labels.push_back({static_cast<uint8_t>(integer_of(number, name, 0, 255)), name});
  }
  std::ranges::sort(labels, {}, &Task::Label::number);
  return labels;
}

uint8_t number_of_label(const std::vector<Task::Label>& labels, const std::string& name) {
  return row_named(labels, name, "a label").number;
}

struct Channels {
  std::vector<std::string> names;
  std::vector<Normalisation> normalisations;
  std::vector<std::string> patterns;  // empty texts where there are none
};

Channels channels_from(const json& list) {
  Channels channels;
  for (const json& channel : list) {
    expect_keys(channel, {"name", "files", "normalisation"});
    channels.names.push_back(text_member(channel, "name"));
    channels.patterns.push_back(text_member_or(channel, "files", ""));
    channels.normalisations.push_back(
        {row_named(kNormalisations, text_member_or(channel, "normalisation", "auto"), "normalisation").kind});
  }
  return channels;
}

// Channels of one pattern are the frames of one image, in their order.
std::optional<FilePatterns> files_from(const Channels& channels, const std::string& segmentation) {
  const auto given = std::ranges::count_if(channels.patterns, [](const std::string& p) { return !p.empty(); });
  if (given == 0 && segmentation.empty()) return std::nullopt;
  REVUNET_EXPECTS(given == std::ssize(channels.patterns), DataError,
                  "expected `files` of each of {} channels, or no patterns at all, got {}", channels.patterns.size(),
                  given);
  FilePatterns files{.images = {}, .segmentation = segmentation};
  std::vector<std::string> names;
  for (const std::string& pattern : channels.patterns) names.push_back(without_image_ending(pattern));
  for (auto name = names.begin(); name != names.end(); ++name) {
    files.images.push_back({channels.patterns[static_cast<size_t>(name - names.begin())],
                            std::count(names.begin(), name, *name), std::ranges::count(names, *name)});
  }
  return files;
}

Resampling resampling_from(const json& table) {
  Resampling resampling{.kind = Resampling::Kind::automatic};
  resampling.interpolation =
      row_named(kInterpolations, text_member_or(table, "interpolation", "cubic"), "interpolation").interpolation;
  const json spacing = table.value("spacing", json("auto"));
  if (spacing == "auto") return resampling;
  if (spacing == "none") return {};
  resampling.kind = Resampling::Kind::given;
  resampling.spacing = spacing_from(spacing);
  return resampling;
}

// Returns a region for each label but the background and what is ignored.
std::vector<Task::Region> classes_of(const std::vector<Task::Label>& labels, std::optional<uint8_t> ignored) {
  std::vector<Task::Region> classes;
  for (const Task::Label& label : labels) {
    if (label.number != 0 && ignored != label.number) classes.push_back({label.name, {label.number}, label.number});
  }
  return classes;
}

// Returns a region whose `written` is not known yet.
Task::Region region_from(const json& table, const std::vector<Task::Label>& labels,
                         const std::vector<std::string>& channels) {
  expect_keys(table, {"name", "labels", "writes", "meaning", "shown_on"});
  Task::Region region{.name = text_member(table, "name"),
                      .labels = {},
                      .written = 0,
                      .meaning = text_member_or(table, "meaning", ""),
                      .shown_on = 0};
  for (const json& label : list_member(table, "labels")) {
    region.labels.push_back(number_of_label(labels, text_of(label, "labels")));
  }
  if (!table.contains("shown_on")) return region;
  const std::string channel = text_member(table, "shown_on");
  region.shown_on = static_cast<size_t>(std::ranges::find(channels, channel) - channels.begin());
  REVUNET_EXPECTS(region.shown_on < channels.size(), DataError,
                  "expected one of the channels {} for shown_on of region {}, got {}", alternatives(channels),
                  region.name, excerpt(channel));
  return region;
}

std::vector<Task::Region> regions_from(const json& list, const std::vector<Task::Label>& labels,
                                       const std::vector<std::string>& channels) {
  std::vector<Task::Region> regions;
  std::vector<std::vector<uint8_t>> numbers;
  for (const json& table : list) {
    regions.push_back(region_from(table, labels, channels));
    numbers.push_back(regions.back().labels);
  }
  const std::vector<std::vector<uint8_t>> own = own_labels(numbers);
  for (size_t r = 0; r < regions.size(); ++r) {
    const std::string writes = text_member_or(list[r], "writes", "");
    REVUNET_EXPECTS(own[r].size() == 1 || !writes.empty(), DataError,
                    "expected `writes`, the label of voxels in region {} and in no later one, got none, and {} of its "
                    "labels that no later region has; add it",
                    regions[r].name, own[r].size());
    regions[r].written = writes.empty() ? own[r][0] : number_of_label(labels, writes);
  }
  return regions;
}

std::optional<Background> background_from(const json& table) {
  if (!table.contains("background")) return std::nullopt;
  const json& value = table["background"];
  try {
    return parse_background(value.is_string() ? value.get<std::string>() : value.dump());
  } catch (const UsageError& e) {
    throw DataError(e.what());
  }
}

std::optional<std::string> mirror_from(const json& table) {
  if (!table.contains("mirror")) return std::nullopt;
  std::vector<std::string> axes;
  for (const json& axis : list_member_or_none(table, "mirror")) {
    axes.push_back(text_of(axis, "mirror"));
    REVUNET_EXPECTS(
        (axes.back() == "x" || axes.back() == "y" || axes.back() == "z") && std::ranges::count(axes, axes.back()) == 1,
        DataError, "expected some of the axes x, y and z to mirror, once each, got {}", excerpt(table["mirror"]));
  }
  return axes.empty() ? "none" : fmt::format("{}", fmt::join(axes, ","));
}

TaskFile task_from(const json& table, const std::string& file_name) {
  expect_keys(table, {"name", "background", "spacing", "interpolation", "mirror", "segmentation", "ignored", "labels",
                      "channels", "regions"});
  const std::vector<Task::Label> labels = labels_from(table.value("labels", json()));
  Channels channels = channels_from(list_member_or_none(table, "channels"));
  Task::Rules rules{.exclusive = !table.contains("regions"),
                    .ignored = {},
                    .normalisations = channels.normalisations,
                    .resampling = resampling_from(table),
                    .files = files_from(channels, text_member_or(table, "segmentation", ""))};
  if (table.contains("ignored")) rules.ignored = number_of_label(labels, text_member(table, "ignored"));
  std::vector<Task::Region> regions = rules.exclusive
                                          ? classes_of(labels, rules.ignored)
                                          : regions_from(list_member(table, "regions"), labels, channels.names);
  return {.task = std::make_shared<const Task>(text_member_or(table, "name", file_name), std::move(channels.names),
                                               labels, std::move(regions), std::move(rules)),
          .background = background_from(table),
          .mirror = mirror_from(table)};
}

}  // namespace

TaskFile read_task_file(const std::filesystem::path& path) {
  const json table = read_toml_file(path);
  try {
    return task_from(table, path.stem().string());
  } catch (const Error& e) {  // of a value, or of the task as a whole
    throw DataError(fmt::format("[{}] {}; see docs/own-dataset.md", path.string(), e.what()));
  }
}

}  // namespace revunet::io
