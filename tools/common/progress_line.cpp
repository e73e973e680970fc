#include "tools/common/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "io/text/durations.h"
#include "io/text/printable.h"
#include "io/text/utf8.h"
#include "tools/common/standard_streams.h"
#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

constexpr size_t kFewestOfName = 4;  // characters; a shorter part of a name is not recognisable

// A terminal that cannot erase would show every line that was ever drawn.
bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && !(kind && std::string_view(kind) == "dumb");
}

// Returns the terminal's width, or 80 where it does not say.
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
  draw_on_terminal("\r\x1b[K" + io::first_characters(io::printable_line(text), columns()));
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
    left = fmt::format("{} left for all {}", io::approximate_duration(seconds), count);
  }
  std::string time = io::format_duration(elapsed) + (left.empty() ? "" : ", " + left);
  const auto needed = [&] {
    return head.size() + 2 + (name.empty() ? 0 : io::count_characters(name) + 2) + time.size();
  };
  if (needed() > columns) time = left;
  const size_t others = head.size() + 2 + (time.empty() ? 0 : time.size() + 2);
  const size_t room = columns > others ? columns - others : 0;
  std::string text = head;
  if (!name.empty() && room >= kFewestOfName) text += "  " + io::first_characters(name, room);
  return time.empty() ? text : text + "  " + time;
}

io::OnProgress progress_on_terminal() {
  return [line = std::shared_ptr<ProgressLine>()](const char* things, int64_t done, int64_t count) mutable {
    if (!line) line = std::make_shared<ProgressLine>(things, count);
    line->show(done);
    if (done == count) line.reset();
  };
}

}  // namespace revunet::tools
