#include "tools/train/progress.h"

#include <fmt/format.h>

namespace revunet::tools {

namespace {

constexpr int64_t kBarWidth = 24;   // characters
constexpr double kSmoothing = 0.1;  // share of the newest sample in the mean time

}  // namespace

void Progress::begin_epoch(int64_t epoch, int64_t epochs, int64_t samples) {
  epoch_ = epoch;
  epochs_ = epochs;
  samples_ = samples;
  note("reading the first sample");
}

void Progress::sample(int64_t sample_of_epoch, double loss, double seconds) {
  ++done_;
  smoothed_seconds_ += (smoothed_seconds_ == 0 ? 1.0 : kSmoothing) * (seconds - smoothed_seconds_);
  const int64_t filled = kBarWidth * sample_of_epoch / samples_;
  line_.draw(fmt::format("[{:=<{}}{: <{}}] epoch {}/{} sample {}/{}  loss {:.4f}  {:.2f} s a sample  {} left", "",
                         filled, "", kBarWidth - filled, epoch_, epochs_, sample_of_epoch, samples_, loss,
                         smoothed_seconds_,
                         format_duration(smoothed_seconds_ * static_cast<double>(total_samples_ - done_))));
}

void Progress::note(const std::string& what) {
  line_.draw(fmt::format("epoch {}/{}  {}", epoch_, epochs_, what));
}

}  // namespace revunet::tools
