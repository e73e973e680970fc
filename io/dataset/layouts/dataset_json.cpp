#include "io/dataset/layouts/dataset_json.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "engine/error.h"
#include "io/dataset/layouts/spellings.h"
#include "io/files/json_file.h"
#include "io/text/parse_number.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A number may have the meaning of one tissue. BraTS 2023 calls oedema SNFH, surrounding non-enhancing FLAIR
// hyperintensity.
const std::map<uint8_t, Spellings> label_spellings = {
    {0, {"background", "resectioncavity", "rc"}},
    {1,
     {"nonenhancingtumorcore", "nonenhancingtumor", "nonenhancingcore", "nonenhancing", "netc", "net", "ncr", "ncrnet",
      "necrosis", "necrotic", "necroticcore", "necrotictumorcore", "necroticandnonenhancingtumor",
      "necroticandnonenhancingtumorcore"}},
    {2, {"edema", "ed", "peritumoraledema", "snfh", "surroundingnonenhancingflairhyperintensity"}},
    {4, {"enhancingtumor", "enhancing", "et", "enhancingtissue"}},
};
const std::array<Spellings, 3> region_spellings = {{
    {"wholetumor", "whole", "wt"},
    {"tumorcore", "core", "tc"},
    {"enhancingtumor", "enhancing", "et"},
}};

// Returns a whole number that JSON has as a number, or as a string in the older files.
int64_t number_of(const json& value, const fs::path& path) {
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()}
                                               : value.is_number_integer();
  if (fits) return value.get<int64_t>();
  const auto number = value.is_string() ? parse_number<int64_t>(value.get<std::string>()) : std::nullopt;
  REVUNET_EXPECTS(number, DataError, "[{}] expected a whole number, got {}; fix the file", path.string(),
                  excerpt(value));
  return *number;
}

json parse(const fs::path& path) {
  json parsed = read_json_file(path);
  REVUNET_EXPECTS(parsed.is_object(), DataError, "[{}] expected a JSON object, got {}; fix the file", path.string(),
                  parsed.type_name());
  return parsed;
}

// Returns the names of an object's entries, in either direction, and no more than a line holds.
std::string names_text(const json& object) {
  constexpr size_t most = 10;
  if (!object.is_object() || object.empty()) return "none";
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) {
    const bool number_first = !key.empty() && std::isdigit(static_cast<unsigned char>(key[0])) != 0;
    names.push_back(excerpt(number_first && value.is_string() ? value.get<std::string>() : key));
    if (names.size() == most) break;
  }
  return fmt::format("{}{}", fmt::join(names, ", "), object.size() > most ? ", ..." : "");
}

// Describes a dataset of another task: "Hippocampus, channels: MRI; labels: background, Anterior, Posterior".
std::string task_text(const json& parsed, const json& channels) {
  const json name = parsed.value("name", json());
  return fmt::format("{}channels: {}; labels: {}", name.is_string() ? excerpt(name.get<std::string>()) + ", " : "",
                     names_text(channels), names_text(parsed.value("labels", json())));
}

std::vector<int64_t> channels_of(const json& names, const json& parsed, const fs::path& path) {
  const size_t modalities = brats_task()->modalities().size();
  REVUNET_EXPECTS(
      names.is_object() && names.size() == modalities, DataError,
      "[{}] expected four modalities of a brain tumour, one for each channel, got {}; the networks here take "
      "t1, t1ce, t2 and flair, in any order, and no other task. Their names are {}",
      path.string(), task_text(parsed, names), accepted_modalities());
  std::vector<int64_t> channel_of(modalities, -1);
  for (const auto& [key, value] : names.items()) {
    const int64_t channel = number_of(key, path);
    const std::string name = value.is_string() ? value.get<std::string>() : excerpt(value);
    const std::optional<size_t> modality = modality_of_name(name);
    REVUNET_EXPECTS(
        modality, DataError,
        "[{}] expected modalities named {}, got {} for channel {}, of {}; fix the name, or leave a dataset of "
        "another task: the networks here take t1, t1ce, t2 and flair",
        path.string(), accepted_modalities(), excerpt(name), channel, task_text(parsed, names));
    REVUNET_EXPECTS(channel >= 0 && channel < std::ssize(channel_of), DataError,
                    "[{}] expected channels 0 to 3, got {}; fix the number", path.string(), channel);
    int64_t& place = channel_of[*modality];
    REVUNET_EXPECTS(place < 0, DataError, "[{}] expected each modality once, got {} for channels {} and {}; fix a name",
                    path.string(), name, place, channel);
    place = channel;
  }
  // Two keys such as "1" and "01" would share a channel.
  REVUNET_EXPECTS(std::set<int64_t>(channel_of.begin(), channel_of.end()).size() == channel_of.size(), DataError,
                  "[{}] expected each channel once, got {}; fix the numbers", path.string(), excerpt(names));
  return channel_of;
}

struct NamedValues {
  std::string name;
  std::set<uint8_t> values;  // a region has several
};

// Reads either direction: {"oedema": 1} or {"1": "oedema"}.
std::vector<NamedValues> named_values(const json& labels, const fs::path& path) {
  REVUNET_EXPECTS(labels.is_object() && !labels.empty(), DataError,
                  "[{}] expected \"labels\" with a name for each number, got {}; fix the file, or pass `labels`",
                  path.string(), excerpt(labels));
  std::vector<NamedValues> result;
  for (const auto& [key, value] : labels.items()) {
    const bool number_first =
        value.is_string() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    NamedValues named{number_first ? value.get<std::string>() : key, {}};
    const json numbers = number_first ? json::array({key}) : value.is_array() ? value : json::array({value});
    for (const json& item : numbers) {
      const int64_t number = number_of(item, path);
      REVUNET_EXPECTS(number >= 0 && number <= 255, DataError,
                      "[{}] expected labels of 0 to 255, got {} for {}; fix the number", path.string(), number,
                      excerpt(named.name));
      named.values.insert(static_cast<uint8_t>(number));
    }
    result.push_back(std::move(named));
  }
  return result;
}

