// Tests one case in other layouts, label conventions and orientations: training, prediction and scores are the same.
#include <nlohmann/json.hpp>

#include "io/dataset/dataset.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr const char* suffixes_2023[] = {"t1n", "t1c", "t2w", "t2f"};  // in the order of BraTS's modalities

// Writes the phantom's volumes as a BraTS 2023 case, in which enhancing tumour is 3.
void write_2023(const fs::path& folder, const io::CaseVolumes& v) {
  const std::string name = folder.filename().string();
  fs::create_directories(folder);
  for (size_t m = 0; m < 4; ++m) {
    io::write_nifti(folder / fmt::format("{}-{}.nii.gz", name, suffixes_2023[m]), v.header, v.modalities[m], 1);
  }
  std::vector<uint8_t> values = v.labels.value();
  for (uint8_t& value : values) value = value == 4 ? 3 : value;
  io::write_nifti(folder / (name + "-seg.nii.gz"), v.header, values);
}

// Writes a Decathlon dataset of one case: frames FLAIR, T1w, t1gd, T2w; 1 oedema, 2 core, 3 enhancing.
void write_decathlon(const fs::path& root, const io::CaseVolumes& v) {
  fs::create_directories(root / "imagesTr");
  fs::create_directories(root / "labelsTr");
  write_bytes(root / "dataset.json",
              R"({"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, "numTraining": 1, "labels":
              {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}})");
  std::vector<float> frames;
  for (const size_t m : {3, 0, 1, 2}) frames.insert(frames.end(), v.modalities[m].begin(), v.modalities[m].end());
  io::write_nifti(root / "imagesTr/BRATS_001.nii.gz", v.header, frames, 4);
  std::vector<uint8_t> values = v.labels.value();
  for (uint8_t& value : values) value = value == 4 ? 3 : value == 1 ? 2 : value == 2 ? 1 : 0;
  io::write_nifti(root / "labelsTr/BRATS_001.nii.gz", v.header, values);
}

// Writes the case with x to the front, y up and z to the right, its voxels at the same places of the world as in
// BraTS's orientation: new index (a, b, c) = (Y - 1 - y, z, X - 1 - x).
void write_turned(const fs::path& folder, const io::CaseVolumes& v) {
  const auto [X, Y, Z] = v.grid.size;
  fs::create_directories(folder);
  for (size_t m = 0; m < 4; ++m) {
    NiftiBytes image;
    image.dims({Y, Z, X});
    const double x = static_cast<double>(X - 1) / 2, y = static_cast<double>(Y - 1) / 2,
                 z = static_cast<double>(Z - 1) / 2;
    // Phantoms have 1 mm and the origin at their centre.
    image.srow({0, 0, 1, -x, 1, 0, 0, -y, 0, 1, 0, -z});
    image.datatype(16, 32);
    std::vector<float> voxels;
    for (int64_t c = 0; c < X; ++c) {
      for (int64_t b = 0; b < Z; ++b) {
        for (int64_t a = 0; a < Y; ++a) {
          voxels.push_back(v.modalities[m][static_cast<size_t>((X - 1 - c) + X * ((Y - 1 - a) + Y * b))]);
        }
      }
    }
    image.fill(voxels);
    write_bytes(folder / fmt::format("{}_{}.nii", folder.filename().string(), io::brats_task()->modalities()[m]),
                image.bytes());
  }
}

io::CaseVolumes phantom(const TemporaryFolder& folder) {
  return io::load_case(io::find_cases(make_phantoms(folder / "phantoms", 1))[0]);
}

}  // namespace

TEST_CASE("the same case in other layouts: predictions in the convention of each, equal scores", "[data]") {
  const TemporaryFolder folder;
  const io::CaseVolumes v = phantom(folder);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  write_2023(folder / "2023/Phantom_001", v);
  write_decathlon(folder / "msd", v);
  for (const char* name : {"phantoms", "2023", "msd"}) {
    REQUIRE(predict(weights, folder / name, folder / fmt::format("out-{}", name)).exit_code == 0);
  }
  const std::vector<uint8_t> brats = io::read_nifti_labels(folder / "out-phantoms/Phantom_001.nii.gz").labels,
                             as_2023 = io::read_nifti_labels(folder / "out-2023/Phantom_001.nii.gz").labels,
                             msd = io::read_nifti_labels(folder / "out-msd/BRATS_001.nii.gz").labels;
  constexpr std::array<uint8_t, 5> value_2023 = {0, 1, 2, 9, 3}, value_msd = {0, 2, 1, 9, 3};
  int64_t wrong = 0;
  std::array<int64_t, 5> counts{};
  for (size_t i = 0; i < brats.size(); ++i) {
    wrong += as_2023[i] != value_2023.at(brats[i]) || msd[i] != value_msd.at(brats[i]);
    ++counts.at(brats[i]);
  }
  CHECK(wrong == 0);
  CHECK(counts[1] + counts[2] + counts[4] > 0);  // otherwise the check above says little

  const auto scores = [&](const std::string& name) {
    const fs::path json = folder / (name + ".json");
    const ToolResult got = run_tool(
        "revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --json '{}'", (folder / name).string(),
                                        (folder / ("out-" + name)).string(), json.string()));
    REQUIRE(got.exit_code == 0);
    return nlohmann::json::parse(read_bytes(json)).at("mean");
  };
  const nlohmann::json expected = scores("phantoms");
  CHECK(scores("2023") == expected);
  CHECK(scores("msd") == expected);
}

