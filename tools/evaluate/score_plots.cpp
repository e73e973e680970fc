#include "tools/evaluate/score_plots.h"

#include <algorithm>
#include <cctype>

#include <fmt/ranges.h>

#include "io/pictures/region_colours.h"

namespace revunet::tools {

namespace {

// Returns a text such as "WT whole tumour, TC tumour core, ET enhancing tumour".
std::string caption_of(const std::vector<io::Task::Region>& regions) {
  std::vector<std::string> captions;
  for (const io::Task::Region& region : regions) {
    captions.push_back(region.meaning.empty() ? region.name : region.name + " " + region.meaning);
  }
  return fmt::format("{}", fmt::join(captions, ", "));
}

std::string detail_of(const io::Task& task, const io::ScoreOptions& options) {
  std::string detail = fmt::format("{}; scoring {}; HD95 by the definition {}", caption_of(task.regions()),
                                   io::name_of(options.scoring), io::name_of(options.masks.hd95));
  if (!options.masks.nsd_tolerances.empty()) detail += fmt::format(", NSD by {}", io::name_of(options.masks.nsd));
  if (options.lesions) {
    detail += fmt::format("; lesions: dilation {}, larger than {} mm³", options.lesions->dilation,
                          options.lesions->min_volume);
  } else if (options.matched && options.matched->min_volume) {
    detail += fmt::format("; lesions: {} mm³ or more", *options.matched->min_volume);
  }
  return detail;
}

// Leaves out cases in which the metric is not defined, and says so next to the region.
io::BoxOfValues box_of(const io::Evaluation& evaluation, size_t region, const io::Metric& metric) {
  const std::vector<io::CaseScore>& scores = evaluation.cases;
  io::BoxOfValues box{.name = evaluation.task->regions()[region].name,
                      .colour = io::from_hex(io::kRegionColours[region % io::kRegionColours.size()]),
                      .values = io::defined_values(scores, region, metric)};
  if (box.values.size() < scores.size()) box.name += fmt::format(" ({} of {})", box.values.size(), scores.size());
  if (const auto d = io::summarise(scores, region, metric)) {
    box.lower_quartile = d->lower_quartile;
    box.median = d->median;
    box.upper_quartile = d->upper_quartile;
    box.mean = d->mean;
  }
  return box;
}

io::BoxPanel panel_of(const io::Evaluation& evaluation, const io::Metric& metric) {
  io::BoxPanel panel{.title = metric.title, .unit = metric.unit, .boxes = {}};
  if (!metric.axis_note.empty()) {
    const double least = std::min(io::hd95_of_one_empty_mask, io::hd95_of_unmatched_in_2026);
    panel.conventions = io::Conventions{least, io::hd95_of_unmatched_lesion, metric.axis_note};
  }
  panel.title[0] = static_cast<char>(std::toupper(panel.title[0]));
  for (size_t region = 0; region < evaluation.task->regions().size(); ++region) {
    panel.boxes.push_back(box_of(evaluation, region, metric));
  }
  return panel;
}

}  // namespace

io::BoxPlots box_plots_of(const io::Evaluation& evaluation, const io::ScoreOptions& options) {
  io::BoxPlots plots{.heading = fmt::format("Segmentation scores of {} cases", evaluation.cases.size()),
                     .detail = detail_of(*evaluation.task, options),
                     .panels = {}};
  for (const io::Metric& metric : io::metrics_of(options)) plots.panels.push_back(panel_of(evaluation, metric));
  return plots;
}

}  // namespace revunet::tools