[[noreturn]] void refuse_labels(const std::string& reason, const fs::path& path) {
  std::vector<std::string> names;
  for (const LabelProfile& profile : LabelProfile::named()) names.push_back(profile.name());
  throw DataError(
      fmt::format("[{}] expected \"labels\" named background, oedema, necrosis or non-enhancing core, and "
                  "enhancing tumour, or the regions whole tumour, tumour core and enhancing tumour, got {}; "
                  "say with `labels` what the numbers stand for: {}",
                  path.string(), reason, fmt::join(names, ", ")));
}

using Meanings = std::map<uint8_t, uint8_t>;  // value -> label

void give_meaning(Meanings& meanings, uint8_t value, uint8_t label, const fs::path& path) {
  const auto [known, added] = meanings.emplace(value, label);
  if (!added && known->second != label) refuse_labels(fmt::format("two meanings of {}", value), path);
}

// nnU-Net's regions are nested: what only the larger one has is the tissue between the two.
Meanings meanings_of_regions(const std::vector<NamedValues>& all, const fs::path& path) {
  std::array<std::set<uint8_t>, std::tuple_size_v<decltype(region_spellings)>> regions;
  Meanings meanings;
  for (const NamedValues& named : all) {
    const auto region = std::find_if(region_spellings.begin(), region_spellings.end(),
                                     [&](const Spellings& spellings) { return has(spellings, named.name); });
    if (region != region_spellings.end()) {
      regions[static_cast<size_t>(region - region_spellings.begin())] = named.values;
    } else if (has(label_spellings.at(0), named.name)) {
      for (const uint8_t value : named.values) give_meaning(meanings, value, 0, path);
    } else {
      refuse_labels(fmt::format("the region {}", excerpt(named.name)), path);
    }
  }
  const auto& [whole, core, enhancing] = regions;
  const bool nested = std::includes(whole.begin(), whole.end(), core.begin(), core.end()) &&
                      std::includes(core.begin(), core.end(), enhancing.begin(), enhancing.end());
  if (!nested) refuse_labels("regions that do not lie within each other", path);
  for (const uint8_t value : whole) {
    give_meaning(meanings, value, enhancing.contains(value) ? 4 : core.contains(value) ? 1 : 2, path);
  }
  return meanings;
}

Meanings meanings_of_tissues(const std::vector<NamedValues>& all, const fs::path& path) {
  Meanings meanings;
  for (const NamedValues& named : all) {
    const auto label = std::find_if(label_spellings.begin(), label_spellings.end(),
                                    [&](const auto& entry) { return has(entry.second, named.name); });
    if (label == label_spellings.end()) refuse_labels(fmt::format("the label {}", excerpt(named.name)), path);
    for (const uint8_t value : named.values) give_meaning(meanings, value, label->first, path);
  }
  return meanings;
}

LabelProfile profile_of(const json& labels, const fs::path& path) {
  const std::vector<NamedValues> all = named_values(labels, path);
  const bool regions = std::any_of(all.begin(), all.end(), [](const NamedValues& n) {
    return has(region_spellings[0], n.name) || has(region_spellings[1], n.name);
  });
  const Meanings meanings = regions ? meanings_of_regions(all, path) : meanings_of_tissues(all, path);
  std::vector<LabelProfile::Meaning> list;
  std::set<uint8_t> found;
  for (const auto& [value, label] : meanings) {
    list.push_back({value, label});
    found.insert(label);
  }
  if (found.size() != brats_task()->labels().size()) refuse_labels(excerpt(labels), path);
  LabelProfile profile("of dataset.json", brats_task(), std::move(list));
  for (const LabelProfile& named : LabelProfile::named()) {
    if (named.same_meanings(profile)) return named;
  }
  return profile;
}

// Refuses images of another kind, because they would otherwise pass for no images at all.
void expect_nifti(const json& ending, const fs::path& path) {
  REVUNET_EXPECTS(ending.is_null() || ending == ".nii.gz" || ending == ".nii", DataError,
                  "[{}] expected a \"file_ending\" of .nii.gz or .nii, got {}; convert the images to NIfTI",
                  path.string(), excerpt(ending));
}

// Labels of the file that cannot be understood contradict nothing.
std::string contradiction_of(const LabelProfile& given, const json& labels, const fs::path& path) try {
  const LabelProfile named = profile_of(labels, path);
  if (given.same_meanings(named)) return {};
  return fmt::format("[{}] names other labels ({}) than those that are taken in their place: {} ({})", path.string(),
                     named.meanings_text(), given.name(), given.meanings_text());
} catch (const DataError&) {
  return {};
}

}  // namespace

DatasetJson read_dataset_json(const fs::path& root, const std::optional<LabelProfile>& labels) {
  const fs::path path = root / "dataset.json";
  const json parsed = parse(path);
  const auto field = [&](const char* name) { return parsed.contains(name) ? parsed.at(name) : json(); };
  expect_nifti(field("file_ending"), path);
  DatasetJson result;
  result.has_channel_names = parsed.contains("channel_names");
  result.channel_of = channels_of(field(result.has_channel_names ? "channel_names" : "modality"), parsed, path);
  result.labels = labels ? *labels : profile_of(field("labels"), path);
  if (labels) result.contradiction = contradiction_of(*labels, field("labels"), path);
  if (parsed.contains("numTraining")) result.training_cases = number_of(parsed.at("numTraining"), path);
  return result;
}

}  // namespace revunet::io
