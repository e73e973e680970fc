#include "tools/report/report.h"

#include <algorithm>
#include <cstdlib>

#include "engine/error.h"
#include "engine/memory/report.h"
#include "io/input_file.h"
#include "io/json_file.h"
#include "tools/common/colours.h"
#include "tools/common/progress_line.h"
#include "tools/report/chart.h"
#include "tools/report/html.h"
#include "tools/report/run_log.h"
#include "tools/report/style.h"

namespace revunet::tools {

namespace {

namespace fs = std::filesystem;
using Log = std::vector<EpochRecord>;

struct Setting {
  std::string key, value;
};
// Of the lines `key = value` that to_toml writes.
std::vector<Setting> settings_of(const fs::path& run) {
  std::vector<Setting> settings;
  if (!fs::exists(run / "config.toml")) return settings;
  std::istringstream lines(io::read_whole_file(run / "config.toml"));
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find(" = ");
    if (equals == std::string::npos || line.starts_with('#')) continue;
    std::string value = line.substr(equals + 3);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    settings.push_back({line.substr(0, equals), value});
  }
  return settings;
}
std::string setting(const std::vector<Setting>& settings, const std::string& key) {
  const auto found = std::ranges::find(settings, key, &Setting::key);
  return found == settings.end() ? "" : found->value;
}

struct SplitNames {
  std::vector<std::string> training, validation;
};
std::optional<SplitNames> split_of(const fs::path& run) {
  const fs::path path = run / "split.json";
  if (!fs::exists(path)) return std::nullopt;
  const nlohmann::json json = io::read_json_file(path);
  try {
    return SplitNames{json.at("training"), json.at("validation")};
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("[{}] expected lists of cases, as revunet-train writes them, got: {}", path.string(),
                                io::reason_of(e)));
  }
}

// The summary's tiles.
std::string tile(const std::string& what, const std::string& value, const std::string& more) {
  return fmt::format(
      "<div class=\"tile\"><div class=\"what\">{}</div><div class=\"value\">{}</div><div "
      "class=\"more\">{}</div></div>\n",
      escaped(what), escaped(value), escaped(more));
}

std::string regions_in_words(const RegionValues& v) {
  return fmt::format("WT {:.3f} · TC {:.3f} · ET {:.3f}", v[0], v[1], v[2]);
}

std::string regions_in_words(const RegionScores& v) {
  std::vector<std::string> words;
  for (size_t r = 0; r < v.size(); ++r) {
    if (v[r]) words.push_back(fmt::format("{} {:.3f}", io::region_names[r], *v[r]));
  }
  return fmt::format("{}", fmt::join(words, " · "));
}

std::string score_tile(const Log& log) {
  const EpochRecord* best = best_epoch(log);
  if (const auto score = best->mean_dice()) {
    return tile("Best validation Dice", fmt::format("{:.4f}", *score),
                fmt::format("epoch {}: {}", best->epoch, regions_in_words(best->dice)));
  }
  return tile("Lowest loss", fmt::format("{:.4f}", best->total_loss()),
              fmt::format("epoch {}; no validation", best->epoch));
}

std::string time_tile(const Log& log) {
  double training = 0, waiting = 0, validation = 0;
  for (const EpochRecord& r : log) {
    training += r.training_seconds;
    waiting += r.waiting_seconds;
    validation += r.validation_seconds;
  }
  const double all = std::max(training + validation, 1e-9);
  return tile("Time", format_duration(training + validation),
              fmt::format("{:.0f} % computing, {:.0f} % waiting for data, {:.0f} % validating",
                          100 * (training - waiting) / all, 100 * waiting / all, 100 * validation / all));
}

