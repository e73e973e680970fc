// TOML files of settings without sections: read as the texts that a command line would have, and the strings to write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace revunet::io {

struct TomlSetting {
  std::string key, value;  // the value as a command line has it: lists are numbers or words with commas between
  int64_t line;
};

// "FILE, line 3: lr", for messages.
std::string place_of(const TomlSetting& setting, const std::string& file);

// In the order of the file. DataError, with the line, for a file that cannot be read or is no TOML; UsageError for a
// section and for a value that has no such form.
std::vector<TomlSetting> read_toml_settings(const std::filesystem::path& path);
// The same of a text that `file` names in messages.
std::vector<TomlSetting> parse_toml_settings(const std::string& text, const std::string& file);

// The string of TOML, in quotes, that stands for `text`, which is UTF-8.
std::string toml_string(std::string_view text);
// The number, true or false that `text` is; in quotes where TOML, whose integers end at 2^63 - 1, has no such number.
std::string toml_number(std::string_view text);

}  // namespace revunet::io
