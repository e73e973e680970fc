// revunet-evaluate: Dice, HD95, sensitivity and specificity of predicted segmentations against references.
#include <filesystem>
#include <vector>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "tools/common/tool_main.h"
#include "tools/evaluate/evaluation.h"

namespace {

struct Options {
  std::filesystem::path reference, prediction, json, csv;  // empty: not asked for
};

// Before anything is computed, so that no work is lost to a mistyped folder.
void check_output(const std::filesystem::path& file) {
  using namespace revunet;
  if (file.empty()) return;
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  REVUNET_EXPECTS(std::filesystem::is_directory(folder), DataError,
                  "[{}] expected a folder to write into, got none at {}; make it first", file.string(),
                  folder.string());
}

void run(const Options& options) {
  using namespace revunet;
  check_output(options.json);
  check_output(options.csv);
  const tools::Matching matching = tools::match_segmentations(options.reference, options.prediction);
  if (!matching.without_prediction.empty()) {
    fmt::print(stderr, "revunet-evaluate: note: {} of the references have no prediction and are not scored\n",
               matching.without_prediction.size());
  }
  std::vector<tools::CaseScore> scores;
  for (const tools::SegmentationPair& pair : matching.pairs) scores.push_back(tools::score_case(pair));
  if (!options.json.empty()) io::write_file_atomically(options.json, tools::json_of(scores));
  if (!options.csv.empty()) io::write_file_atomically(options.csv, tools::csv_of(scores));
  fmt::print("{}", tools::table_of(scores));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Scores predicted segmentations against references: Dice, HD95 in mm, sensitivity and specificity of the whole\n"
      "tumour (WT), tumour core (TC) and enhancing tumour (ET). A DIR holds <case>.nii.gz, <case>/<case>_seg.nii.gz or "
      "is\n"
      "a BraTS dataset; cases are matched by name. References without a prediction are counted, not scored.",
      "revunet-evaluate");
  Options options;
  app.add_option("--reference", options.reference, "DIR or FILE with the true labels 0, 1, 2, 4")->required();
  app.add_option("--prediction", options.prediction, "DIR or FILE with the labels to score")->required();
  app.add_option("--json", options.json, "FILE for all scores as JSON");
  app.add_option("--csv", options.csv, "FILE for all scores, a row for each case and region");
  return revunet::tools::run_tool(app, argc, argv, [&] { run(options); });
}
