#include "io/files/json_file.h"

#include <algorithm>
#include <set>
#include <vector>

#include "io/files/input_file.h"

namespace revunet::io {
namespace {

using nlohmann::json;

constexpr int max_depth = 32;  // our own files need 6; copying and printing a value recurse

// Returns how deep a text is nested, as far as it is JSON.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// Refuses a second value under one key, because some readers take the first and others the last.
class DistinctKeys {
 public:
  template <class Json>
  bool operator()(int, json::parse_event_t event, const Json& value) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key) {
      REVUNET_EXPECTS(open_.back().insert(value.template get<std::string>()).second, DataError,
                      "expected each key of an object once, got {} twice; remove one of them",
                      excerpt(std::string_view(value.dump())));
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> open_;  // keys of each object that has not ended
};

template <class Json>
Json parsed(std::string_view text, const typename Json::parser_callback_t& on_event) {
  REVUNET_EXPECTS(depth_of(text) <= max_depth, DataError,
                  "expected JSON nested at most {} deep, got more; check that it is the right file", max_depth);
  try {
    return Json::parse(text, on_event);
  } catch (const json::exception& e) {
    throw DataError(fmt::format("expected JSON, got: {}; check that the file is whole", reason_of(e)));
  }
}

template <class Json>
Json parsed_file(const std::filesystem::path& path) {
  const std::string text = read_whole_file(path);
  return at_place(path.string(), [&] { return parsed<Json>(text, DistinctKeys()); });
}

}  // namespace

std::string reason_of(const json::exception& e) {
  const std::string_view words = e.what();
  const size_t number = words.find("] ");  // of "[json.exception.type_error.302] "
  return excerpt(words.substr(number == std::string_view::npos ? 0 : number + 2));
}

json parse_json(std::string_view text) {
  return parsed<json>(text, nullptr);
}

json read_json_file(const std::filesystem::path& path) {
  return parsed_file<json>(path);
}

nlohmann::ordered_json read_ordered_json_file(const std::filesystem::path& path) {
  return parsed_file<nlohmann::ordered_json>(path);
}

const json& member(const json& object, std::string_view key) {
  REVUNET_EXPECTS(object.is_object(), DataError, "expected an object with '{}', got {}", key, excerpt(object));
  const auto found = object.find(key);
  REVUNET_EXPECTS(found != object.end(), DataError, "expected '{}', got none", key);
  return *found;
}

int64_t integer_of(const json& value, const std::string& name, int64_t least, int64_t most) {
  // Unsigned numbers beyond int64_t would be compared as negative ones.
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()}
                                               : value.is_number_integer();
  REVUNET_EXPECTS(fits && value.get<int64_t>() >= least && value.get<int64_t>() <= most, DataError,
                  "expected a whole number from {} to {} for {}, got {}", least, most, name, excerpt(value));
  return value.get<int64_t>();
}

double number_of(const json& value, const std::string& name) {
  REVUNET_EXPECTS(value.is_number(), DataError, "expected a number for {}, got {}", name, excerpt(value));
  return value.get<double>();
}

std::string text_of(const json& value, const std::string& name) {
  REVUNET_EXPECTS(value.is_string(), DataError, "expected a text for {}, got {}", name, excerpt(value));
  return value.get<std::string>();
}

const json& list_member(const json& object, const std::string& key) {
  const json& list = member(object, key);
  REVUNET_EXPECTS(list.is_array(), DataError, "expected a list of {}, got {}", key, excerpt(list));
  return list;
}

std::string text_member_or(const json& object, const std::string& key, const std::string& otherwise) {
  return object.contains(key) ? text_member(object, key) : otherwise;
}

json list_member_or_none(const json& object, const std::string& key) {
  return object.contains(key) ? list_member(object, key) : json::array();
}

}  // namespace revunet::io