std::string summary(const Log& log, const std::vector<Setting>& settings, const std::optional<SplitNames>& split) {
  std::string text = "<section class=\"tiles\">\n";
  const std::string of = setting(settings, "epochs");
  text += tile("Epochs", fmt::format("{}{}", log.empty() ? 0 : log.back().epoch, of.empty() ? "" : " of " + of),
               fmt::format("{} optimiser steps", log.empty() ? 0 : log.back().step));
  if (!log.empty()) {
    text += score_tile(log);
    text += tile("Loss", fmt::format("{:.4f}", log.back().total_loss()), regions_in_words(log.back().loss));
    text += time_tile(log);
    const auto peak = std::ranges::max_element(log, {}, [](const EpochRecord& r) { return r.memory.peak_allocated; });
    text += tile("Peak memory of training", fmt::format("{:.1f} MiB", mib(peak->memory.peak_allocated)),
                 fmt::format("{:.1f} MiB reserved", mib(peak->memory.peak_reserved)));
  }
  if (split) {
    text += tile("Cases", fmt::format("{}", split->training.size() + split->validation.size()),
                 fmt::format("{} training, {} validation", split->training.size(), split->validation.size()));
  }
  return text + "</section>\n";
}

// value(record) for each epoch.
template <class Value>
std::vector<std::optional<double>> values_of(const Log& log, Value value) {
  std::vector<std::optional<double>> values;
  for (const EpochRecord& r : log) values.push_back(value(r));
  return values;
}

constexpr std::array kRegionVariables = {"var(--wt)", "var(--tc)", "var(--et)"};

