#include "tools/common/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "io/printable.h"
#include "tools/common/standard_streams.h"
#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

constexpr size_t kFewestOfName = 4;  // characters; less of a name tells nothing

// In UTF-8, where later bytes of a character are marked.
bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// A terminal that cannot erase would show every line that was ever drawn.
bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && !(kind && std::string_view(kind) == "dumb");
}

// Of the terminal; 80 where it does not say.
size_t columns_of_terminal() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

TerminalLine::TerminalLine() : on_terminal_(verbosity() == Verbosity::normal && is_terminal()) {}

size_t TerminalLine::columns() const {
  return columns_of_terminal() - 1;
}

// Returns to the line's start and erases to its end (ECMA-48 EL).
void TerminalLine::draw(const std::string& text) {
  if (!on_terminal_) return;
  draw_on_terminal("\r\x1b[K" + first_characters(io::printable_line(text), columns()));
  shown_ = true;
}

void TerminalLine::clear() {
  if (!shown_) return;
  draw("");
  shown_ = false;
}

void ProgressLine::show(int64_t done, const std::string& name) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  line_.draw(progress_text(things_, done, count_, name, elapsed.count(), line_.columns()));
}

std::string progress_text(const std::string& things, int64_t done, int64_t count, const std::string& name,
                          double elapsed, size_t columns) {
  const std::string head = fmt::format("{}/{} {}", done, count, things);
  std::string left;
  if (done > 0 && done < count) {
    const double seconds = elapsed / static_cast<double>(done) * static_cast<double>(count - done);
    left = fmt::format("{} left for all {}", approximate_duration(seconds), count);
  }
  std::string time = format_duration(elapsed) + (left.empty() ? "" : ", " + left);
  const auto needed = [&] { return head.size() + 2 + (name.empty() ? 0 : count_characters(name) + 2) + time.size(); };
  if (needed() > columns) time = left;
  const size_t others = head.size() + 2 + (time.empty() ? 0 : time.size() + 2);
  const size_t room = columns > others ? columns - others : 0;
  std::string text = head;
  if (!name.empty() && room >= kFewestOfName) text += "  " + first_characters(name, room);
  return time.empty() ? text : text + "  " + time;
}

std::string format_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string approximate_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  const auto minutes = static_cast<int64_t>(std::lround(seconds / 60)), hours = (minutes + 30) / 60;
  if (s < 60) return fmt::format("{} s", s);
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

size_t count_characters(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, begins_character));
}

std::string first_characters(const std::string& text, size_t columns) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && ++characters > columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace revunet::tools
