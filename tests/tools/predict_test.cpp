// Tests revunet-predict as a program: values against the PyTorch reference, geometry of what it writes, refusals.
#include <cmath>
#include <cstring>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

void expect_refusal(const ToolResult& got, int exit_code, const std::string& reason) {
  CHECK(got.exit_code == exit_code);
  CHECK_THAT(got.errors, ContainsSubstring("revunet-predict: error: ") && ContainsSubstring(reason));
}

// Returns the label for a voxel's three probabilities, as BraTS nests the regions.
uint8_t label_of(float whole_tumour, float tumour_core, float enhancing) {
  if (enhancing > 0.5f) return 4;
  if (tumour_core > 0.5f) return 1;
  return whole_tumour > 0.5f ? 2 : 0;
}

constexpr std::array<int64_t, 3> oblique_size = {40, 36, 20};
struct Range {
  int64_t low, high;  // inclusive
};
constexpr std::array<Range, 3> brain = {Range{5, 24}, Range{4, 19}, Range{2, 13}};  // 20 x 16 x 12 voxels

bool within(const std::array<Range, 3>& box, const std::array<int64_t, 3>& at) {
  for (size_t i = 0; i < 3; ++i) {
    if (at[i] < box[i].low || at[i] > box[i].high) return false;
  }
  return true;
}

// Calls f(voxel's index, {x, y, z}), x fastest.
template <class F>
void for_each_voxel(const std::array<int64_t, 3>& size, F f) {
  size_t voxel = 0;
  for (int64_t z = 0; z < size[2]; ++z)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t x = 0; x < size[0]; ++x) f(voxel++, std::array<int64_t, 3>{x, y, z});
}

// Writes a case without segmentation: a block of a brain off the centre of an oblique, anisotropic int16 grid, with
// qform and sform that differ, a description and an intent. Returns the bytes of its files' header.
std::string write_oblique_case(const fs::path& folder) {
  fs::create_directories(folder);
  NiftiBytes image;
  image.dims({oblique_size[0], oblique_size[1], oblique_size[2]});
  image.pixdim(0, -1);                    // a left-handed qform
  image.pixdim(1, std::hypot(0.9, 0.1));  // the lengths of the sform's columns
  image.pixdim(2, std::hypot(0.1, 1.1, 0.2));
  image.pixdim(3, std::hypot(0.2, 2.5));
  image.qform(0.1, 0.2, 0.3, -11.5, 22.25, -33);
  image.srow({0.9, 0.1, 0, -80, -0.1, 1.1, 0.2, 60, 0, -0.2, 2.5, -40});
  image.put<int16_t>(254, 4);  // sform_code: MNI
  image.header.replace(148, 7, "a title");
  for (const std::string modality : {"t1", "t1ce", "t2", "flair"}) {
    const auto own = static_cast<int64_t>(modality[1]) + std::ssize(modality);  // no two images are equal
    std::vector<int16_t> voxels(static_cast<size_t>(oblique_size[0] * oblique_size[1] * oblique_size[2]));
    for_each_voxel(oblique_size, [&](size_t voxel, const std::array<int64_t, 3>& at) {
      const auto texture = static_cast<int16_t>(100 + (at[0] * 7 + at[1] * 13 + at[2] * 29 + own) % 97);
      if (within(brain, at)) voxels[voxel] = texture;
    });
    image.fill(voxels);
    write_bytes(folder / fmt::format("{}_{}.nii", folder.filename().string(), modality), image.bytes());
  }
  return image.header;
}

}  // namespace