TEST_CASE("training reads other layouts, and --labels says what a file's numbers are", "[data]") {
  const TemporaryFolder folder;
  const io::CaseVolumes v = phantom(folder);
  write_2023(folder / "2023/a", v);
  write_decathlon(folder / "msd", v);
  const std::string options = std::string(tiny_options) + " --max-steps 1 --val-fraction 0";
  const auto loss = [&](const std::string& data, const std::string& more) {
    const fs::path out = folder / ("run-" + fs::path(data).filename().string());
    const ToolResult got = train(folder / data, out, options + more);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    return column(read_csv(out / "log.csv"), "loss").at(0);
  };
  const std::string expected = loss("phantoms", "");
  CHECK(loss("2023", "") == expected);
  CHECK(loss("msd", "") == expected);

  // Decathlon's numbers have names, which an option contradicts.
  const ToolResult other = train(folder / "msd", folder / "other", options + " --labels brats2023");
  CHECK(other.exit_code == 0);
  CHECK_THAT(
      other.errors,
      ContainsSubstring("revunet-train: note: [") &&
          ContainsSubstring("dataset.json] names other labels (0 background, 1 oedema, 2 core, 3 enhancing) than "
                            "those that are taken in their place: brats2023 (0 background, 1 core, 2 oedema"));
  CHECK_THAT(train(folder / "msd", folder / "same", options + " --labels msd").errors, !ContainsSubstring("note:"));

  const ToolResult wrong = train(folder / "2023", folder / "wrong", options + " --labels brats");
  CHECK(wrong.exit_code == 3);
  CHECK_THAT(wrong.errors, ContainsSubstring("(profile brats), got 3 ") && ContainsSubstring("--labels brats2023"));
  REQUIRE(train(folder / "2023", folder / "kept", options + " --labels brats2024").exit_code == 0);
  CHECK_THAT(read_bytes(folder / "kept/config.toml"), ContainsSubstring("labels = \"brats2024\""));
}

TEST_CASE("a case in another orientation is predicted alike, in its own", "[data]") {
  const TemporaryFolder folder;
  const io::CaseVolumes v = phantom(folder);
  const auto [X, Y, Z] = v.grid.size;
  write_turned(folder / "turned", v);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  REQUIRE(predict(weights, folder / "phantoms", folder / "out", "--probabilities").exit_code == 0);
  REQUIRE(predict(weights, folder / "turned", folder / "out", "--probabilities").exit_code == 0);
  const io::LabelImage straight = io::read_nifti_labels(folder / "out/Phantom_001.nii.gz"),
                       turned = io::read_nifti_labels(folder / "out/turned.nii.gz");
  const io::NiftiImage straight_p = io::read_nifti(folder / "out/Phantom_001_probabilities.nii.gz"),
                       turned_p = io::read_nifti(folder / "out/turned_probabilities.nii.gz");
  CHECK(io::same_grid(turned.grid, io::read_nifti_header(folder / "turned/turned_t1.nii").grid));
  CHECK(turned.grid.affine(1, 0) == 1);  // x to the front, as in the files
  int64_t wrong = 0;
  const size_t count = straight.labels.size();
  for (int64_t z = 0; z < Z; ++z) {
    for (int64_t y = 0; y < Y; ++y) {
      for (int64_t x = 0; x < X; ++x) {
        const auto here = static_cast<size_t>(x + X * (y + Y * z));
        const auto there = static_cast<size_t>((Y - 1 - y) + Y * (z + Z * (X - 1 - x)));
        wrong += straight.labels[here] != turned.labels[there];
        for (size_t f = 0; f < 3; ++f) {
          wrong += straight_p.voxels[f * count + here] != turned_p.voxels[f * count + there];
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(std::any_of(straight.labels.begin(), straight.labels.end(), [](uint8_t label) { return label != 0; }));
}
