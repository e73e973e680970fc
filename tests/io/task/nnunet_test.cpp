// Tests tasks and normalisations against what nnU-Net v2 itself makes of the same values (golden file).
#include <fstream>

#include "io/dataset/dataset.h"
#include "io/preprocessing/preprocessing.h"
#include "tests/io/dataset/small_datasets.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

io::TaskPointer described_by(const nlohmann::ordered_json& dataset) {
  const TemporaryFolder folder;
  make_file(folder / "dataset.json", dataset.dump());
  for (size_t channel = 0; channel < dataset.at("channel_names").size(); ++channel) {
    make_file(folder / fmt::format("imagesTr/a_{:04}.nii", channel), constant_image(1));
  }
  make_file(folder / "labelsTr/a.nii", labels_image({0, 1, 2, 0, 0, 0, 0, 0}));
  const io::DatasetScan scan = io::scan_dataset(folder.path());
  REQUIRE(scan.problems.empty());
  return scan.cases.at(0).task();
}

// Returns which outputs of a network a label asks for: regions, after the background where they are exclusive.
std::vector<int> outputs_of(const io::Task& task, uint8_t label) {
  const io::RegionSet regions = task.regions_of(label);
  std::vector<int> outputs;
  if (task.exclusive()) outputs.push_back(regions.none());
  for (size_t r = 0; r < task.regions().size(); ++r) outputs.push_back(regions[r]);
  return outputs;
}

}  // namespace

TEST_CASE("labels and probabilities of nnU-Net's datasets mean what they mean to nnU-Net", "[task]") {
  // Regions are in the order of the file, which nlohmann::json would sort.
  std::ifstream file(golden_dir() + "/nnunet.json");
  const auto rows = nlohmann::ordered_json::parse(file).at("labels");
  CHECK(rows.size() == 5);
  for (const auto& row : rows) {
    INFO(row.at("name"));
    const io::TaskPointer task = described_by(row.at("dataset"));
    CHECK(task->ignored().has_value() == row.at("dataset").at("labels").contains("ignore"));
    std::vector<float> probabilities;
    for (const auto& voxel : row.at("probabilities")) {
      CHECK(std::ssize(voxel) == task->output_count());
      for (const float p : voxel) probabilities.push_back(p);
    }
    CHECK(task->labels_of(probabilities) == row.at("segmentation").get<std::vector<uint8_t>>());
    const auto labels = row.at("labels").get<std::vector<uint8_t>>();
    for (size_t v = 0; v < labels.size(); ++v) {
      CHECK(outputs_of(*task, labels[v]) == row.at("outputs_of_labels").at(v).get<std::vector<int>>());
    }
  }
}

TEST_CASE("intensities are normalised as nnU-Net does", "[task]") {
  using Kind = io::Normalisation::Kind;
  const nlohmann::json rows = read_golden("nnunet.json").at("normalised");
  CHECK(rows.size() == 3);
  for (const auto& row : rows) {
    INFO(row.at("name"));
    const auto& properties = row.at("properties");
    const io::Normalisation::Foreground foreground = {properties.at("percentile_00_5"),
                                                      properties.at("percentile_99_5"), properties.at("mean"),
                                                      properties.at("std")};
    io::Task::Rules rules;
    rules.normalisations = {row.at("name") == "ct"    ? io::Normalisation{Kind::ct, foreground}
                            : row.at("name") == "all" ? io::Normalisation{Kind::all}
                                                      : io::Normalisation{Kind::nonzero}};
    io::CaseVolumes volumes(std::make_shared<const io::Task>(
        "one", std::vector<std::string>{"image"}, std::vector<io::Task::Label>{{0, "background"}, {1, "lesion"}},
        std::vector<io::Task::Region>{{"lesion", {1}, 1}}, rules));
    volumes.name = "a";
    volumes.modalities[0] = row.at("image").get<std::vector<float>>();
    const auto voxels = std::ssize(volumes.modalities[0]);
    volumes.grid.size = {1, 1, voxels};
    const std::vector<float> image = io::preprocess(volumes, {1, 1, voxels}).image;
    const auto wanted = row.at("normalised").get<std::vector<float>>();
    REQUIRE(image.size() == wanted.size());
    // nnU-Net's mean and deviation are sums of 64 values in f32, so values of up to 3 deviations are known to 2e-6.
    for (size_t v = 0; v < wanted.size(); ++v) CHECK(std::abs(image[v] - wanted[v]) <= 2e-6f);
  }
}
