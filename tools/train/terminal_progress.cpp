#include "tools/train/terminal_progress.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/text/durations.h"

namespace revunet::tools {

namespace {

constexpr size_t kWidestBar = 24;    // characters, without its brackets
constexpr size_t kNarrowestBar = 4;  // characters; a narrower bar shows nothing
constexpr double kSmoothing = 0.1;   // weight of the newest sample in the mean time

// Returns the bar with a space after it, or an empty text where there is no room.
std::string bar(int64_t done, int64_t count, size_t room) {
  if (room < kNarrowestBar + 3) return {};
  const size_t width = std::min(kWidestBar, room - 3);
  const size_t filled = width * static_cast<size_t>(done) / static_cast<size_t>(count);
  return fmt::format("[{:=<{}}{: <{}}] ", "", filled, "", width - filled);
}

}  // namespace

std::string training_text(const TrainingProgress& p, size_t columns) {
  const std::string epoch = fmt::format("epoch {}/{}", p.epoch, p.epochs);
  const std::string sample = fmt::format(" sample {}/{}", p.sample, p.samples);
  const std::string loss = fmt::format("  loss {:.4f}", p.loss), pace = fmt::format("  {:.2f} s per sample", p.seconds);
  const auto time = [&](int64_t samples) { return io::approximate_duration(p.seconds * static_cast<double>(samples)); };
  const int64_t left_of_epoch = p.samples - p.sample;
  const std::string of_run = fmt::format("  {} left of the run", time(p.left));
  const std::string of_both =
      left_of_epoch == p.left || left_of_epoch == 0
          ? of_run
          : fmt::format("  {} left of this epoch, {} of the run", time(left_of_epoch), time(p.left));
  std::string text;
  for (const std::string& fields : {epoch + sample + loss + pace + of_both, epoch + sample + loss + of_both,
                                    epoch + sample + loss + of_run, epoch + sample + of_run, epoch + of_run}) {
    text = fields;
    if (text.size() <= columns) break;
  }
  return bar(p.sample, p.samples, columns - std::min(columns, text.size())) + text;
}

void TerminalProgress::begin_run(int64_t samples, int64_t done) {
  total_samples_ = samples;
  done_ = done;
}

void TerminalProgress::begin_epoch(int64_t epoch, int64_t epochs, int64_t samples) {
  epoch_ = epoch;
  epochs_ = epochs;
  samples_ = samples;
  note("reading the first sample");
}

void TerminalProgress::sample(int64_t sample_of_epoch, double loss, double seconds) {
  ++done_;
  smoothed_seconds_ += (smoothed_seconds_ == 0 ? 1.0 : kSmoothing) * (seconds - smoothed_seconds_);
  line_.draw(training_text(
      {epoch_, epochs_, sample_of_epoch, samples_, total_samples_ - done_, loss, smoothed_seconds_}, line_.columns()));
}

void TerminalProgress::note(const std::string& what) {
  line_.draw(fmt::format("epoch {}/{}  {}", epoch_, epochs_, what));
}

}  // namespace revunet::tools
