// An OptionValue is what an option sets: a variable of the program, read from text and written as text.
//
// Rule: the command line, TOML files and protocols all give texts, which are read here and nowhere else. A text that a
// value writes is one that it reads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/nifti/volume_size.h"

namespace revunet::tools {

inline constexpr int64_t kMostCounted = 1'000'000'000;  // steps, epochs, cases: their products do not overflow
inline constexpr double kMostVolume = 1e9;              // mm^3: a cube of a metre

struct OptionValue {
  enum class Form { text, number, flag };  // as TOML writes it

  std::string kind = "";  // for --help: INT, FLOAT, TEXT, BYTES or {a,b}
  Form form = Form::text;
  // Throws UsageError for a text that is no value. `name` is the option as messages name it, such as "--lr".
  std::function<void(const std::string& name, const std::string& text)> set;
  std::function<std::string()> text;  // empty where nothing is set
  bool many = false;                  // whether it may be given several times, each text being added to those before
};

// Numbers lie between bounds, which are included unless `above` or `below` says otherwise. NaN is in no range.
struct Range {
  double least, most;
  bool above = false;  // least itself is not allowed
  bool below = false;  // most itself is not allowed
};

OptionValue whole_number(int64_t& value, int64_t least, int64_t most);
OptionValue whole_number(int& value, int least, int most);
OptionValue whole_number(std::optional<int64_t>& value, int64_t least, int64_t most);
OptionValue seed_number(uint64_t& value);  // any number of 64 bits
OptionValue number(double& value, Range range);
OptionValue number(std::optional<double>& value, Range range);
OptionValue number_pair(double& first, double& second);        // "0.9,1.1"
OptionValue numbers(std::vector<double>& value, Range range);  // "0.5,1,2", each once
OptionValue flag(bool& value);
OptionValue words(std::string& value);
OptionValue path(std::filesystem::path& value);
OptionValue path_from_root(std::filesystem::path& value);  // absolute, so that it is the same wherever a run goes on
OptionValue paths(std::vector<std::filesystem::path>& value);
OptionValue name_list(std::vector<std::string>& value);                         // "flair,t1ce"
OptionValue list(std::vector<int64_t>& value, std::string word_for_none = "");  // "4,8,16"
OptionValue axes(std::array<bool, 3>& value);                                   // "x,y", or none
OptionValue size(io::VolumeSize& value);                                        // "160,192,160"
OptionValue size_or(std::optional<io::VolumeSize>& value, std::string word_for_none);
OptionValue bytes(std::optional<size_t>& value);  // "8GiB", as io::parse_bytes; 0 and none are the same
OptionValue bytes(size_t& value);

// The value is one of several words. Any other word is refused, with the word that may have been meant.
OptionValue word_of(std::vector<std::string> choices, std::function<void(const std::string&)> set,
                    std::function<std::string()> text);

// The value is one of several words, each of which stands for a value.
template <class Value>
OptionValue choice(Value& value, std::vector<std::pair<std::string, Value>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, meaning] : choices) names.push_back(name);
  return word_of(
      names,
      [&value, choices](const std::string& text) {
        for (const auto& [name, meaning] : choices) {
          if (name == text) value = meaning;
        }
      },
      [&value, choices]() -> std::string {
        for (const auto& [name, meaning] : choices) {
          if (meaning == value) return name;
        }
        return "";
      });
}

}  // namespace revunet::tools
