#include "tools/common/help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "io/text/parse_number.h"

namespace revunet::tools {

namespace {

constexpr size_t kFewestColumns = 40;  // on narrower terminals, the terminal cuts lines
constexpr size_t kColumnsForTwo = 72;  // from here on, options and their meanings stand next to each other
constexpr size_t kMeaningColumn = 30;  // for meanings that stand next to their options
constexpr size_t kMeaningIndent = 6;   // for meanings that stand below
constexpr size_t kOptionIndent = 2;

// Returns where to break text of more than `columns` characters: after a space or, in a long list, after a comma.
size_t break_of(std::string_view text, size_t columns) {
  if (const size_t space = text.rfind(' ', columns); space != text.npos && space > 0) return space;
  if (const size_t comma = text.rfind(',', columns - 1); comma != text.npos) return comma + 1;
  return std::min(text.find(' '), text.size());
}

// Returns `text` in lines of at most `columns` characters. The first line begins at column `begin`, the others after
// `indent` spaces. Line breaks of the text stay.
std::string wrapped(const std::string& text, size_t columns, size_t indent, size_t begin) {
  std::string result;
  std::istringstream paragraphs(text);
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::string_view rest = paragraph;
    if (!result.empty()) {
      result += std::string(indent, ' ');
      begin = indent;
    }
    while (rest.size() > columns - begin) {
      const size_t end = break_of(rest, columns - begin);
      result += std::string(rest.substr(0, end)) + "\n";
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', end), rest.size()));
      begin = indent;
      if (rest.empty()) break;
      result += std::string(indent, ' ');
    }
    if (!rest.empty()) result += std::string(rest) + "\n";
  }
  return result;
}

std::string wrapped(const std::string& text, size_t columns, size_t indent) {
  return std::string(indent, ' ') + wrapped(text, columns, indent, indent);
}

// Breaks a command line into lines that a shell reads as one.
std::string wrapped_command(const std::string& command, size_t columns) {
  const std::string lines =
      std::string(kOptionIndent, ' ') + wrapped(command, columns - 2, kMeaningIndent, kOptionIndent);
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\n' && i + 1 < lines.size()) text += " \\";
    text += lines[i];
  }
  return text;
}

// Returns a name with its meaning next to it, or below it where there is no room.
std::string entry(const std::string& name, const std::string& meaning, size_t columns) {
  std::string text = std::string(kOptionIndent, ' ') + wrapped(name, columns, kMeaningIndent, kOptionIndent);
  const bool beside = columns >= kColumnsForTwo;
  const size_t column = beside ? kMeaningColumn : kMeaningIndent;
  if (!beside || kOptionIndent + name.size() + 2 > column) return text + wrapped(meaning, columns, column);
  text.back() = ' ';  // this was a line break
  text.resize(column, ' ');
  return text + wrapped(meaning, columns, column, column);
}

// Returns what an option takes: "{none,paper}" where the choices are known, otherwise the kind of value.
std::string value_kind(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t colon = type.find(':');
  if (colon == type.npos) return type;
  return type[colon + 1] == '{' ? type.substr(colon + 1) : type.substr(0, colon);
}

// Returns a text such as "--lr FLOAT=0.0001".
std::string heading(const CLI::Option& option) {
  std::string text = option.get_positional() ? option.get_name(true, false) : option.get_name(false, true);
  if (const size_t brace = text.find('{'); brace != text.npos) text.resize(brace);  // removes the opposite's value
  if (option.get_type_size() == 0) return text;
  if (!option.get_positional() && !value_kind(option).empty()) text += " " + value_kind(option);
  if (!option.get_default_str().empty()) text += "=" + option.get_default_str();
  if (option.get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
  return text;
}

std::string meaning(const CLI::Option& option) {
  std::string text = option.get_description();
  if (option.get_required()) text += " (required)";
  for (const CLI::Option* other : option.get_needs()) text += fmt::format(" (only with {})", other->get_name());
  return text;
}

class HelpFormatter : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(Help help) : help_(std::move(help)) {}

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override {
    const size_t columns = columns_of_output();
    std::string text = wrapped(app->get_description(), columns, 0);
    if (!help_.examples.empty()) text += "\nExamples:\n";
    for (const Example& e : help_.examples) {
      text += wrapped_command(e.command, columns) + wrapped(e.effect, columns, kMeaningIndent + 2);
    }
    text += "\n" + wrapped(usage(*app, name), columns, 4, 0);
    for (const auto& [title, options] : groups(*app)) {
      text += fmt::format("\n{}:\n", title);
      for (const CLI::Option* o : options) text += entry(heading(*o), meaning(*o), columns);
    }
    const auto subcommands = app->get_subcommands([](const CLI::App*) { return true; });
    if (!subcommands.empty()) text += "\nSubcommands:\n";
    for (const CLI::App* s : subcommands) text += entry(s->get_name(), s->get_description(), columns);
    if (help_.details.empty()) return text;
    return text + "\nDetails:\n" + wrapped(help_.details, columns, kOptionIndent);
  }

 private:
  using Group = std::pair<std::string, std::vector<const CLI::Option*>>;

  // Shows what must be given, by name.
  static std::string usage(const CLI::App& app, const std::string& name) {
    std::string text = "Usage: " + name;
    for (const CLI::Option* o : app.get_options()) {
      if (!o->get_required()) continue;
      text += o->get_positional() ? " " + o->get_name(true) : fmt::format(" {} {}", o->get_name(), value_kind(*o));
      if (o->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
    }
    text += " [OPTIONS]";
    return app.get_subcommands([](const CLI::App*) { return true; }).empty() ? text : text + " SUBCOMMAND";
  }

  bool is_most_used(const CLI::Option* option) const {
    return std::ranges::find(help_.most_used, option->get_name()) != help_.most_used.end();
  }

  // Returns positionals, the most used, the others under their headings, and last those without a heading.
  std::vector<Group> groups(const CLI::App& app) const {
    std::vector<Group> result;
    const auto add = [&](const std::string& title, std::vector<const CLI::Option*> options) {
      if (!options.empty()) result.emplace_back(title, std::move(options));
    };
    add("Arguments", app.get_options([](const CLI::Option* o) { return o->get_positional(); }));
    std::vector<const CLI::Option*> most_used;
    for (const std::string& name : help_.most_used) most_used.push_back(app.get_option(name));
    add("Most used", most_used);
    std::vector<std::string> titles = app.get_groups();
    std::ranges::stable_partition(titles, [](const std::string& title) { return title != "Options"; });
    for (const std::string& title : titles) {
      if (title.empty()) continue;  // skips hidden options
      std::vector<const CLI::Option*> options = app.get_options(
          [&](const CLI::Option* o) { return o->nonpositional() && o->get_group() == title && !is_most_used(o); });
      std::ranges::stable_partition(options, [&](const CLI::Option* o) { return o != app.get_help_ptr(); });
      add(most_used.empty() || title != "Options" ? title : "Others", std::move(options));
    }
    return result;
  }

  Help help_;
};

}  // namespace

void set_help(CLI::App& app, Help help) {
  app.formatter(std::make_shared<HelpFormatter>(std::move(help)));
  app.set_help_flag("-h,--help", "show this help and end");
}

size_t columns_of_output() {
  const char* given = std::getenv("COLUMNS");
  size_t columns = io::parse_number<size_t>(given ? given : "").value_or(0);
  winsize size{};
  if (columns == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  return columns == 0 ? 80 : std::max(columns, kFewestColumns);
}

}  // namespace revunet::tools