TEST_CASE("the reference's weights give the reference's probabilities", "[predict]") {
  const io::SafetensorsFile golden = io::read_safetensors(golden_dir() + "/revunet_tiny_e1d1.safetensors");
  constexpr int64_t X = 32, Y = 48, Z = 16, voxels = X * Y * Z;
  REQUIRE(golden.at("input").shape() == std::vector<int64_t>{1, 4, X, Y, Z});
  const std::vector<float> input = golden.at("input").to_f32(), expected = golden.at("output").to_f32();

  // Writes the input as a case: reference index (c, x, y, z), z fastest, becomes files with x fastest.
  const TemporaryFolder folder;
  fs::create_directories(folder / "reference");
  const auto reference_index = [&](size_t channel, const std::array<int64_t, 3>& at) {
    return channel * voxels + static_cast<size_t>((at[0] * Y + at[1]) * Z + at[2]);
  };
  const std::vector<char> header = io::make_nifti_header({X, Y, Z}, {1, 1, 1});
  std::array<double, 4> deviation{};
  for (size_t c = 0; c < 4; ++c) {
    std::vector<float> image(voxels);
    double sum = 0, squares = 0;
    for_each_voxel({X, Y, Z}, [&](size_t voxel, const std::array<int64_t, 3>& at) {
      image[voxel] = input[reference_index(c, at)];
      REQUIRE(image[voxel] != 0);
      sum += image[voxel];
      squares += double{image[voxel]} * image[voxel];
    });
    const double mean = sum / voxels;
    CHECK(std::abs(mean) < 0.015);  // uniform with deviation 1: two standard errors
    deviation[c] = std::sqrt(squares / voxels - mean * mean);
    io::write_nifti(folder / fmt::format("reference/reference_{}.nii.gz", io::brats_task()->modalities()[c]), header,
                    image, 1);
  }
  // Preprocessing standardises each modality. The first convolution's weights (O, I, taps) undo its division.
  io::SafetensorsFile weights;
  for (const auto& entry : golden.entries()) {
    if (!entry.name.starts_with("weight.")) continue;
    std::vector<float> values = entry.tensor.to_f32();
    if (entry.name == "weight.firstConv.weight") {
      for (size_t i = 0; i < values.size(); ++i) values[i] *= static_cast<float>(deviation[i / 27 % 4]);
    }
    weights.add(entry.name.substr(7), io::HostTensor::from_f32(entry.tensor.shape(), values));
  }
  io::write_safetensors(folder / "reference.safetensors", weights);

  // A full check warns about images without a background.
  const ToolResult got = predict(folder / "reference.safetensors", folder / "reference", folder / "out",
                                 "--probabilities --size 32,48,16 --check headers");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  CHECK_THAT(got.output, ContainsSubstring("reversible network, channels 8,16,24,32,40, ") &&
                             ContainsSubstring("field of view 32,48,16 (from --size)") &&
                             ContainsSubstring("1/1 reference  WT "));
  const io::NiftiImage probabilities = io::read_nifti(folder / "out/reference_probabilities.nii.gz");
  REQUIRE(probabilities.frames == 3);
  double squares_of_error = 0, variance = 0;
  for (size_t r = 0; r < 3; ++r) {
    double error = 0, sum = 0, squares = 0;
    for_each_voxel({X, Y, Z}, [&](size_t voxel, const std::array<int64_t, 3>& at) {
      const double want = expected[reference_index(r, at)];
      error += std::pow(probabilities.voxels[r * voxels + voxel] - want, 2);
      sum += want;
      squares += want * want;
    });
    squares_of_error += error / voxels;
    variance += squares / voxels - std::pow(sum / voxels, 2);
  }
  // The subtraction of the small means remains. A wrong order of axes or channels gives a ratio above 1.
  CHECK(std::sqrt(squares_of_error / variance) < 0.02);
}

