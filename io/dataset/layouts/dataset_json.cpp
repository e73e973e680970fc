#include "io/dataset/layouts/dataset_json.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/dataset/layouts/brats_labels.h"
#include "io/dataset/layouts/described_task.h"
#include "io/dataset/layouts/json_labels.h"
#include "io/dataset/layouts/spellings.h"
#include "io/files/json_file.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

// Returns the names in the order of the channels, whose keys are numbers from 0.
std::vector<std::string> channel_names(const json& names, const fs::path& path) {
  REVUNET_EXPECTS(names.is_object() && !names.empty() && names.size() <= kMostModalities, DataError,
                  "[{}] expected \"channel_names\" or \"modality\" with the names of 1 to {} channels, such as "
                  "{{\"0\": \"MRI\"}}, got {}; fix the file",
                  path.string(), kMostModalities, excerpt(names));
  std::vector<std::string> result(names.size());
  for (const auto& [key, value] : names.items()) {
    const int64_t channel = number_in(key, "a channel", path);
    REVUNET_EXPECTS(channel >= 0 && channel < std::ssize(result), DataError,
                    "[{}] expected channels 0 to {}, got {}; fix the number", path.string(), result.size() - 1,
                    channel);
    std::string& name = result[static_cast<size_t>(channel)];
    // Two keys such as "1" and "01" would share a channel.
    REVUNET_EXPECTS(name.empty(), DataError, "[{}] expected each channel once, got {}; fix the numbers", path.string(),
                    excerpt(names));
    name = value.is_string() ? value.get<std::string>() : value.dump();
    REVUNET_EXPECTS(!name.empty(), DataError, "[{}] expected a name for channel {}, got none; add it", path.string(),
                    channel);
  }
  return result;
}

// Returns which channel has each of BraTS's modalities, or nothing where one has another name. Throws DataError for two
// channels of one modality.
std::optional<std::vector<int64_t>> brats_channels(const std::vector<std::string>& names, const fs::path& path) {
  std::vector<int64_t> channel_of(brats_task()->modalities().size(), -1);
  if (names.size() != channel_of.size()) return std::nullopt;
  if (!std::ranges::all_of(names, [](const std::string& name) { return modality_of_name(name).has_value(); })) {
    return std::nullopt;
  }
  for (size_t channel = 0; channel < names.size(); ++channel) {
    int64_t& place = channel_of[*modality_of_name(names[channel])];
    REVUNET_EXPECTS(place < 0, DataError, "[{}] expected each modality once, got {} for channels {} and {}; fix a name",
                    path.string(), names[channel], place, channel);
    place = static_cast<int64_t>(channel);
  }
  return channel_of;
}

// Returns which channel has each of the task's modalities. Throws DataError where they are not the task's.
std::vector<int64_t> channels_of(const Task& task, const std::vector<std::string>& names, const fs::path& path) {
  if (is_brats(task)) {
    const auto channel_of = brats_channels(names, path);
    REVUNET_EXPECTS(channel_of, DataError,
                    "[{}] expected the four modalities of {}, once each, got the channels {}; their names are {}",
                    path.string(), task.name(), excerpt(fmt::format("{}", fmt::join(names, ", "))),
                    accepted_modalities());
    return *channel_of;
  }
  const std::vector<std::string> distinct = distinct_names(names);
  std::vector<int64_t> channel_of;
  for (const std::string& modality : task.modalities()) {
    REVUNET_EXPECTS(std::ranges::count(distinct, modality) <= 1, DataError,
                    "[{}] expected one channel called {}, got several; rename them", path.string(), modality);
    channel_of.push_back(std::ranges::find(distinct, modality) - distinct.begin());
  }
  REVUNET_EXPECTS(std::ranges::max(channel_of) < std::ssize(names), DataError,
                  "[{}] expected the images of the task {}, got the channels {}; use a dataset of that task",
                  path.string(), describe(task), excerpt(fmt::format("{}", fmt::join(names, ", "))));
  return channel_of;
}

// Refuses images of another kind, because they would otherwise pass for no images at all.
void expect_nifti(const json& ending, const fs::path& path) {
  REVUNET_EXPECTS(ending.is_null() || ending == ".nii.gz" || ending == ".nii", DataError,
                  "[{}] expected a \"file_ending\" of .nii.gz or .nii, got {}; convert the images to NIfTI",
                  path.string(), excerpt(ending));
}

// Description has a dataset.json's fields.
struct Description {
  fs::path path;
  ordered_json fields;

  ordered_json ordered(const char* name) const { return fields.contains(name) ? fields.at(name) : ordered_json(); }
  json field(const char* name) const { return json(ordered(name)); }

  std::string name() const {
    const json own = field("name");
    return own.is_string() && !own.get<std::string>().empty() ? excerpt(own.get<std::string>())
                                                              : path.parent_path().filename().string();
  }
};

Description read_description(const fs::path& root) {
  Description d{root / "dataset.json", read_ordered_json_file(root / "dataset.json")};
  REVUNET_EXPECTS(d.fields.is_object(), DataError, "[{}] expected a JSON object, got {}; fix the file", d.path.string(),
                  d.fields.type_name());
  return d;
}

