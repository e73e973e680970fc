// How far a tool is, for a person who waits: a line on the terminal's last row that redraws itself. Where stderr is no
// terminal (a file, a pipe, TERM=dumb), and with -q or -v, nothing is written.
//
// Rule: clear() before any other line is printed, or the two run together.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "io/progress/parallel.h"

namespace revunet::tools {

// A row that is drawn over. Not safe to call from several threads at once.
class TerminalLine {
 public:
  TerminalLine();
  ~TerminalLine() { clear(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  bool on_terminal() const { return on_terminal_; }
  // What fits: the terminal's width, less the last column, at which some terminals wrap.
  size_t columns() const;
  // In place of what is there; cut to the terminal's width, as a line that wraps could not be drawn over.
  void draw(const std::string& text);
  void clear();

 private:
  bool on_terminal_, shown_ = false;
};

// A line about `count` things, such as cases: "3/20 cases  BraTS2021_00017  1:02, 6 min left for all 20".
class ProgressLine {
 public:
  ProgressLine(std::string things, int64_t count) : things_(std::move(things)), count_(count) {}

  // done: how many are finished, 0 before the first; name: what is being worked on, or was finished last; may be empty.
  void show(int64_t done, const std::string& name = "");
  void clear() { line_.clear(); }

 private:
  std::string things_;
  int64_t count_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  TerminalLine line_;
};

// The text of a ProgressLine after `elapsed` seconds, in `columns`: where they are few, the time taken is left out,
// then the name is cut, and the time left stays. That is at the mean pace so far; nothing is said of it before the
// first is done and once all are.
std::string progress_text(const std::string& things, int64_t done, int64_t count, const std::string& name,
                          double elapsed, size_t columns);

// Draws a ProgressLine for what a library is at, and removes it when all is done. For one thread at a time.
io::OnProgress progress_on_terminal();

}  // namespace revunet::tools
