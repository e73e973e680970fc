// This file reads the "labels" of a dataset.json, whatever they mean.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace revunet::io {

struct NamedValues {
  std::string name;
  std::set<uint8_t> values;  // a region has several
  bool is_region = false;    // the file has a list of several, as nnU-Net asks of regions
};

// Returns the entries in the file's order, in either direction: {"oedema": 1} or {"1": "oedema"}. Throws DataError with
// `path` for anything else, and for values that are no labels.
std::vector<NamedValues> named_values(const nlohmann::ordered_json& labels, const std::filesystem::path& path);

// Returns a whole number that JSON has as a number, or as a string in the older files. Throws DataError for any other.
int64_t number_in(const nlohmann::json& value, const std::string& what, const std::filesystem::path& path);
// Does the same for a label, 0 to 255, of `what`, which messages name.
uint8_t label_in(const nlohmann::json& value, const std::string& what, const std::filesystem::path& path);

}  // namespace revunet::io
