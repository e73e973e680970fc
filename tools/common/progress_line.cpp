#include "tools/common/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <string_view>

#include "io/printable.h"
#include "tools/common/standard_streams.h"

namespace revunet::tools {

namespace {

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

TerminalLine::TerminalLine() : on_terminal_(is_terminal()) {}

// Returns to the line's start and erases to its end (ECMA-48 EL). The last column stays free: some terminals wrap
// there.
void TerminalLine::draw(const std::string& text) {
  if (!on_terminal_) return;
  draw_on_terminal("\r\x1b[K" + first_characters(io::printable_line(text), columns_of_terminal() - 1));
  shown_ = true;
}

void TerminalLine::clear() {
  if (!shown_) return;
  draw("");
  shown_ = false;
}

void ProgressLine::show(int64_t done, const std::string& name) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  line_.draw(progress_text(things_, done, count_, name, elapsed.count()));
}

std::string progress_text(const std::string& things, int64_t done, int64_t count, const std::string& name,
                          double elapsed) {
  std::string text = fmt::format("{}/{} {}  ", done, count, things);
  if (!name.empty()) text += name + "  ";
  text += format_duration(elapsed);
  if (done == 0 || done >= count) return text;
  const double left = elapsed / static_cast<double>(done) * static_cast<double>(count - done);
  return text + fmt::format(", {} left", format_duration(left));
}

std::string format_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string first_characters(const std::string& text, size_t columns) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;  // not a later byte of a character
    if (begins && ++characters > columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace revunet::tools
