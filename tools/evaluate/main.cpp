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
  std::filesystem::path task;                              // empty: none
  std::optional<io::LabelProfile> labels;                  // none: as the reference's layout says
  io::ScoringChoice scoring;
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
          tools::task_option(s.task, tools::kTaskOfDataset),
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

// The value is one of several words, or nothing where the edition decides.
template <class Value>
tools::OptionValue choice_or_none(std::optional<Value>& value, const std::vector<Value>& choices) {
  std::vector<std::string> names;
  for (const Value one : choices) names.emplace_back(io::name_of(one));
  return tools::word_of(
      names,
      [&value, choices](const std::string& text) {
        for (const Value one : choices) {
          if (text == io::name_of(one)) value = one;
        }
      },
      [&value] { return value ? std::string(io::name_of(*value)) : ""; });
}

std::vector<tools::Option> definitions(io::ScoringChoice& s) {
  return {
      {.name = "scoring",
       .value = choice_or_none(s.scoring, io::all_scorings()),
       .help =
           "conventions of an edition of BraTS for what cannot be measured, such as distances to an empty mask, and "
           "its definitions: brats2023 also scores each lesion, brats2026 lesions that it matches one to one; none "
           "leaves such scores undefined, and out of means [brats2021; none for a task that is not BraTS's]"},
      {.name = "hd95",
       .value = choice_or_none<io::Hd95>(s.hd95, {io::Hd95::pooled, io::Hd95::max, io::Hd95::surfel}),
       .help = "definition of HD95: pooled (medpy: one percentile of the distances in both directions), max (MONAI: "
               "the larger of two percentiles), surfel (surface-distance: weighted by area) [that of the scoring: "
               "pooled, for brats2023 surfel]"},
      {.name = "nsd-tolerance",
       .value = tools::numbers(s.nsd_tolerances, {.least = 0, .most = kMostTolerance, .above = true}),
       .help = "also score NSD (normalised surface Dice): the share of the surfaces within these tolerances, in mm, "
               "such as 1 or 0.5,1,2"},
      {.name = "nsd",
       .value = choice_or_none<io::Nsd>(s.nsd, {io::Nsd::surfel, io::Nsd::edge}),
       .help = "definition of NSD: surfel (surface-distance: by area, both surfaces together), edge (panoptica: by "
               "voxels, the mean of both shares) [surfel; edge for brats2026]"}};
}

std::vector<tools::Option> by_lesion(io::ScoringChoice& s) {
  const io::LesionRules rules;
  return {
      {.name = "lesion-wise",
       .value = tools::flag(s.lesion_wise),
       .help = "also score Dice, HD95 and NSD per lesion, as BraTS 2023 does"},
      {.name = "lesion-dilation",
       .value = tools::whole_number(s.lesion_dilation, 0, kMostDilation),
       .help = fmt::format("dilations of the reference that join pieces into lesions; BraTS 2023: 3 for glioma, 1 for "
                           "meningioma and metastases [{}]",
                           rules.dilation)},
      {.name = "lesion-min-volume",
       .value = tools::number(s.lesion_min_volume, {0, tools::kMostVolume}),
       .help =
           fmt::format("mm^3: lesions of at most this volume are not scored; BraTS 2023: 50, for metastases 2; with "
                       "brats2026-metastases those below it [{}, for brats2026-metastases {}]",
                       rules.min_volume, io::min_volume_of_metastases)}};
}

std::vector<tools::Option> running(Settings& s) {
  return {tools::threads_option(s.threads), tools::quiet_option()};
}

void write_plot(const std::string& plot, const io::BoxPlots& plots) {
  const auto [svg, png] = tools::picture_files(plot);
  if (!svg.empty()) io::write_file_atomically(svg, io::box_plot_svg(plots));
  if (!png.empty()) io::write_file_atomically(png, io::box_plot_png(plots));
}

void run(Settings options) {
  io::score_options_of(options.scoring);  // refuses what contradicts itself, before anything is read
  if (const auto task = tools::read_task(options.task, options.labels))
    options.labels = io::profile_of_task(task->task);
  use_cpu_threads(chosen_cpu_threads(options.threads));
  for (const std::filesystem::path& file : {options.json, options.csv, std::filesystem::path(options.plot)}) {
    io::expect_output_folder(file);
  }
  const io::Matching matching = io::match_segmentations(options.reference, options.prediction, options.labels);
  if (!matching.without_prediction.empty()) {
    tools::print_message("revunet-evaluate: note: {} of the references have no prediction and are not scored\n",
                         matching.without_prediction.size());
  }
  if (!options.scoring.scoring) {
    options.scoring.scoring = io::scoring_of(*matching.pairs.front().labels.profile.task());
  }
  const io::ScoreOptions scoring = io::score_options_of(options.scoring);
  const io::Evaluation scores = io::score_cases(matching.pairs, scoring, tools::progress_on_terminal());
  if (!options.json.empty()) io::write_file_atomically(options.json, tools::with_flags(io::json_of(scores, scoring)));
  if (!options.csv.empty()) io::write_file_atomically(options.csv, tools::with_flags(io::csv_of(scores, scoring)));
  if (!options.plot.empty()) write_plot(options.plot, tools::box_plots_of(scores, scoring));
  tools::print_result(io::table_of(scores, scoring));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  tools::OptionTable options({{"Files", inputs(settings)},
                              {"Files", outputs(settings)},
                              {"Scores", definitions(settings.scoring)},
                              {"Scores", by_lesion(settings.scoring)},
                              {"Options", running(settings)}});
  const std::string start = "revunet-evaluate --reference DATASET --prediction PREDICTIONS";
  const tools::Program program = {
      .name = "revunet-evaluate",
      .description =
          "Scores predicted segmentations against references: Dice, HD95 in mm (BraTS 2026: in voxels), sensitivity "
          "and specificity of each of the task's regions, such as BraTS's whole tumour, tumour core and enhancing "
          "tumour.",
      .help =
          {.examples = {{start, "prints the scores of every case, and their means"},
                        {start + " --csv scores.csv --plot scores.png", "also writes a table and box plots"},
                        {start + " --scoring brats2023 --nsd-tolerance 1",
                         "scores as BraTS 2023 does, each lesion too, and NSD at 1 mm"}},
           .most_used = {"--reference", "--prediction", "--labels", "--csv", "--json", "--plot"},
           .details =
               "A folder holds <case>.nii.gz, or <case>/<case>_seg.nii.gz, or is a BraTS dataset. Cases are "
               "matched by name. References without a prediction are counted, but not scored.\n"
               "BraTS is scored as in 2021 by default. Where a region is empty in both segmentations, Dice is 1 and "
               "HD95 is 0. Where it is empty in one of them, Dice is 0 and HD95 is 373.12866 mm. Sensitivity is 1 "
               "where the reference is empty. Such cases are part of all means, and are counted next to them. In any "
               "other task, such scores are undefined, and left out of means, except a Dice of 0. --scoring chooses "
               "the conventions of another edition, or none."},
      .options = &options,
      .run = [&] { run(settings); }};
  return tools::run_tool(program, argc, argv);
}
