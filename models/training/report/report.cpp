#include "models/training/report/report.h"

#include <algorithm>
#include <map>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "engine/memory/allocation_table.h"
#include "io/files/input_file.h"
#include "io/pictures/html.h"
#include "io/text/durations.h"
#include "models/training/report/process_table.h"
#include "models/training/report/report_style.h"
#include "models/training/report/run_charts.h"
#include "models/training/report/run_files.h"
#include "models/training/report/run_log.h"
#include "models/training/samples/split.h"

namespace revunet {

namespace {

namespace fs = std::filesystem;

std::string sentence(const std::string& words) {
  return fmt::format("<p class=\"about\">{}</p>\n", io::escaped(words));
}

// Says what is trained, and when, where and how it was started.
std::string heading(const Settings& settings, const TrainLog& log) {
  std::string text;
  const std::string model = settings.value("model"), patch = settings.value("patch");
  if (!model.empty()) {
    text += sentence(fmt::format("{} U-Net, channels {}; field of view {}{} voxels; {}, {}", model,
                                 settings.value("channels"), settings.value("size"),
                                 patch == "full" ? "" : ", patches of " + patch, settings.value("precision"),
                                 settings.value("device")));
  }
  if (log.starts.empty()) {
    return text + sentence("There is no train.log that says when, where and by which command the run was started.");
  }
  const RunStart &first = log.starts.front(), &last = log.starts.back();
  text += sentence(fmt::format("Started {} (local time) on {} by {}; segmentations with the labels of {}.", first.date,
                               first.host, first.program, first.labels));
  text += fmt::format("<p class=\"about\"><code>{}</code></p>\n", io::escaped(first.command));
  if (log.starts.size() == 1) return text;
  text += sentence(fmt::format("Resumed {}, at last {} on {} by {}:",
                               log.starts.size() == 2 ? "once" : fmt::format("{} times", log.starts.size() - 1),
                               last.date, last.host, last.program));
  return text + fmt::format("<p class=\"about\"><code>{}</code></p>\n", io::escaped(last.command));
}

// Makes a tile of the summary.
std::string tile(const std::string& what, const std::string& value, const std::string& more) {
  return fmt::format(
      "<div class=\"tile\"><div class=\"what\">{}</div><div class=\"value\">{}</div><div "
      "class=\"more\">{}</div></div>\n",
      io::escaped(what), io::escaped(value), io::escaped(more));
}

std::string in_words(const std::vector<std::string>& names, const RegionScores& v) {
  std::vector<std::string> words;
  for (size_t r = 0; r < v.size(); ++r) {
    if (v[r]) words.push_back(fmt::format("{} {:.3f}", names[r], *v[r]));
  }
  return fmt::format("{}", fmt::join(words, " · "));
}

std::string score_tile(const Log& log) {
  const EpochRecord* best = best_epoch(log);
  if (const auto score = best->mean_dice()) {
    return tile("Best validation Dice", fmt::format("{:.4f}", *score),
                fmt::format("epoch {}: {}", best->epoch, in_words(best->task->region_names(), best->dice)));
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
  const double all = std::max(training + validation, 1e-9);  // the divisor must not be 0
  return tile("Time", io::format_duration(all) + (all < 3600 ? " min" : " h"),
              fmt::format("{:.0f} % computing, {:.0f} % waiting for data, {:.0f} % validating",
                          100 * (training - waiting) / all, 100 * waiting / all, 100 * validation / all));
}

const EpochRecord& epoch_of_peak(const Log& log) {
  return *std::ranges::max_element(log, {}, [](const EpochRecord& r) { return r.memory.peak_allocated; });
}

std::string summary(const Log& log, const Settings& settings, const std::optional<SplitNames>& split) {
  std::string text = "<section class=\"tiles\">\n";
  const std::string of = settings.value("epochs");
  text += tile("Epochs", fmt::format("{}{}", log.empty() ? 0 : log.back().epoch, of.empty() ? "" : " of " + of),
               fmt::format("{} optimiser steps", log.empty() ? 0 : log.back().step));
  if (!log.empty()) {
    text += score_tile(log);
    text += tile("Loss", fmt::format("{:.4f}", log.back().total_loss()),
                 in_words(loss_names(*log.back().task), {log.back().loss.begin(), log.back().loss.end()}));
    text += time_tile(log);
    const EpochRecord& peak = epoch_of_peak(log);
    text += tile("Tensors in training, peak", fmt::format("{:.1f} MiB", mib(peak.memory.peak_allocated)),
                 fmt::format("{:.1f} MiB reserved for them on the device", mib(peak.memory.peak_reserved)));
  }
  if (split) {
    text += tile("Cases", fmt::format("{}", split->training.size() + split->validation.size()),
                 fmt::format("{} training, {} validation", split->training.size(), split->validation.size()));
  }
  return text + "</section>\n";
}

std::string charts(const Log& log) {
  if (log.empty()) return sentence("No epoch is finished yet.");
  const std::string dice =
      was_validated(log)
          ? dice_chart(log)
          : "<p class=\"card\">No epoch was validated: there is no Dice to show. A run validates where its split has "
            "validation cases (<code>val-fraction</code>, <code>folds</code> or <code>split</code>).</p>\n";
  return "<section class=\"charts\">\n" + dice + loss_chart(log) + learning_rate_chart(log) + time_chart(log) +
         "</section>\n";
}

// Shows what the peak consists of.
std::string peak_table(const EpochRecord& r) {
  std::string text = fmt::format(
      "<div class=\"card\"><table><caption>Tensors at the highest peak, in epoch {}</caption>\n"
      "<tr><th>for</th><th>MiB</th><th>share, %</th></tr>\n",
      r.epoch);
  const auto row = [&](const std::string& name, size_t bytes) {
    text += fmt::format("<tr><td>{}</td><td>{:.1f}</td><td>{:.1f}</td></tr>\n", name, mib(bytes),
                        100 * mib(bytes) / std::max(mib(r.memory.peak_allocated), 1e-9));
  };
  for (const size_t tag : tags_by_size(r.memory.at_peak)) {
    if (r.memory.at_peak[tag] == 0) continue;
    const auto of = static_cast<Tag>(tag);
    row(fmt::format("<span class=\"swatch\" style=\"background:{}\"></span>{}", colour_of_tag(of), words_of_tag(of)),
        r.memory.at_peak[tag]);
  }
  row("all", r.memory.peak_allocated);
  return text + "</table></div>\n";
}

std::string memory_within_step(const fs::path& run) {
  if (!fs::exists(run / "memory.svg")) return sentence("There is no memory.svg, the picture of memory within a step.");
  return fmt::format(
      "<p class=\"about\">This is the planned memory within a step, which the run allocates exactly: a training step, "
      "then a "
      "prediction if the run validates.</p>\n<section class=\"timeline\"><img alt=\"Memory of a training step, "
      "stacked by tag, in MiB\" src=\"data:image/svg+xml;base64,{}\"/></section>\n",
      io::base64(io::read_whole_file(run / "memory.svg")));
}

std::string memory(const Log& log, const TrainLog& train_log, const fs::path& run) {
  std::string text = "<h2>Memory</h2>\n";
  text += sentence(
      "Only tensors on the device are counted: weights, their gradients and moments, activations and scratch. Peaks "
      "of epochs are those of training alone. Cases in host memory, the program and its libraries need more memory.");
  if (!log.empty()) {
    text += "<section class=\"charts\">\n" + memory_chart(log) + peak_table(epoch_of_peak(log)) + "</section>\n";
  }
  if (train_log.memory.empty()) text += sentence("What the whole run took is known at its end.");
  for (const std::string& line : train_log.memory) text += sentence(line);
  return text + memory_within_step(run);
}

std::string previews(const fs::path& run) {
  constexpr const char* title = "<h2>Predictions in validation</h2>\n";
  std::vector<fs::path> files;
  if (fs::exists(run / "previews")) {
    for (const auto& entry : fs::directory_iterator(run / "previews")) {
      if (entry.path().extension() == ".png" && !entry.path().filename().string().starts_with('.'))
        files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    return title + sentence(
                       "No prediction was drawn: there was no validation yet, there are no validation cases, or "
                       "the run has <code>previews = 0</code>.");
  }
  std::ranges::sort(files);
  const size_t columns = files.size() == 1 ? 1 : files.size() % 3 == 0 ? 3 : 2;  // a number that fills the last row
  std::string text = fmt::format("{}<section class=\"pictures of{}\">\n", title, columns);
  for (const fs::path& file : files) {
    const std::string name = file.stem().string();
    text += fmt::format(
        "<div><img alt=\"{} with its predicted and true regions\" src=\"data:image/png;base64,{}\"/></div>\n",
        io::escaped(name), io::base64(io::read_whole_file(file)));
  }
  return text + "</section>\n";
}

// These settings have a unit.
const std::map<std::string, std::string> kUnits = {
    {"size", "voxels (x,y,z)"},  {"patch", "voxels (x,y,z)"}, {"rotation", "degrees"},
    {"deformation", "voxels"},   {"max-steps", "steps"},      {"validate-every", "epochs"},
    {"stop-patience", "epochs"}, {"stop-window", "epochs"},   {"memory-limit", "bytes"},
    {"conv-workspace", "bytes"}, {"accumulate", "samples"},   {"monitor-reconstruction", "steps"}};

// Returns a text such as " voxels". It is empty for words such as "full", and for settings without a unit.
std::string unit_of(const Settings::Setting& s) {
  const auto unit = kUnits.find(s.key);
  if (unit == kUnits.end() || s.value.empty()) return "";
  if (s.value.find_first_not_of("0123456789.,-+e") != std::string::npos) return "";
  const bool one = s.value == "1" && unit->second.ends_with('s');
  return " " + (one ? unit->second.substr(0, unit->second.size() - 1) : unit->second);
}

std::string configuration(const Settings& settings) {
  std::string text = "<h2>Configuration</h2>\n";
  if (settings.all().empty()) return text + sentence("There is no config.toml, which holds the options of a run.");
  text += "<section class=\"settings\">\n";
  for (const Settings::Setting& s : settings.all()) {
    text += fmt::format("<div><span class=\"key\">{}</span> <span>{}{}</span></div>\n", io::escaped(s.key),
                        io::escaped(s.value), unit_of(s));
  }
  return text + "</section>\n";
}

std::string names_in_details(const std::string& what, const std::vector<std::string>& names) {
  if (names.empty()) return sentence(fmt::format("There are no {} cases.", what));
  return fmt::format("<details><summary>{} {} cases</summary><p>{}</p></details>\n", names.size(), what,
                     io::escaped(fmt::format("{}", fmt::join(names, ", "))));
}

std::string processes(const std::vector<ProcessTime>& times) {
  if (times.empty()) return "";
  std::string text = "<h2>Processes</h2>\n";
  text += sentence("The times are the sums over the epochs that several processes trained together.");
  text += "<div class=\"card\"><table>\n<tr><th>rank</th><th>host</th><th>device</th><th>computing</th>";
  text += "<th>waiting for data</th><th>waiting for others</th></tr>\n";
  for (size_t rank = 0; rank < times.size(); ++rank) {
    const ProcessTime& t = times[rank];
    text += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.1f} s</td><td>{:.1f} s</td><td>{:.1f} s</td></tr>\n", rank,
        io::escaped(t.host), io::escaped(t.device), t.computing, t.waiting_for_data, t.waiting_for_others);
  }
  return text + "</table></div>\n";
}

std::string split_in_words(const std::optional<SplitNames>& split) {
  std::string text = "<h2>Split</h2>\n";
  if (!split) return text + sentence("There is no split.json, which names the cases of a run.");
  return text + names_in_details("training", split->training) + names_in_details("validation", split->validation);
}

// RUN, RUN/ and . give the run the name of its folder.
std::string name_of_run(const fs::path& run) {
  const fs::path path = fs::absolute(run).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

std::string report_of(const fs::path& run) {
  REVUNET_EXPECTS(fs::exists(run / "log.csv"), DataError,
                  "[{}] expected the folder of a run, with log.csv, which is there from the first epoch on",
                  run.string());
  const Log log = parse_log(io::read_whole_file(run / "log.csv"), run / "log.csv", task_of_split(run / "split.json"));
  const Settings settings(run);
  const TrainLog train_log = train_log_of(run);
  const std::optional<SplitNames> split = split_of(run);
  const std::string name = io::escaped(name_of_run(run));
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}: training</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<h1>Training run <b>{}</b></h1>\n",
      name, report_style(), name);
  text += heading(settings, train_log) + summary(log, settings, split) + charts(log) + memory(log, train_log, run);
  text += processes(process_totals(run / "processes.csv"));
  return text + previews(run) + configuration(settings) + split_in_words(split) + "</body>\n</html>\n";
}

}  // namespace revunet
