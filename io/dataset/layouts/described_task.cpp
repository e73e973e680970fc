#include "io/dataset/layouts/described_task.h"

#include <algorithm>
#include <map>
#include <optional>

#include "engine/error.h"
#include "io/dataset/layouts/spellings.h"
#include "io/files/json_file.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Labels has the entries of a dataset.json by what they are.
struct Labels {
  std::string background;
  std::optional<uint8_t> ignored;
  std::vector<NamedValues> found;  // all others: classes or regions
};

Labels sorted_out(const std::vector<NamedValues>& labels, const fs::path& path) {
  Labels result;
  for (const NamedValues& named : labels) {
    if (named.values == std::set<uint8_t>{0}) {
      result.background = named.name;
    } else if (plain(named.name) == "ignore" && named.values.size() == 1) {
      result.ignored = *named.values.begin();
    } else {
      result.found.push_back(named);
    }
  }
  REVUNET_EXPECTS(!result.background.empty(), DataError,
                  "[{}] expected \"labels\" with the background, 0, got {} labels without it; add it", path.string(),
                  labels.size());
  return result;
}

// Returns what each region writes.
std::vector<uint8_t> written_by(const std::vector<NamedValues>& regions, const json& order, const fs::path& path) {
  std::vector<uint8_t> written;
  if (!order.is_null()) {
    REVUNET_EXPECTS(order.is_array() && order.size() == regions.size(), DataError,
                    "[{}] expected \"regions_class_order\" with a label for each of {} regions, got {}; fix the file",
                    path.string(), regions.size(), excerpt(order));
    for (const json& label : order) written.push_back(label_in(label, "regions_class_order", path));
    return written;
  }
  std::vector<std::vector<uint8_t>> labels;
  for (const NamedValues& region : regions) labels.emplace_back(region.values.begin(), region.values.end());
  const std::vector<std::vector<uint8_t>> own = own_labels(labels);
  for (size_t r = 0; r < regions.size(); ++r) {
    REVUNET_EXPECTS(own[r].size() == 1, DataError,
                    "[{}] expected \"regions_class_order\", which says what label a voxel of each region gets, got "
                    "none, and {} labels of {} that no later region has; add it",
                    path.string(), own[r].size(), excerpt(regions[r].name));
    written.push_back(own[r][0]);
  }
  return written;
}

std::vector<Task::Region> regions_of(const std::vector<NamedValues>& found, const std::vector<uint8_t>& written) {
  std::vector<Task::Region> regions;
  for (size_t r = 0; r < found.size(); ++r) {
    regions.push_back({found[r].name, {found[r].values.begin(), found[r].values.end()}, written[r]});
  }
  return regions;
}

// Returns all labels in the order of their numbers. One that a region writes has that region's name.
std::vector<Task::Label> labels_of(const Labels& labels, const std::vector<Task::Region>& regions) {
  std::map<uint8_t, std::string> names = {{uint8_t{0}, labels.background}};
  for (const NamedValues& named : labels.found) {
    for (const uint8_t label : named.values) names.try_emplace(label, fmt::format("label {}", label));
  }
  for (const Task::Region& region : regions) names[region.written] = region.name;
  if (labels.ignored) names[*labels.ignored] = "ignore";
  std::vector<Task::Label> result;
  for (const auto& [number, name] : names) result.push_back({number, name});
  return result;
}

// nnU-Net gives these names a meaning.
Normalisation normalisation_of(const std::string& channel) {
  const std::string name = plain(channel);
  if (name == "ct") return {Normalisation::Kind::ct};
  if (name == "nonorm") return {Normalisation::Kind::none};
  return {Normalisation::Kind::automatic};
}

}  // namespace

std::vector<std::string> distinct_names(const std::vector<std::string>& channels) {
  std::vector<std::string> names;
  for (size_t channel = 0; channel < channels.size(); ++channel) {
    const std::string& name = channels[channel];
    names.push_back(std::ranges::count(channels, name) > 1 ? fmt::format("{}_{}", name, channel) : name);
  }
  return names;
}

TaskPointer described_task(const std::string& name, const std::vector<std::string>& channels,
                           const std::vector<NamedValues>& all, const json& regions_class_order, const fs::path& path) {
  Labels labels = sorted_out(all, path);
  const bool exclusive = std::ranges::none_of(labels.found, &NamedValues::is_region);
  if (exclusive) {
    std::ranges::sort(labels.found, {}, [](const NamedValues& named) { return *named.values.begin(); });
  }
  std::vector<uint8_t> written;
  if (exclusive) {
    for (const NamedValues& named : labels.found) written.push_back(*named.values.begin());
  } else {
    written = written_by(labels.found, regions_class_order, path);
  }
  std::vector<Task::Region> regions = regions_of(labels.found, written);
  Task::Rules rules{.exclusive = exclusive,
                    .ignored = labels.ignored,
                    .normalisations = {},
                    .resampling = {.kind = Resampling::Kind::automatic}};
  for (const std::string& channel : channels) rules.normalisations.push_back(normalisation_of(channel));
  std::vector<Task::Label> named = labels_of(labels, regions);
  try {
    return std::make_shared<const Task>(name, distinct_names(channels), std::move(named), std::move(regions),
                                        std::move(rules));
  } catch (const Error& e) {  // the task's own checks
    throw DataError(fmt::format("[{}] {}", path.string(), e.what()));
  }
}

}  // namespace revunet::io