TEST_CASE("to a network, a missing modality is one that it does not look at", "[predict]") {
  const size_t missing = GENERATE(0, 2);  // grid and header are taken from the first
  const TemporaryFolder folder;
  const fs::path data = folder / "oblique", weights = write_untrained(folder / "w.safetensors");
  write_oblique_case(data);
  const auto blind = changed(io::read_safetensors(weights), true, [&](const std::string& name, io::HostTensor tensor) {
    if (name != "firstConv.weight") return tensor;
    std::vector<float> values = tensor.to_f32();  // (O, I, taps)
    for (size_t i = 0; i < values.size(); ++i) {
      if (i / 27 % 4 == missing) values[i] = 0;
    }
    return io::HostTensor::from_f32(tensor.shape(), values);
  });
  io::write_safetensors(folder / "blind.safetensors", blind);
  const std::string options = "--probabilities --size 32,16,16";
  REQUIRE(predict(folder / "blind.safetensors", data, folder / "expected", options).exit_code == 0);

  const std::string name = io::brats_task()->modalities()[missing];
  fs::remove(data / ("oblique_" + name + ".nii"));
  expect_refusal(predict(weights, data, folder / "refused", options), 3, "got no " + name + "; add what is missing");
  const ToolResult got = predict(weights, data, folder / "out", options + " --missing-modality zero");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.errors, !ContainsSubstring("error"));  // only the check's warnings about an oblique grid
  CHECK_THAT(got.output, ContainsSubstring(" s  without " + name + "\n"));
  for (const char* file : {"oblique.nii.gz", "oblique_probabilities.nii.gz"}) {
    const io::NiftiImage expected = io::read_nifti(folder / "expected" / file),
                         made = io::read_nifti(folder / "out" / file);
    CHECK(made.voxels == expected.voxels);
    CHECK(made.header == expected.header);
  }
  for (const char* other : {"t1", "t1ce", "t2", "flair"}) fs::remove(data / fmt::format("oblique_{}.nii", other));
  expect_refusal(predict(weights, data, folder / "none", options + " --missing-modality zero"), 3, "expected");
}

TEST_CASE("predictions lie on the input's grid, and are zero outside the field of view", "[predict]") {
  const TemporaryFolder folder;
  const std::string header = write_oblique_case(folder / "oblique");
  const ToolResult got = predict(write_untrained(folder / "w.safetensors"), folder / "oblique", folder / "out",
                                 "--probabilities --size 16,16,16");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.errors, ContainsSubstring("warning: oblique: the box of the voxels that are not 0 is 4,0,0 voxels "
                                           "larger along x,y,z than the field of view 16,16,16"));
  const fs::path labels_file = folder / "out/oblique.nii.gz", floats_file = folder / "out/oblique_probabilities.nii.gz";
  const io::LabelImage labels = io::read_nifti_labels(labels_file);
  const io::NiftiImage floats = io::read_nifti(floats_file);
  for (const std::vector<char>* written : {&labels.header, &floats.header}) {
    const std::string bytes(written->begin(), written->end());
    REQUIRE(bytes.size() == 348);
    CHECK(bytes.substr(42, 6) == header.substr(42, 6));      // x, y, z
    CHECK(bytes.substr(76, 16) == header.substr(76, 16));    // qfac and spacings
    CHECK(bytes.substr(123, 1) == header.substr(123, 1));    // units
    CHECK(bytes.substr(148, 80) == header.substr(148, 80));  // description
    CHECK(bytes.substr(252, 76) == header.substr(252, 76));  // qform and sform, codes and values
  }
  const auto number = [](const std::vector<char>& bytes, size_t offset) {
    int16_t value;
    std::memcpy(&value, &bytes[offset], sizeof value);
    return value;
  };
  CHECK(number(labels.header, 70) == 2);   // uint8
  CHECK(number(labels.header, 40) == 3);   // dimensions
  CHECK(number(floats.header, 70) == 16);  // float32
  CHECK(number(floats.header, 40) == 4);
  CHECK(floats.frames == 3);

  // The middle 16 of the 20 voxels along x fit. The sigmoid is above zero wherever the network has looked.
  constexpr std::array<Range, 3> seen = {Range{7, 22}, brain[1], brain[2]};
  const size_t frame = labels.labels.size();
  int64_t misplaced = 0, out_of_range = 0, inconsistent = 0;
  std::array<int64_t, 5> counts{};
  for_each_voxel(oblique_size, [&](size_t voxel, const std::array<int64_t, 3>& at) {
    const float wt = floats.voxels[voxel], tc = floats.voxels[frame + voxel], et = floats.voxels[2 * frame + voxel];
    for (const float p : {wt, tc, et}) {
      misplaced += (p > 0) != within(seen, at);
      out_of_range += !(p >= 0 && p <= 1);
    }
    misplaced += labels.labels[voxel] != 0 && !within(seen, at);
    inconsistent += labels.labels[voxel] != label_of(wt, tc, et);
    ++counts.at(labels.labels[voxel]);
  });
  CHECK(misplaced == 0);
  CHECK(out_of_range == 0);
  CHECK(inconsistent == 0);
  CHECK(counts[1] + counts[2] + counts[4] > 0);  // otherwise the checks above say little
  CHECK_THAT(got.output,
             ContainsSubstring(fmt::format("1/1 oblique  WT {} TC {} ET {} voxels", counts[1] + counts[2] + counts[4],
                                           counts[1] + counts[4], counts[4])));
}