Chart chart_of(const Log& log, const std::string& title, Chart::Kind kind, std::function<std::string(double)> words) {
  Chart chart{.title = title,
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

std::string dice_chart(const Log& log) {
  Chart chart = chart_of(log, "Validation Dice", Chart::Kind::lines, four_digits);
  for (size_t r = 0; r < kRegionVariables.size(); ++r) {
    chart.series.push_back(
        {io::region_names[r], kRegionVariables[r], values_of(log, [&](const EpochRecord& e) { return e.dice[r]; })});
  }
  chart.series.push_back({"mean", "var(--ink)", values_of(log, [](const EpochRecord& e) { return e.mean_dice(); })});
  chart.greatest = 1;
  chart.marked = best_epoch(log)->epoch;
  return svg_of_chart(chart);
}

std::string loss_chart(const Log& log) {
  Chart chart = chart_of(log, "Loss, mean over the epoch's samples", Chart::Kind::lines, four_digits);
  for (size_t r = 0; r < kRegionVariables.size(); ++r) {
    chart.series.push_back(
        {io::region_names[r], kRegionVariables[r], values_of(log, [&](const EpochRecord& e) { return e.loss[r]; })});
  }
  return svg_of_chart(chart);
}

std::string learning_rate_chart(const Log& log) {
  Chart chart =
      chart_of(log, "Learning rate", Chart::Kind::logarithmic, [](double v) { return fmt::format("{:g}", v); });
  chart.series.push_back({"Adam", "var(--ink)", values_of(log, [](const EpochRecord& e) { return e.learning_rate; })});
  return svg_of_chart(chart);
}

std::string time_chart(const Log& log) {
  Chart chart =
      chart_of(log, "Seconds per epoch", Chart::Kind::stacked, [](double v) { return fmt::format("{:.2f} s", v); });
  chart.series = {
      {"computing", "var(--tc)",
       values_of(log, [](const EpochRecord& e) { return e.training_seconds - e.waiting_seconds; })},
      {"waiting for data", "var(--et)", values_of(log, [](const EpochRecord& e) { return e.waiting_seconds; })},
      {"validation", "var(--wt)", values_of(log, [](const EpochRecord& e) { return e.validation_seconds; })}};
  return svg_of_chart(chart);
}

// Tags that no epoch has at its peak are left out.
std::string memory_chart(const Log& log) {
  Chart chart = chart_of(log, "Memory at the peak of each epoch, MiB", Chart::Kind::stacked,
                         [](double v) { return fmt::format("{:.1f} MiB", v); });
  for (const TagLayer& layer : kTagLayers) {
    const auto tag = static_cast<size_t>(layer.tag);
    if (std::ranges::none_of(log, [&](const EpochRecord& e) { return e.memory.at_peak[tag] > 0; })) continue;
    std::string name = kTagNames[tag];
    std::ranges::replace(name, '_', ' ');
    const std::string colour = layer.colour == 0 ? "var(--ink)" : fmt::format("#{:06x}", layer.colour);
    chart.series.push_back(
        {name, colour, values_of(log, [&](const EpochRecord& e) { return mib(e.memory.at_peak[tag]); })});
  }
  return svg_of_chart(chart);
}

std::string charts(const Log& log) {
  if (log.empty()) return "<p>No epoch is finished yet.</p>\n";
  std::string text = "<section class=\"charts\">\n";
  const bool validated = std::ranges::any_of(log, [](const EpochRecord& r) { return r.mean_dice().has_value(); });
  if (validated) text += dice_chart(log);
  return text + loss_chart(log) + learning_rate_chart(log) + time_chart(log) + memory_chart(log) + "</section>\n";
}

std::string memory_timeline(const fs::path& run) {
  if (!fs::exists(run / "memory.svg")) return "";
  return fmt::format(
      "<h2>Memory within a step</h2>\n<p class=\"about\">As planned, which is what the run allocates: a training step, "
      "then a prediction if the run validates.</p>\n<section class=\"timeline\"><img alt=\"Memory of a training step, "
      "stacked by tag\" src=\"data:image/svg+xml;base64,{}\"/></section>\n",
      base64(io::read_whole_file(run / "memory.svg")));
}

std::string previews(const fs::path& run) {
  std::vector<fs::path> files;
  if (!fs::exists(run / "previews")) return "";
  for (const auto& entry : fs::directory_iterator(run / "previews")) {
    if (entry.path().extension() == ".png" && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path());
  }
  if (files.empty()) return "";
  std::ranges::sort(files);
  std::string text = "<h2>Predictions in validation</h2>\n<section class=\"pictures\">\n";
  for (const fs::path& file : files) {
    const std::string name = file.stem().string();
    text += fmt::format("<img alt=\"{} with its predicted and true regions\" src=\"data:image/png;base64,{}\"/>\n",
                        escaped(name), base64(io::read_whole_file(file)));
  }
  return text + "</section>\n";
}

std::string configuration(const std::vector<Setting>& settings) {
  if (settings.empty()) return "";
  std::string text = "<h2>Configuration</h2>\n<section class=\"settings\">\n";
  for (const Setting& s : settings) {
    text += fmt::format("<div><span class=\"key\">{}</span> <span>{}</span></div>\n", escaped(s.key), escaped(s.value));
  }
  return text + "</section>\n";
}

std::string names_in_details(const std::string& what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return fmt::format("<details><summary>{} {} cases</summary><p>{}</p></details>\n", names.size(), what,
                     escaped(fmt::format("{}", fmt::join(names, ", "))));
}

// RUN, RUN/ and . name the run by its folder.
std::string name_of_run(const fs::path& run) {
  const fs::path path = fs::absolute(run).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

std::string report_of(const fs::path& run) {
  REVUNET_EXPECTS(fs::exists(run / "log.csv"), DataError,
                  "[{}] expected the folder of a run, with log.csv, which is there from the first epoch on",
                  run.string());
  const Log log = parse_log(io::read_whole_file(run / "log.csv"), run / "log.csv");
  const std::vector<Setting> settings = settings_of(run);
  const std::optional<SplitNames> split = split_of(run);
  const std::string name = escaped(name_of_run(run));
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}: training</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<h1>Training run <b>{}</b></h1>\n",
      name, kReportStyle, name);
  const std::string model = setting(settings, "model"), patch = setting(settings, "patch");
  if (!model.empty()) {
    text += fmt::format(
        "<p class=\"about\">{}</p>\n",
        escaped(fmt::format("{} U-Net, channels {}; field of view {}{}; {}, {}", model, setting(settings, "channels"),
                            setting(settings, "size"), patch == "full" ? "" : ", patches of " + patch,
                            setting(settings, "precision"), setting(settings, "device"))));
  }
  text += summary(log, settings, split) + charts(log) + memory_timeline(run) + previews(run) + configuration(settings);
  if (split) {
    text += "<h2>Split</h2>\n" + names_in_details("training", split->training) +
            names_in_details("validation", split->validation);
  }
  return text + "</body>\n</html>\n";
}

}  // namespace revunet::tools
