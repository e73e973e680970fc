#include "tools/common/option_table.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "engine/error.h"
#include "io/text/similar_words.h"
#include "io/text/utf8.h"
#include "tools/common/flag_names.h"
#include "tools/common/option_spelling.h"

namespace revunet::tools {

namespace {

constexpr std::string_view kOpposite = "no-";

bool is_flag(const Option& option) {
  return option.value.form == OptionValue::Form::flag;
}

// Returns whether it is a flag that is on unless it is switched off.
bool has_opposite(const Option& option) {
  return is_flag(option) && option.value.text() == "true";
}

std::string as_typed(const Option& option) {
  return option.positional ? option.name : "--" + option.name;
}

std::string opposite_of(const std::string& truth) {
  return truth == "true" ? "false" : truth == "false" ? "true" : truth;
}

bool is_key_of(const FlagBefore& flag, const std::string& key) {
  return !flag.name.empty() && (key == flag.name || key == std::string(kOpposite) + flag.name);
}

// Returns the option's text for a setting of its flag of earlier versions, or of that flag's opposite.
std::string text_of(const FlagBefore& flag, const io::TomlSetting& setting, const std::string& source) {
  REVUNET_EXPECTS(setting.value == "true" || setting.value == "false", UsageError,
                  "[{}] expected true or false, got {}", io::place_of(setting, source), setting.value);
  const bool is_on = (setting.value == "true") == (setting.key == flag.name);
  return is_on ? flag.on : flag.off;
}

// Returns whether a name is in the text, and is not only a part of another one.
bool has_name(const std::string& text, const std::string& name) {
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end == text.size() || (text[end] != '-' && std::isalpha(static_cast<unsigned char>(text[end])) == 0))
      return true;
  }
  return false;
}

}  // namespace

OptionTable::OptionTable(std::vector<OptionGroup> groups) : groups_(std::move(groups)) {}

void OptionTable::declare(CLI::App& app) {
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) declare(app, option, group.title);
  }
  app.parse_complete_callback([this] { set_typed(); });
}

void OptionTable::declare(CLI::App& app, const Option& option, const std::string& group) {
  const std::string short_name = option.short_name.empty() ? "" : fmt::format("-{},", option.short_name);
  const std::string name = short_name + as_typed(option);
  const auto set = [this, &option](const std::string& text) { typed_.emplace_back(&option, text); };
  if (is_flag(option)) {
    const auto set_flag = [set](int64_t times) { set(times > 0 ? "true" : "false"); };
    const std::string opposite = has_opposite(option) ? fmt::format(",!--{}{}", kOpposite, option.name) : "";
    app.add_flag_function(name + opposite, set_flag, meaning(option))->group(group);
    return;
  }
  const CLI::callback_t set_texts = [set](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) set(text);
    return true;
  };
  CLI::Option* declared = app.add_option(name, set_texts, meaning(option));
  declared->type_name(option.value.kind)->default_str(option.value.text())->required(option.required)->group(group);
  declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);  // set_typed says how many are too many
  if (option.value.many) declared->expected(CLI::detail::expected_max_vector_size);
  for (const std::string& before : option.names_before) app.add_option("--" + before, set_texts)->group("");
  if (const FlagBefore& flag = option.flag_before; !flag.name.empty()) {
    app.add_flag_function("--" + flag.name, [set, flag](int64_t times) { set(times > 0 ? flag.on : flag.off); })
        ->group("");
  }
}

void OptionTable::set_typed() {
  for (const auto& [option, text] : typed_) {
    const auto [before, is_first] = given_.try_emplace(option->name, Source{.file = "", .line = 0, .text = text});
    REVUNET_EXPECTS(is_first || option->value.many, UsageError, "[{}] expected one value, got {} and {}; leave one out",
                    as_typed(*option), before->second.text, text);
    option->value.set(as_typed(*option), text);
  }
  typed_.clear();
}

const Option& OptionTable::find(const std::string& name) const {
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      if (option.name == name) return option;
    }
  }
  throw Error(fmt::format("[options] expected an option of this program, got {}; please report it", name));
}

const Option* OptionTable::of_setting(const io::TomlSetting& setting, const std::string& source,
                                      std::string& text) const {
  const std::string &key = setting.key, &value = setting.value;
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      if (option.in_files == InFiles::no) continue;
      if (key == option.name || std::ranges::find(option.names_before, key) != option.names_before.end()) {
        text = value;
      } else if (is_flag(option) && key == std::string(kOpposite) + option.name) {
        text = opposite_of(value);
      } else if (is_key_of(option.flag_before, key)) {
        text = text_of(option.flag_before, setting, source);
      } else {
        continue;
      }
      return &option;
    }
  }
  return nullptr;
}

