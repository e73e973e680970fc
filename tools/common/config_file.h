// Options in a TOML file: `lr = 1e-4` is --lr 1e-4, and `size = [32, 32, 32]` is --size 32,32,32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace revunet::tools {

class ConfigFile {
 public:
  struct Entry {
    std::string key, value;  // the value as it would be typed on the command line
    int64_t line;
    bool applied = false;
  };

  // DataError, with the line, for a file that cannot be read or is no TOML.
  explicit ConfigFile(std::filesystem::path path);

  // Sets the options of `app`, which has parsed, that the command line did not. UsageError, with the line, for a key
  // that is no option and for a value that its option does not take.
  void apply(CLI::App& app);

  // A message that begins with the names of options in brackets, followed by the lines that set them, if any did.
  std::string with_lines(const std::string& message) const;

  // In the order of the file.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::string place(const Entry& entry) const;

  std::filesystem::path path_;
  std::vector<Entry> entries_;
};

// A string of TOML, in quotes, that stands for `text`, which is UTF-8.
std::string toml_string(std::string_view text);

}  // namespace revunet::tools
