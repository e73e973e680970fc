// Options in a TOML file: `lr = 1e-4` is --lr 1e-4, and `size = [32, 32, 32]` is --size 32,32,32.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "io/files/toml_file.h"

namespace revunet::tools {

class ConfigFile {
 public:
  struct Entry : io::TomlSetting {
    bool applied = false;
  };

  // As io::read_toml_settings.
  explicit ConfigFile(std::filesystem::path path);

  // Sets the options of `app`, which has parsed, that the command line did not. UsageError, with the line, for a key
  // that is no option and for a value that its option does not take.
  void apply(CLI::App& app);

  // A message that begins with the names of options in brackets, followed by the lines that set them, if any did.
  std::string with_lines(const std::string& message) const;

 private:
  std::string place(const Entry& entry) const;

  std::filesystem::path path_;
  std::vector<Entry> entries_;
};

}  // namespace revunet::tools
