// This file makes the task of a dataset.json that is not BraTS's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/dataset/layouts/json_labels.h"
#include "io/task/task.h"

namespace revunet::io {

// Returns the names of channels, with their numbers where several channels have one name: "CT_0" and "CT_1". In nnU-Net
// a name says how a channel is normalised, so two may have the same. Names may still be equal, such as CT, CT and CT_0,
// which a task refuses.
std::vector<std::string> distinct_names(const std::vector<std::string>& channels);

// Returns a task of these channels, in their order, by their distinct_names. Labels that are lists are regions, in the
// file's order, of which "regions_class_order" says what they write; without it, that is the one label that no later
// region has. Otherwise each label but 0, the background, is a class of its own. A label named ignore is ignored. A
// channel named CT or noNorm is normalised as nnU-Net does it; any other as the labelled cases need it
// (Normalisation::Kind::automatic), and so is the spacing. Throws DataError with `path` for labels without a
// background, and for all that Task refuses.
TaskPointer described_task(const std::string& name, const std::vector<std::string>& channels,
                           const std::vector<NamedValues>& labels, const nlohmann::json& regions_class_order,
                           const std::filesystem::path& path);

}  // namespace revunet::io