LabelProfile own_task(const Description& d, const std::vector<std::string>& channels) {
  const TaskPointer task = described_task(d.name(), channels, named_values(d.ordered("labels"), d.path),
                                          d.field("regions_class_order"), d.path);
  return profile_of_task(task);
}

// BraTS's first task has no resection cavity, which is background there.
std::string note_of_cavity(const std::vector<NamedValues>& labels, const fs::path& path) {
  for (const NamedValues& named : labels) {
    const std::string name = plain(named.name);
    if (name != "rc" && name != "resectioncavity") continue;
    return fmt::format(
        "[{}] names the resection cavity, {}, which is background for the regions {}; to make it a region, give "
        "`labels` brats2024-rc",
        path.string(), fmt::join(named.values, ","), fmt::join(brats_task()->region_names(), ", "));
  }
  return {};
}

// Sets channels and labels to those of the file.
void take_own(DatasetJson& result, const Description& d, const std::vector<std::string>& names) {
  const auto brats = brats_channels(names, d.path);
  const auto profile = brats_profile(named_values(d.ordered("labels"), d.path));
  if (brats && profile) {
    result.channel_of = *brats;
    result.labels = *profile;
    result.task_note = note_of_cavity(named_values(d.ordered("labels"), d.path), d.path);
    return;
  }
  result.labels = own_task(d, names);
  for (size_t m = 0; m < names.size(); ++m) result.channel_of.push_back(static_cast<int64_t>(m));
  if (brats || profile) {
    result.task_note =
        fmt::format("[{}] has the {} of BraTS, but other {}, so it is a task of its own: {}{}", d.path.string(),
                    brats ? "modalities" : "labels", brats ? "labels" : "modalities", describe(*result.labels.task()),
                    brats ? "; say with `labels` what the numbers stand for where they are BraTS's" : "");
  }
}

// Returns the meanings by the labels of BraTS's first task. What only a later one knows is background there.
std::vector<LabelProfile::Meaning> brats_meanings(const LabelProfile& profile) {
  std::vector<LabelProfile::Meaning> meanings = profile.meanings();
  for (LabelProfile::Meaning& m : meanings) {
    if (!brats_task()->has_label(m.label)) m.label = 0;
  }
  return meanings;
}

// Labels of the file that cannot be understood contradict nothing.
std::string contradiction_of(const LabelProfile& given, const Description& d) try {
  if (!is_brats(*given.task())) return {};  // expect_task has compared the tasks
  const auto named = brats_profile(named_values(d.ordered("labels"), d.path));
  if (!named || brats_meanings(given) == named->meanings()) return {};
  return fmt::format("[{}] names other labels ({}) than those that are taken in their place: {} ({})", d.path.string(),
                     named->meanings_text(), given.name(), given.meanings_text());
} catch (const DataError&) {
  return {};
}

// A file of another task must not pass for one of the task that is given, where both have the same channels.
void expect_task(const Task& task, const Description& d) {
  if (is_brats(task) || !d.fields.contains("labels")) return;
  const LabelProfile own = own_task(d, task.modalities());  // whose order may be another
  REVUNET_EXPECTS(same_task(task, *own.task()), DataError,
                  "[{}] expected the task {}, got {}; use a dataset of that task", d.path.string(), describe(task),
                  describe(*own.task()));
}

std::map<std::string, ListedCase> listed_cases(const Description& d, const fs::path& root) {
  std::map<std::string, ListedCase> cases;
  const json listed = d.field("dataset");
  if (!listed.is_object()) return cases;  // other programs write a name there
  at_place(d.path.string(), [&] {
    for (const auto& [name, files] : listed.items()) {
      // Predictions and the cache write files of this name.
      REVUNET_EXPECTS(!name.empty() && name[0] != '.' && name.find_first_of(std::string_view("/\0", 2)) == name.npos,
                      DataError, "expected names of cases that files can have, got {}; rename it", excerpt(name));
      ListedCase& c = cases[name];
      c.label = (root / text_member(files, "label")).lexically_normal();
      const json& images = member(files, "images");
      REVUNET_EXPECTS(images.is_array(), DataError, "expected a list of the images of case {}, got {}", excerpt(name),
                      excerpt(images));
      for (const json& image : images) {
        c.images.push_back((root / text_of(image, "images")).lexically_normal());
      }
    }
  });
  return cases;
}

}  // namespace

std::map<std::string, ListedCase> read_listed_cases(const fs::path& root) {
  return listed_cases(read_description(root), root);
}

DatasetJson read_dataset_json(const fs::path& root, const std::optional<LabelProfile>& labels) {
  const Description d = read_description(root);
  expect_nifti(d.field("file_ending"), d.path);
  const bool second_version = d.fields.contains("channel_names");
  const std::vector<std::string> names = channel_names(d.field(second_version ? "channel_names" : "modality"), d.path);
  DatasetJson result;
  result.channels = std::ssize(names);
  if (labels) {
    result.labels = *labels;
    result.channel_of = channels_of(*labels->task(), names, d.path);
    expect_task(*labels->task(), d);
    result.task_note = contradiction_of(*labels, d);
  } else {
    take_own(result, d, names);
  }
  if (d.fields.contains("numTraining"))
    result.training_cases = number_in(d.field("numTraining"), "\"numTraining\"", d.path);
  result.listed = listed_cases(d, root);
  return result;
}

}  // namespace revunet::io
