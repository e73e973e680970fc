#include "models/training/report/run_charts.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/memory/allocation_table.h"
#include "io/pictures/epoch_chart.h"
#include "models/plan/trace/tag_colours.h"
#include "models/training/report/report_style.h"
#include "models/training/report/run_log.h"

namespace revunet {

namespace {

// Returns value(record) for each epoch.
template <class Value>
std::vector<std::optional<double>> values_of(const Log& log, Value value) {
  std::vector<std::optional<double>> values;
  for (const EpochRecord& r : log) values.push_back(value(r));
  return values;
}

std::string colour_of_region(size_t region) {
  return fmt::format("var(--region-{})", region % io::kRegionColours.size());
}

// Adds a line for each name and what values(record) has at its place. A loss that is no region's is in ink.
template <class Values>
void add_lines(io::EpochChart& chart, const Log& log, const std::vector<std::string>& names, Values values) {
  const size_t before = names.size() - log[0].task->regions().size();
  for (size_t i = 0; i < names.size(); ++i) {
    chart.series.push_back({names[i], i < before ? "var(--ink)" : colour_of_region(i - before),
                            values_of(log, [&](const EpochRecord& e) { return values(e)[i]; })});
  }
}

io::EpochChart chart_of(const Log& log, const std::string& title, const std::string& unit, io::EpochChart::Kind kind,
                        std::function<std::string(double)> words) {
  io::EpochChart chart{.title = title,
                       .unit = unit,
                       .epochs = {},
                       .series = {},
                       .kind = kind,
                       .greatest = {},
                       .marked = {},
                       .value_in_words = std::move(words)};
  for (const EpochRecord& r : log) chart.epochs.push_back(r.epoch);
  return chart;
}

std::string four_digits(double value) {
  return fmt::format("{:.4f}", value);
}

}  // namespace

bool was_validated(const Log& log) {
  return std::ranges::any_of(log, [](const EpochRecord& r) { return r.mean_dice().has_value(); });
}

std::string words_of_tag(Tag tag) {
  std::string name = name_of(tag);
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string colour_of_tag(Tag tag) {
  const uint32_t colour = std::ranges::find(kTagLayers, tag, &TagLayer::tag)->colour;
  return colour == 0 ? "var(--ink)" : fmt::format("#{:06x}", colour);
}

std::string dice_chart(const Log& log) {
  io::EpochChart chart = chart_of(log, "Validation Dice", "0 to 1", io::EpochChart::Kind::lines, four_digits);
  add_lines(
      chart, log, log[0].task->region_names(), [](const EpochRecord& e) -> const auto& { return e.dice; });
  chart.series.push_back({"mean", "var(--ink)", values_of(log, [](const EpochRecord& e) { return e.mean_dice(); })});
  chart.greatest = 1;
  chart.marked = best_epoch(log)->epoch;
  return io::svg_of_chart(chart);
}

std::string loss_chart(const Log& log) {
  io::EpochChart chart =
      chart_of(log, "Loss, mean over the epoch's samples", "no unit", io::EpochChart::Kind::lines, four_digits);
  add_lines(
      chart, log, loss_names(*log[0].task), [](const EpochRecord& e) -> const auto& { return e.loss; });
  return io::svg_of_chart(chart);
}

std::string learning_rate_chart(const Log& log) {
  io::EpochChart chart = chart_of(log, "Learning rate", "no unit", io::EpochChart::Kind::logarithmic,
                                  [](double v) { return fmt::format("{:g}", v); });
  chart.series.push_back({"Adam", "var(--ink)", values_of(log, [](const EpochRecord& e) { return e.learning_rate; })});
  return io::svg_of_chart(chart);
}

std::string time_chart(const Log& log) {
  io::EpochChart chart = chart_of(log, "Time per epoch", "seconds", io::EpochChart::Kind::stacked,
                                  [](double v) { return fmt::format("{:.2f} s", v); });
  chart.series = {
      {"computing", colour_of_region(1),
       values_of(log, [](const EpochRecord& e) { return e.training_seconds - e.waiting_seconds; })},
      {"waiting for data", colour_of_region(2), values_of(log, [](const EpochRecord& e) { return e.waiting_seconds; })},
      {"validation", colour_of_region(0), values_of(log, [](const EpochRecord& e) { return e.validation_seconds; })}};
  return io::svg_of_chart(chart);
}

// Leaves out tags that have nothing at the peak of any epoch.
std::string memory_chart(const Log& log) {
  io::EpochChart chart = chart_of(log, "Tensors at the peak of each epoch", "MiB", io::EpochChart::Kind::stacked,
                                  [](double v) { return fmt::format("{:.1f} MiB", v); });
  for (const TagLayer& layer : kTagLayers) {
    const auto tag = static_cast<size_t>(layer.tag);
    if (std::ranges::none_of(log, [&](const EpochRecord& e) { return e.memory.at_peak[tag] > 0; })) continue;
    chart.series.push_back({words_of_tag(layer.tag), colour_of_tag(layer.tag),
                            values_of(log, [&](const EpochRecord& e) { return mib(e.memory.at_peak[tag]); })});
  }
  return io::svg_of_chart(chart);
}

}  // namespace revunet
