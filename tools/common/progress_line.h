// A progress line shows how far a tool is: it is the terminal's last row, and redraws itself. Where stderr is no
// terminal (a file, a pipe, TERM=dumb), and with -q or -v, nothing is written.
//
// Rule: call clear() before any other line is printed, or the two run together.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "io/progress/parallel.h"

namespace revunet::tools {

// A TerminalLine is a row that is drawn over. It is not safe to call from several threads at once.
class TerminalLine {
 public:
  TerminalLine();
  ~TerminalLine() { clear(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  bool on_terminal() const { return on_terminal_; }
  // Returns what fits: the terminal's width without the last column, at which some terminals wrap.
  size_t columns() const;
  // Replaces the line. The text is cut to the terminal's width, because a line that wraps could not be drawn over.
  void draw(const std::string& text);
  void clear();

 private:
  bool on_terminal_, shown_ = false;
};

// The line is about `count` things, such as cases: "3/20 cases  BraTS2021_00017  1:02, 6 min left for all 20".
class ProgressLine {
 public:
  ProgressLine(std::string things, int64_t count) : things_(std::move(things)), count_(count) {}

  // done says how many are finished, and is 0 before the first. name is what is being worked on, or was finished last.
  // It may be empty.
  void show(int64_t done, const std::string& name = "");
  void clear() { line_.clear(); }

 private:
  std::string things_;
  int64_t count_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  TerminalLine line_;
};

// Returns the text of a ProgressLine after `elapsed` seconds, in `columns`. Where there is little room, the time taken
// is left out, then the name is cut, and the time left stays. The time left follows from the mean pace so far. It is
// not shown before the first thing is done, nor once all are.
std::string progress_text(const std::string& things, int64_t done, int64_t count, const std::string& name,
                          double elapsed, size_t columns);

// Draws a ProgressLine for what a library is doing, and removes it when all is done. Only one thread may use it at a
// time.
io::OnProgress progress_on_terminal();

}  // namespace revunet::tools
