#include "io/scores/score_plots.h"

#include <cctype>

#include <fmt/format.h>

#include "io/pictures/region_colours.h"

namespace revunet::io {

namespace {

std::string detail_of(const ScoreOptions& options) {
  std::string detail = fmt::format("WT whole tumour, TC tumour core, ET enhancing tumour; HD95 by the definition {}",
                                   name_of(options.hd95));
  if (options.lesions) {
    detail += fmt::format("; lesions: dilation {}, larger than {} mm³", options.lesions->dilation,
                          options.lesions->min_volume);
  }
  return detail;
}

BoxOfValues box_of(const std::vector<CaseScore>& scores, size_t region, const Metric& metric) {
  const Distribution d = summarise(scores, region, metric);
  BoxOfValues box{.name = region_names[region],
                  .colour = from_hex(kRegionColours[region]),
                  .values = {},
                  .lower_quartile = d.lower_quartile,
                  .median = d.median,
                  .upper_quartile = d.upper_quartile,
                  .mean = d.mean};
  for (const CaseScore& score : scores) box.values.push_back(metric.value(score.regions[region]));
  return box;
}

BoxPanel panel_of(const std::vector<CaseScore>& scores, const Metric& metric) {
  BoxPanel panel{.title = metric.title, .boxes = {}};
  if (metric.convention != nullptr) {
    constexpr std::string_view unit = " mm";
    panel.title.resize(panel.title.size() - unit.size());
    panel.unit = unit.substr(1);
    panel.conventions = Conventions{hd95_of_one_empty_mask, hd95_of_unmatched_lesion, metric.convention};
  }
  panel.title[0] = static_cast<char>(std::toupper(panel.title[0]));
  for (size_t region = 0; region < region_count; ++region) panel.boxes.push_back(box_of(scores, region, metric));
  return panel;
}

}  // namespace

BoxPlots box_plots_of(const std::vector<CaseScore>& scores, const ScoreOptions& options) {
  BoxPlots plots{.heading = fmt::format("Segmentation scores of {} cases", scores.size()),
                 .detail = detail_of(options),
                 .panels = {}};
  for (const Metric& metric : metrics_of(options)) plots.panels.push_back(panel_of(scores, metric));
  return plots;
}

}  // namespace revunet::io
