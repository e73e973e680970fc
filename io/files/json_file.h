// This is the one way to parse JSON that anybody may have written, and to take values out of it.
//
// Rule: only DataError is thrown, whatever a file holds, and no text is too deep for the stack. An error about a text
// or a value does not name the file, which at_place adds.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/text/printable.h"
#include "io/text/similar_words.h"

namespace revunet::io {

// Parses a text nested at most 32 deep. Throws DataError for anything else.
nlohmann::json parse_json(std::string_view text);

// Parses a file. Throws DataError with the path, as read_whole_file and parse_json do, and for a key that an object has
// twice.
nlohmann::json read_json_file(const std::filesystem::path& path);
// Does the same, and keeps the order of each object's keys.
nlohmann::ordered_json read_ordered_json_file(const std::filesystem::path& path);

// Returns the start of a value, for a message. It is a template, so that texts are not taken for JSON.
template <std::same_as<nlohmann::json> Json>
std::string excerpt(const Json& value) {
  return excerpt(std::string_view(value.dump()));
}

// These take values out of an object, or check values by themselves. They throw DataError for a value that is missing,
// of another type or out of range. Fractions are no whole numbers, and nothing is converted. `name` is for the message.
const nlohmann::json& member(const nlohmann::json& object, std::string_view key);
int64_t integer_of(const nlohmann::json& value, const std::string& name, int64_t least = 0,
                   int64_t most = std::numeric_limits<int64_t>::max());
double number_of(const nlohmann::json& value, const std::string& name);
std::string text_of(const nlohmann::json& value, const std::string& name);
inline int64_t integer_member(const nlohmann::json& object, const std::string& key, int64_t least = 0,
                              int64_t most = std::numeric_limits<int64_t>::max()) {
  return integer_of(member(object, key), key, least, most);
}
inline double number_member(const nlohmann::json& object, const std::string& key) {
  return number_of(member(object, key), key);
}
inline std::string text_member(const nlohmann::json& object, const std::string& key) {
  return text_of(member(object, key), key);
}

// Returns a list. Throws DataError where there is none.
const nlohmann::json& list_member(const nlohmann::json& object, const std::string& key);
// These return what to take where the object has no such key.
std::string text_member_or(const nlohmann::json& object, const std::string& key, const std::string& otherwise);
nlohmann::json list_member_or_none(const nlohmann::json& object, const std::string& key);

// Returns the row of a table whose member `name` this is. Throws DataError, with all names, where there is none. `what`
// is for the message.
template <class Rows>
const auto& row_named(const Rows& rows, const std::string& name, const std::string& what) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  const auto found = std::ranges::find_if(rows, [&](const auto& row) { return row.name == name; });
  REVUNET_EXPECTS(found != rows.end(), DataError, "expected {} for {}, got {}{}", alternatives(names), what,
                  excerpt(name), did_you_mean(similar(name, names)));
  return *found;
}

// Returns the words of nlohmann's exceptions, without their number and cut to a reasonable length.
std::string reason_of(const nlohmann::json::exception& e);

// Runs f and puts "[place] " before what it throws: f takes values out of JSON and does not know the file.
template <class F>
auto at_place(const std::string& place, F f) -> decltype(f()) {
  try {
    return f();
  } catch (const DataError& e) {
    throw DataError(fmt::format("[{}] {}", place, e.what()));
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("[{}] expected other values, got: {}", place, reason_of(e)));
  }
}

}  // namespace revunet::io
