#include "models/training/run_folder/run_start.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <sstream>
#include <string_view>

#include <fmt/ranges.h>

#include "engine/process/host_name.h"

namespace revunet {

namespace {

// Returns a word as a shell takes it, on one line.
std::string quoted(std::string word) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_./,=:@%+-", c); };
  std::ranges::replace_if(
      word, [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }, '?');
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

// Words takes a line apart from its front.
class Words {
 public:
  explicit Words(std::string_view line) : left_(line) {}

  // Removes and returns what comes before `end`, and removes `end` too. Without `end` it returns everything.
  std::string up_to(std::string_view end) {
    const size_t at = std::min(left_.find(end), left_.size());
    const std::string words(left_.substr(0, at));
    left_.remove_prefix(std::min(at + end.size(), left_.size()));
    return words;
  }
  std::string left() const { return std::string(left_); }

 private:
  std::string_view left_;
};

}  // namespace

RunStart this_start(const std::string& program, const std::vector<std::string>& words, bool resumed,
                    const std::string& labels) {
  std::vector<std::string> command;
  for (const std::string& word : words) command.push_back(quoted(word));
  return {.resumed = resumed,
          .host = host_name(),
          .program = program,
          .labels = labels,
          .command = fmt::format("{}", fmt::join(command, " ")),
          .date = {}};
}

std::string describe(const RunStart& s) {
  return fmt::format("{} on {} by {}, labels {}: {}", s.resumed ? "resumed" : "started", s.host, s.program, s.labels,
                     s.command);
}

std::vector<RunStart> starts_in(const std::string& train_log) {
  std::vector<RunStart> starts;
  std::istringstream lines(train_log);
  for (std::string line; std::getline(lines, line);) {
    Words rest(line);
    RunStart start;
    start.date = rest.up_to(" ");
    start.date += " " + rest.up_to(" ");
    const std::string verb = rest.up_to(" on ");
    if (verb != "started" && verb != "resumed") continue;
    start.resumed = verb == "resumed";
    start.host = rest.up_to(" by ");
    start.program = rest.up_to(", labels ");
    start.labels = rest.up_to(": ");
    start.command = rest.left();
    if (!start.command.empty()) starts.push_back(std::move(start));
  }
  return starts;
}

}  // namespace revunet
