// This file reads TOML: any file as JSON, and files of settings without sections as the texts that a command line would
// have. It writes strings of TOML.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace revunet::io {

// Reads any TOML, as JSON: tables are objects, whose keys are sorted, and arrays keep their order. Throws DataError,
// with the line, for a file that cannot be read or is no TOML, and for dates, times, NaN and infinity.
nlohmann::json read_toml_file(const std::filesystem::path& path);

struct TomlSetting {
  std::string key, value;  // the value as on a command line: a list is numbers or words separated by commas
  int64_t line;
};

// Returns a text such as "FILE, line 3: lr", for messages.
std::string place_of(const TomlSetting& setting, const std::string& file);

// Returns the settings in the order of the file. Throws DataError, with the line, for a file that cannot be read or is
// no TOML, and UsageError for a section and for a value that has no such form.
std::vector<TomlSetting> read_toml_settings(const std::filesystem::path& path);
// Does the same for a text. Messages call it `file`.
std::vector<TomlSetting> parse_toml_settings(const std::string& text, const std::string& file);

// Returns the TOML string, in quotes, for `text`, which is UTF-8.
std::string toml_string(std::string_view text);
// Returns `text` as it is if it is a number, true or false. Puts it in quotes where TOML has no such number: its
// integers end at 2^63 - 1.
std::string toml_number(std::string_view text);

}  // namespace revunet::io
