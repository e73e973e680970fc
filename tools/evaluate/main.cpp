// revunet-evaluate scores predicted segmentations against references, over the mask and lesion by lesion.
#include <filesystem>
#include <vector>

#include "engine/cpu_threads.h"
#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/scores/score_tables.h"
#include "tools/common/compute_options.h"
#include "tools/common/dataset_options.h"
#include "tools/common/flag_names.h"
#include "tools/common/picture_files.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/evaluate/score_plots.h"

namespace {

using namespace revunet;

constexpr double kMostTolerance = 1000;  // mm: farther than the ends of any head
constexpr int64_t kMostDilation = 1000;  // voxels: joins all lesions of any head

struct Settings {
  std::filesystem::path reference, prediction, json, csv;  // empty: not asked for
  std::string plot;                                        // empty: not asked for
  std::optional<io::LabelProfile> labels;                  // none: as the reference's layout says
  io::MaskRules masks;
  bool lesion_wise = false;
  io::LesionRules lesions;
  int threads = 0;
};

std::vector<tools::Option> inputs(Settings& s) {
  return {{.name = "reference",
           .value = tools::path(s.reference),
           .help = "folder or file with the true labels: any dataset that revunet-train takes, or only its "
                   "segmentations",
           .required = true},
          {.name = "prediction",
           .value = tools::path(s.prediction),
           .help = "folder or file with the labels to score",
           .required = true},
          tools::labels_option(s.labels)};
}

std::vector<tools::Option> outputs(Settings& s) {
  return {{.name = "json", .value = tools::path(s.json), .help = "write all scores to this JSON file"},
          {.name = "csv",
           .value = tools::path(s.csv),
           .help = "write all scores to this CSV file, one row per case and region"},
          {.name = "plot",
           .value = tools::words(s.plot),
           .help = "write box plots of all metrics to name.svg or name.png; without an ending, to both"}};
}

std::vector<tools::Option> scoring(Settings& s) {
  std::vector<std::pair<std::string, io::Hd95>> definitions;
  for (const io::Hd95 d : {io::Hd95::pooled, io::Hd95::max, io::Hd95::surfel}) definitions.emplace_back(name_of(d), d);
  return {
      {.name = "hd95",
       .value = tools::choice(s.masks.hd95, definitions),
       .help = "definition of HD95: pooled (medpy: one percentile of the distances in both directions), max (MONAI: "
               "the larger of two percentiles), surfel (surface-distance, BraTS 2023: weighted by area)"},
      {.name = "nsd-tolerance",
       .value = tools::numbers(s.masks.nsd_tolerances, {.least = 0, .most = kMostTolerance, .above = true}),
       .help = "also score NSD (normalised surface Dice): the share of the surfaces within these tolerances, in mm, "
               "such as 1 or 0.5,1,2"},
      {.name = "nsd",
       .value = tools::choice<io::Nsd>(s.masks.nsd, {{"surfel", io::Nsd::surfel}, {"edge", io::Nsd::edge}}),
       .help = "definition of NSD: surfel (surface-distance: by area, both surfaces together), edge (panoptica: by "
               "voxels, the mean of both shares)",
       .needs = "nsd-tolerance"},
      {.name = "lesion-wise",
       .value = tools::flag(s.lesion_wise),
       .help = "also score Dice, HD95 and NSD per lesion, as BraTS 2023 does, whose HD95 is surfel"},
      {.name = "lesion-dilation",
       .value = tools::whole_number(s.lesions.dilation, 0, kMostDilation),
       .help = "dilations of the reference that join pieces into lesions; BraTS 2023: 3 for glioma, 1 for "
               "meningioma and metastases",
       .needs = "lesion-wise"},
      {.name = "lesion-min-volume",
       .value = tools::number(s.lesions.min_volume, {0, tools::kMostVolume}),
       .help = "mm^3: lesions of at most this volume are not scored; BraTS 2023: 50, for metastases 2",
       .needs = "lesion-wise"},
      tools::threads_option(s.threads),
      tools::quiet_option()};
}

io::ScoreOptions score_options(const Settings& options) {
  io::ScoreOptions result{.masks = options.masks, .lesions = {}};
  if (options.lesion_wise) result.lesions = options.lesions;
  return result;
}

void write_plot(const std::string& plot, const io::BoxPlots& plots) {
  const auto [svg, png] = tools::picture_files(plot);
  if (!svg.empty()) io::write_file_atomically(svg, io::box_plot_svg(plots));
  if (!png.empty()) io::write_file_atomically(png, io::box_plot_png(plots));
}

void run(const Settings& options) {
  const io::ScoreOptions scoring = score_options(options);
  use_cpu_threads(chosen_cpu_threads(options.threads));
  for (const std::filesystem::path& file : {options.json, options.csv, std::filesystem::path(options.plot)}) {
    io::expect_output_folder(file);
  }
  const io::Matching matching = io::match_segmentations(options.reference, options.prediction, options.labels);
  if (!matching.without_prediction.empty()) {
    tools::print_message("revunet-evaluate: note: {} of the references have no prediction and are not scored\n",
                         matching.without_prediction.size());
  }
  const std::vector<io::CaseScore> scores = io::score_cases(matching.pairs, scoring, tools::progress_on_terminal());
  if (!options.json.empty()) io::write_file_atomically(options.json, tools::with_flags(io::json_of(scores, scoring)));
  if (!options.csv.empty()) io::write_file_atomically(options.csv, tools::with_flags(io::csv_of(scores, scoring)));
  if (!options.plot.empty()) write_plot(options.plot, tools::box_plots_of(scores, scoring));
  tools::print_result(io::table_of(scores, scoring));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  tools::OptionTable options(
      {{"Files", inputs(settings)}, {"Files", outputs(settings)}, {"Options", scoring(settings)}});
  const std::string start = "revunet-evaluate --reference DATASET --prediction PREDICTIONS";
  const tools::Program program = {
      .name = "revunet-evaluate",
      .description =
          "Scores predicted segmentations against references: Dice, HD95 in mm, sensitivity and specificity of the "
          "whole tumour (WT), tumour core (TC) and enhancing tumour (ET).",
      .help = {.examples = {{start, "prints the scores of every case, and their means"},
                            {start + " --csv scores.csv --plot scores.png", "also writes a table and box plots"},
                            {start + " --lesion-wise --hd95 surfel", "also scores each lesion, as BraTS 2023 does"}},
               .most_used = {"--reference", "--prediction", "--labels", "--csv", "--json", "--plot"},
               .details =
                   "A folder holds <case>.nii.gz, or <case>/<case>_seg.nii.gz, or is a BraTS dataset. Cases are "
                   "matched by name. References without a prediction are counted, but not scored.\n"
                   "Where a region is empty in both segmentations, Dice is 1 and HD95 is 0. Where it is empty in one "
                   "of them, Dice is 0 and HD95 is 373.12866 mm, as in BraTS. Sensitivity is 1 where the reference is "
                   "empty. Such cases are part of all means, and are counted next to them."},
      .options = &options,
      .run = [&] { run(settings); }};
  return tools::run_tool(program, argc, argv);
}