void OptionTable::take(const std::vector<io::TomlSetting>& settings, const std::string& source) {
  std::map<std::string, const io::TomlSetting*> set_here;  // `x` and `no-x` are one option
  std::vector<std::string> keys;
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      if (option.in_files != InFiles::no) keys.push_back(option.name);
    }
  }
  for (const io::TomlSetting& setting : settings) {
    const std::string place = io::place_of(setting, source);
    std::string text;
    const Option* option = of_setting(setting, source, text);
    REVUNET_EXPECTS(option, UsageError, "[{}] expected the name of an option that a file can set, without dashes{}",
                    place, io::did_you_mean(similar_keys(setting.key, keys)));
    const auto [first, is_first] = set_here.try_emplace(option->name, &setting);
    REVUNET_EXPECTS(is_first, UsageError,
                    "[{}] expected an option once, got it as {} in line {} too; remove one of them", place,
                    first->second->key, first->second->line);
    if (given(option->name)) continue;
    given_[option->name] = {source, setting.line, text};
    try {
      option->value.set("--" + option->name, text);
    } catch (const UsageError& e) {
      throw UsageError(with_lines(e.what()));
    }
  }
}

void OptionTable::take_default(const std::string& name, const std::string& text) {
  if (!is_open(name)) return;
  find(name).value.set("--" + name, text);
}

bool OptionTable::given(const std::string& name) const {
  return given_.contains(name);
}

bool OptionTable::is_open(const std::string& name) const {
  return !given(name) || text(name) == "auto";
}

bool OptionTable::typed(const std::string& name) const {
  const auto found = given_.find(name);
  return found != given_.end() && found->second.file.empty();
}

std::string OptionTable::text(const std::string& name) const {
  return find(name).value.text();
}

bool OptionTable::is_on(const std::string& name) const {
  if (const Option& option = find(name); option.is_on) return option.is_on();
  constexpr std::array<std::string_view, 5> off = {"", "none", "full", "0", "false"};
  return std::ranges::find(off, text(name)) == off.end();
}

bool OptionTable::has_effect(const Option& option) const {
  return (option.needs.empty() || (is_on(option.needs) && has_effect(find(option.needs)))) &&
         std::ranges::none_of(option.idle_with, [&](const std::string& other) { return is_on(other); });
}

// Returns a text such as "--augment paper or strong".
std::string OptionTable::needed_by(const Option& option) const {
  const std::string on = find(option.needs).on;
  return fmt::format("--{}{}{}", option.needs, on.empty() ? "" : " ", on);
}

std::string OptionTable::what_it_needs(const Option& option) const {
  if (!option.needs.empty()) {
    const Option& needed = find(option.needs);
    return has_effect(needed) ? needed_by(option) : what_it_needs(needed);
  }
  return fmt::format("neither --{}", fmt::join(option.idle_with, " nor --"));
}

std::string OptionTable::meaning(const Option& option) const {
  return option.help + (option.needs.empty() ? "" : fmt::format(" (only with {})", needed_by(option)));
}

void OptionTable::expect_effect() const {
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      REVUNET_EXPECTS(!typed(option.name) || has_effect(option), UsageError,
                      "[--{0}] expected {1}; otherwise --{0} has no effect: change that or leave --{0} out",
                      option.name, what_it_needs(option));
    }
  }
}

void OptionTable::expect_undecided(const std::string& resumed) const {
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      REVUNET_EXPECTS(!typed(option.name) || !option.of_new_runs, UsageError,
                      "[--{}] expected a new run, got --resume {}, which sets this already; leave one of them out",
                      option.name, resumed);
    }
  }
}

std::string OptionTable::to_toml() const {
  std::string lines;
  for (const OptionGroup& group : groups_) {
    for (const Option& option : group.options) {
      const std::string text = option.value.text();
      if (option.in_files != InFiles::kept || text.empty() || !has_effect(option)) continue;
      REVUNET_EXPECTS(io::is_utf8(text), UsageError,
                      "[--{}] expected a text in UTF-8, as config.toml is, got {}; use another name or a link",
                      option.name, text);
      const bool quoted = option.value.form == OptionValue::Form::text;
      lines += fmt::format("{} = {}\n", option.name, quoted ? io::toml_string(text) : io::toml_number(text));
    }
  }
  return lines;
}

std::string OptionTable::with_lines(const std::string& message) const {
  std::string result = with_flags(message);
  const std::string names = result.starts_with('[') ? result.substr(0, result.find(']')) : "";
  for (const auto& [name, source] : given_) {
    if (source.file.empty() || !has_name(names, "--" + name)) continue;
    result += fmt::format("\n--{} is {} in {}, line {}", name, source.text, source.file, source.line);
  }
  return result;
}

}  // namespace revunet::tools
