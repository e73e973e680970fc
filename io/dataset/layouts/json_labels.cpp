#include "io/dataset/layouts/json_labels.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/text/parse_number.h"

namespace revunet::io {

namespace fs = std::filesystem;
using nlohmann::json;

int64_t number_in(const json& value, const std::string& what, const fs::path& path) {
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()}
                                               : value.is_number_integer();
  if (fits) return value.get<int64_t>();
  const auto number = value.is_string() ? parse_number<int64_t>(value.get<std::string>()) : std::nullopt;
  REVUNET_EXPECTS(number, DataError, "[{}] expected a whole number for {}, got {}; fix the file", path.string(),
                  excerpt(what), excerpt(value));
  return *number;
}

uint8_t label_in(const json& value, const std::string& what, const fs::path& path) {
  const int64_t number = number_in(value, what, path);
  REVUNET_EXPECTS(number >= 0 && number <= 255, DataError,
                  "[{}] expected labels of 0 to 255, got {} for {}; fix the number", path.string(), number,
                  excerpt(what));
  return static_cast<uint8_t>(number);
}

std::vector<NamedValues> named_values(const nlohmann::ordered_json& labels, const fs::path& path) {
  REVUNET_EXPECTS(labels.is_object() && !labels.empty(), DataError,
                  "[{}] expected \"labels\" with a name for each number, got {}; fix the file, or pass `labels`",
                  path.string(), excerpt(json(labels)));
  std::vector<NamedValues> result;
  for (const auto& [key, ordered] : labels.items()) {
    const json value = ordered;
    const bool number_first =
        value.is_string() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    REVUNET_EXPECTS(!value.is_array() || !value.empty(), DataError,
                    "[{}] expected numbers for the label {}, got an empty list; fix the file", path.string(), key);
    NamedValues named{number_first ? value.get<std::string>() : key, {}, value.is_array() && value.size() > 1};
    const json numbers = number_first ? json::array({key}) : value.is_array() ? value : json::array({value});
    for (const json& item : numbers) named.values.insert(label_in(item, named.name, path));
    result.push_back(std::move(named));
  }
  return result;
}

}  // namespace revunet::io