TEST_CASE("a trained network's predictions are evaluated as they lie", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  REQUIRE(train(data, folder / "run", std::string(tiny_options) + " --max-steps 2").exit_code == 0);
  const ToolResult got = predict(folder / "run/best.safetensors", data, folder / "new/out", "--probabilities");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  CHECK_THAT(got.output, ContainsSubstring("field of view 32,32,32 (from the weights); 3 cases") &&
                             ContainsSubstring("1/3 Phantom_001  WT ") && ContainsSubstring("3/3 Phantom_003  WT "));
  const std::string folders =
      fmt::format("--reference '{}' --prediction '{}'", data.string(), (folder / "new/out").string());
  const ToolResult scores = run_tool("revunet-evaluate", folders);
  CHECK(scores.exit_code == 0);
  CHECK(scores.errors.empty());
  CHECK_THAT(scores.output, ContainsSubstring("mean         WT") && !ContainsSubstring("probabilities"));
}

TEST_CASE("predictions do not depend on threads, metadata or a segmentation next to the images", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  io::write_safetensors(folder / "foreign.safetensors", without_metadata(io::read_safetensors(weights)));
  REQUIRE(predict(weights, data, folder / "a", "--probabilities --threads 1").exit_code == 0);
  REQUIRE(predict(weights, data, folder / "b", "--probabilities --threads 2").exit_code == 0);
  write_bytes(data / "Phantom_001/Phantom_001_seg.nii.gz", "no segmentation");
  REQUIRE(predict(folder / "foreign.safetensors", data, folder / "c", "--probabilities --size 32,32,32").exit_code ==
          0);
  fs::remove(data / "Phantom_001/Phantom_001_seg.nii.gz");
  REQUIRE(predict(weights, data / "Phantom_001", folder / "d").exit_code == 0);
  for (const char* other : {"b", "c"}) {
    INFO(other);
    for (const char* file : {"Phantom_001.nii.gz", "Phantom_001_probabilities.nii.gz"}) {
      CHECK(read_bytes(folder / other / file) == read_bytes(folder / "a" / file));
    }
  }
  CHECK(read_bytes(folder / "d/Phantom_001.nii.gz") == read_bytes(folder / "a/Phantom_001.nii.gz"));
  CHECK_FALSE(fs::exists(folder / "d/Phantom_001_probabilities.nii.gz"));
}

