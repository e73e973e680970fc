// An OptionTable has the options of a program, one row each. The command line, TOML files, --help, docs/tools/,
// refusals of options without effect and a run's config.toml are all made from it.
//
// Rule: a value comes from the command line, otherwise from the first file that has it, otherwise it is the program's
// default.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/files/toml_file.h"
#include "tools/common/option_value.h"

namespace CLI {
class App;
}

namespace revunet::tools {

enum class InFiles {
  kept,  // a TOML file may set it, and a run's config.toml keeps it
  read,  // a TOML file may set it
  no,    // only the command line may set it
};

// A FlagBefore is a flag of earlier versions in place of which an option takes words. It is still accepted, and in
// files its opposite no-NAME too.
struct FlagBefore {
  std::string name, on, off;  // the option's texts where the flag is true and false
};

struct Option {
  std::string name;  // --name, and its key in TOML; the name of an argument without dashes where it is positional
  OptionValue value;
  std::string help;
  std::string short_name = {};                 // "q" for -q
  std::vector<std::string> names_before = {};  // names in earlier versions, which are still accepted
  FlagBefore flag_before = {};
  // `needs` names an option that must be on for this one to have an effect, and options that must be off. An option is
  // off where its value is none, full, 0, false or empty.
  std::string needs = {};
  std::vector<std::string> idle_with = {};
  std::string on = {};  // values with which options that need this one have an effect, for messages: "paper or strong"
  std::function<bool()> is_on = {};  // whether it is on, where its text does not say so
  InFiles in_files = InFiles::kept;
  bool of_new_runs = false;  // a run that is resumed has decided it already
  bool required = false, positional = false;
};

struct OptionGroup {
  std::string title;  // the heading in --help
  std::vector<Option> options;
};

class OptionTable {
 public:
  // The variables that the options set outlive this object.
  explicit OptionTable(std::vector<OptionGroup> groups);
  OptionTable(const OptionTable&) = delete;  // a parser's callbacks point to it
  OptionTable& operator=(const OptionTable&) = delete;

  // Declares the options on `app`, which sets their values once it has parsed the whole command line. This object
  // outlives `app`.
  void declare(CLI::App& app);

  // Sets what was not given before. Throws UsageError, with the line, for a key that is no option and for a value that
  // its option does not take. `source` names the file in messages.
  void take(const std::vector<io::TomlSetting>& settings, const std::string& source);
  // Sets one option, unless it was given before as something else than auto, which leaves it to the program.
  void take_default(const std::string& name, const std::string& text);

  // given() returns whether the command line or a file has set an option, and typed() whether the command line did.
  // is_open() returns whether neither set it, or what they set is auto.
  bool given(const std::string& name) const;
  bool is_open(const std::string& name) const;
  bool typed(const std::string& name) const;
  std::string text(const std::string& name) const;

  // Throws UsageError for an option on the command line that has no effect, because whoever types one expects something
  // of it. Files may hold options that another option makes idle.
  void expect_effect() const;
  // Throws UsageError for an option on the command line that a run which goes on has decided. `resumed` is that run.
  void expect_undecided(const std::string& resumed) const;

  // Returns the options that have an effect, as TOML, which take() reads back. Throws UsageError for texts that are not
  // in UTF-8.
  std::string to_toml() const;

  // Returns a message whose first brackets name options, followed by the lines of the files that set them.
  std::string with_lines(const std::string& message) const;

 private:
  struct Source {
    std::string file;  // empty: set on the command line
    int64_t line = 0;
    std::string text;
  };
  const Option& find(const std::string& name) const;
  // Returns the option that a file sets, and the text that it is set to, which differs from the setting's value where
  // its key is the opposite of a flag or a flag of earlier versions. Returns nullptr where there is no such option.
  // Throws UsageError where a flag of earlier versions is neither true nor false. `source` names the file in messages.
  const Option* of_setting(const io::TomlSetting& setting, const std::string& source, std::string& text) const;
  void declare(CLI::App& app, const Option& option, const std::string& group);
  void set_typed();
  bool is_on(const std::string& name) const;
  bool has_effect(const Option& option) const;
  std::string needed_by(const Option& option) const;
  std::string what_it_needs(const Option& option) const;
  std::string meaning(const Option& option) const;

  std::vector<OptionGroup> groups_;
  std::vector<std::pair<const Option*, std::string>> typed_;  // texts of the command line, in order
  std::map<std::string, Source> given_;
};

}  // namespace revunet::tools
