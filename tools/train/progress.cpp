#include "tools/train/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace revunet::tools {

namespace {

constexpr int64_t kBarWidth = 24;           // characters
constexpr double kSmoothing = 0.1;          // share of the newest step in the mean step time
constexpr double kPlainLineSeconds = 30.0;  // between plain lines, so that a log file stays readable

}  // namespace

std::string format_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

Progress::Progress(int64_t total_steps)
    : terminal_(isatty(STDERR_FILENO) != 0),
      total_steps_(total_steps),
      last_plain_line_(std::chrono::steady_clock::now()) {}

void Progress::begin_epoch(int64_t epoch, int64_t epochs, int64_t steps) {
  epoch_ = epoch;
  epochs_ = epochs;
  steps_ = steps;
}

void Progress::step(int64_t step_of_epoch, double loss, double seconds) {
  ++done_;
  smoothed_seconds_ += (smoothed_seconds_ == 0 ? 1.0 : kSmoothing) * (seconds - smoothed_seconds_);
  const std::string state = fmt::format("epoch {}/{} step {}/{}  loss {:.4f}  {:.2f} s a step  {} left", epoch_,
                                        epochs_, step_of_epoch, steps_, loss, smoothed_seconds_,
                                        format_duration(smoothed_seconds_ * static_cast<double>(total_steps_ - done_)));
  if (terminal_) {
    const int64_t filled = kBarWidth * step_of_epoch / steps_;
    draw(fmt::format("[{:=<{}}{: <{}}] {}", "", filled, "", kBarWidth - filled, state));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (std::chrono::duration<double>(now - last_plain_line_).count() < kPlainLineSeconds) return;
  last_plain_line_ = now;
  spdlog::info(state);
}

void Progress::note(const std::string& what) {
  if (terminal_) draw(fmt::format("epoch {}/{}  {}", epoch_, epochs_, what));
}

void Progress::clear() {
  if (terminal_) draw("");
}

// Returns to the line's start and erases to its end (ECMA-48 EL).
void Progress::draw(const std::string& line) {
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
}

}  // namespace revunet::tools