TEST_CASE("revunet-predict refuses bad usage with exit code 2, and what is in the way of its files", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), weights = write_untrained(folder / "w.safetensors");
  const auto refused = [&](const fs::path& with, const std::string& options, const std::string& reason) {
    INFO(options);
    expect_refusal(predict(with, data, folder / "out", options), 2, reason);
    CHECK_FALSE(fs::exists(folder / "out"));
  };
  refused(weights, "--unknown", "--unknown");
  refused(weights, "--size 31,32,32", "multiples of 2 for 2 levels, got 31,32,32; the nearest are 32,32,32");
  refused(weights, "--size 32,32", "[--size] expected three positive sizes");
  refused(weights, "--threads -1", "[--threads]");
  // Seven levels take multiples of 64, so that the field of view that other programs' weights get shows without
  // computing it.
  const fs::path seven = write_untrained(folder / "seven.safetensors", {.channels = {2, 2, 2, 2, 2, 2, 2}});
  io::write_safetensors(folder / "foreign.safetensors", without_metadata(io::read_safetensors(seven)));
  refused(folder / "foreign.safetensors", "", "multiples of 64 for 7 levels, got 160,192,160");
  expect_refusal(run_tool("revunet-predict", "--data x --out y"), 2, "--weights is required");

  // The files of one of the two cases exist, so neither is computed.
  for (const char* there : {"Phantom_002.nii.gz", "Phantom_002_probabilities.nii.gz"}) {
    const fs::path out = folder / (std::string("holding_") + there);
    fs::create_directories(out);
    write_bytes(out / there, "earlier");
    expect_refusal(predict(weights, data, out, "--probabilities"), 2, std::string(there) + "; add --skip-existing");
    CHECK(read_bytes(out / there) == "earlier");
    CHECK_FALSE(fs::exists(out / "Phantom_001.nii.gz"));
  }
  expect_refusal(predict(weights, data, weights / "out"), 3, "w.safetensors/out] expected to make this folder");

  // The second case's labels would have the name of the first one's probabilities.
  const std::string first = "Phantom_001", second = "Phantom_001_probabilities";
  fs::create_directories(data / second);
  for (const char* suffix : {"_t1.nii.gz", "_t1ce.nii.gz", "_t2.nii.gz", "_flair.nii.gz"}) {
    fs::copy_file(data / first / (first + suffix), data / second / (second + suffix));
  }
  refused(weights, "--probabilities", "files differ in name, got");
}

TEST_CASE("revunet-predict refuses bad data with exit code 3", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), out = folder / "out";
  const fs::path weights = write_untrained(folder / "w.safetensors");
  expect_refusal(predict(folder / "absent.safetensors", data, out), 3, "absent.safetensors");
  expect_refusal(predict(weights, folder / "absent", out), 3, "absent]");
  write_bytes(folder / "cut.safetensors", read_bytes(weights).substr(0, 2000));
  expect_refusal(predict(folder / "cut.safetensors", data, out), 3, "cut.safetensors");
  io::SafetensorsFile edited = io::read_safetensors(weights);
  edited.metadata["channels"] = "four";
  io::write_safetensors(folder / "edited.safetensors", edited);
  expect_refusal(predict(folder / "edited.safetensors", data, out), 3, "edited.safetensors");
  edited = io::read_safetensors(weights);
  edited.metadata["size"] = "33,32,32";
  io::write_safetensors(folder / "odd.safetensors", edited);
  expect_refusal(predict(folder / "odd.safetensors", data, out), 3, "odd.safetensors");
  CHECK_FALSE(fs::exists(out));

  const fs::path t2 = data / "Phantom_001/Phantom_001_t2.nii.gz";
  const std::string bytes = read_bytes(t2);
  write_bytes(t2, bytes.substr(0, bytes.size() / 2));
  expect_refusal(predict(weights, data, out), 3, "Phantom_001_t2.nii.gz");
  fs::remove(t2);
  expect_refusal(predict(weights, data, out), 3, "got no t2; add what is missing");
  CHECK_FALSE(fs::exists(out / "Phantom_001.nii.gz"));
}

TEST_CASE("a prediction that is not a number ends with exit code 1, naming the case", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "w.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 3e38f));
  expect_refusal(predict(folder / "huge.safetensors", data, folder / "out", "--probabilities"), 1,
                 "[Phantom_001] expected probabilities, got NaN");
  CHECK(fs::is_empty(folder / "out"));
}
