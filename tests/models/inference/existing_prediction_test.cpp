// Tests what is said of files that an earlier prediction has left.
#include "models/inference/existing_prediction.h"

#include "engine/error.h"
#include "tests/io/damage.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// A Predicted is a case of one modality on a grid, and the files of its prediction.
struct Predicted {
  io::CaseFiles c{"A", io::LabelProfile::brats()};
  PredictionFiles files;
};

constexpr io::Index3 small = {4, 5, 3};

Predicted write_predicted(const fs::path& folder) {
  const std::vector<char> header = io::make_nifti_header(small, {1, 1, 1});
  Predicted p;
  p.c.modalities[0].path = folder / "A_t1.nii.gz";
  io::write_nifti(p.c.modalities[0].path, header, std::vector<int16_t>(60, 7));
  p.files = {
      .labels = folder / "A.nii.gz", .probabilities = folder / "A_probabilities.nii.gz", .overlay = folder / "A.png"};
  io::write_nifti(p.files.labels, header, std::vector<uint8_t>(60, 4));
  io::write_nifti(*p.files.probabilities, header, std::vector<float>(180, 0.5f), 3);
  // This is the smallest PNG: one grey pixel.
  write_bytes(
      *p.files.overlay,
      std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\nIDATx\x9c\x63\x60\0"
                  "\0\0\2\0\1\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82",
                  67));
  return p;
}

}  // namespace

TEST_CASE("a prediction is whole, damaged, not there, or another's", "[predict]") {
  using State = Existing::State;
  const TemporaryFolder folder;
  Predicted p = write_predicted(folder.path());
  const auto state = [&] { return existing_prediction(p.c, p.files).state; };
  const auto refusal = [&] { return message_of<DataError>([&] { existing_prediction(p.c, p.files); }); };
  CHECK(state() == State::whole);

  for (const fs::path& file : {p.files.labels, *p.files.probabilities, *p.files.overlay}) {
    const std::string bytes = read_bytes(file);
    cut_in_two(file);
    const Existing damaged = existing_prediction(p.c, p.files);
    CHECK(damaged.state == State::damaged);
    CHECK_THAT(damaged.damage, ContainsSubstring(file.string() + "]"));
    fs::remove(file);
    if (file == p.files.labels) {
      CHECK(state() == State::none);
    } else {  // to make it, the labels would be made again
      CHECK_THAT(refusal(), ContainsSubstring("A.nii.gz] expected " + file.filename().string() + " next to it"));
    }
    write_bytes(file, bytes);
  }
  CHECK(state() == State::whole);

  const auto write_labels = [&](const io::Index3& size, double spacing, uint8_t value) {
    const auto voxels = static_cast<size_t>(size[0] * size[1] * size[2]);
    io::write_nifti(p.files.labels, io::make_nifti_header(size, {spacing, 1, 1}), std::vector<uint8_t>(voxels, value));
  };
  write_labels({4, 5, 4}, 1, 4);
  CHECK_THAT(refusal(), ContainsSubstring("A.nii.gz] expected a prediction on the grid of the case's images, 4 x 5 x 3 "
                                          "voxels, got 4 x 5 x 4 voxels"));
  fs::rename(*p.files.overlay, folder / "elsewhere");  // existing files are judged all the same
  CHECK_THAT(refusal(), ContainsSubstring("A.nii.gz] expected a prediction on the grid"));
  fs::rename(folder / "elsewhere", *p.files.overlay);
  write_labels(small, 2, 4);
  CHECK_THAT(refusal(), ContainsSubstring("voxels with another affine"));
  write_labels(small, 1, 3);
  CHECK_THAT(refusal(), ContainsSubstring("A.nii.gz]") && ContainsSubstring("3"));
  write_labels(small, 1, 2);
  CHECK(state() == State::whole);
  io::write_nifti(*p.files.probabilities, io::make_nifti_header(small, {1, 1, 1}), std::vector<float>(60, 0.5f), 1);
  CHECK_THAT(refusal(), ContainsSubstring("A_probabilities.nii.gz] expected 3 frames of probabilities, got 1"));
  p.files.probabilities.reset();  // not asked for
  p.files.overlay.reset();
  CHECK(state() == State::whole);
  write_bytes(p.c.modalities[0].path, "no image");
  CHECK_THAT(refusal(), ContainsSubstring("A_t1.nii.gz]"));
}
