// Tests revunet-predict on folders where some cases are done (--skip-existing) or are bad (--skip-bad), and where it is
// interrupted.
#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"
#include "tools/predict/existing.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

void cut_in_two(const fs::path& file) {
  const std::string bytes = read_bytes(file);
  write_bytes(file, bytes.substr(0, bytes.size() / 2));
}

// A Predicted is a case of one modality on a grid, and the files of its prediction.
struct Predicted {
  io::CaseFiles c;
  PredictionFiles files;
};

constexpr io::Index3 small = {4, 5, 3};

Predicted write_predicted(const fs::path& folder) {
  const std::vector<char> header = io::make_nifti_header(small, {1, 1, 1});
  Predicted p;
  p.c.name = "A";
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
    CHECK(state() == State::none);
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

TEST_CASE("what --skip-existing does: it predicts what is missing or damaged, and leaves the rest as it is",
          "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3), weights = write_untrained(folder / "w.safetensors");
  REQUIRE(predict(weights, data, folder / "expected").exit_code == 0);
  const fs::path out = folder / "out";
  fs::create_directories(out);
  // The first case's prediction exists, with other labels than the network gives. The second's is cut.
  const fs::path first = out / "Phantom_001.nii.gz", second = out / "Phantom_002.nii.gz";
  io::write_nifti(first, io::read_nifti_header(folder / "expected/Phantom_001.nii.gz").header,
                  std::vector<uint8_t>(32 * 32 * 32, 2));
  const std::string kept = read_bytes(first);
  fs::copy_file(folder / "expected/Phantom_002.nii.gz", second);
  cut_in_two(second);
  const ToolResult got = predict(weights, data, out, "--skip-existing");
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("1 of 3 cases are predicted already and left as they are") &&
                             ContainsSubstring("1/2 Phantom_002  WT ") && ContainsSubstring("2/2 Phantom_003  WT "));
  CHECK_THAT(got.errors, ContainsSubstring("Phantom_002.nii.gz]") && ContainsSubstring("it is predicted again"));
  CHECK(read_bytes(first) == kept);
  for (const char* name : {"Phantom_002.nii.gz", "Phantom_003.nii.gz"}) {
    CHECK(read_bytes(out / name) == read_bytes(folder / "expected" / name));
  }
  const ToolResult again = predict(weights, data, out, "--skip-existing");
  CHECK(again.exit_code == 0);
  CHECK_THAT(again.output, ContainsSubstring("3 of 3 cases are predicted already"));

  io::write_nifti(first, io::make_nifti_header({8, 8, 8}, {1, 1, 1}), std::vector<uint8_t>(512));
  const ToolResult other = predict(weights, data, out, "--skip-existing");
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.errors, ContainsSubstring("Phantom_001.nii.gz] expected a prediction on the grid"));
}

TEST_CASE("what --skip-bad does: it goes on past bad cases, and lists them", "[predict]") {
  const std::string check = GENERATE("full", "none");  // none: bad files show when they are read
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), weights = write_untrained(folder / "w.safetensors");
  const fs::path out = folder / "out";
  cut_in_two(data / "Phantom_001/Phantom_001_t1.nii.gz");
  fs::remove(data / "Phantom_003/Phantom_003_t2.nii.gz");
  fs::create_symlink(folder / "nowhere", data / "Linked");
  const ToolResult stopped = predict(weights, data, out, "--check " + check);
  CHECK(stopped.exit_code == 3);
  const ToolResult got = predict(weights, data, out, "--skip-bad --check " + check);
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("3 of 5 cases cannot be predicted:\n") &&
                             ContainsSubstring("\n  Linked: [") && ContainsSubstring("broken link") &&
                             ContainsSubstring("\n  Phantom_001: [") && ContainsSubstring("Phantom_001_t1.nii.gz] ") &&
                             ContainsSubstring("\n  Phantom_003: [") && ContainsSubstring("got no t2"));
  CHECK_THAT(got.output, ContainsSubstring("Phantom_002  WT ") && ContainsSubstring("Phantom_004  WT "));
  CHECK(std::distance(fs::directory_iterator(out), {}) == 2);

  // Where no case is left, nothing is made.
  for (const char* name : {"Phantom_002", "Phantom_004"}) fs::remove(data / name / (std::string(name) + "_t2.nii.gz"));
  const ToolResult none = predict(weights, data, folder / "none", "--skip-bad --check " + check);
  CHECK(none.exit_code == 1);
}

TEST_CASE("predictions of NaN are bad cases too", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "w.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 3e38f));
  const ToolResult got = predict(folder / "huge.safetensors", data, folder / "out", "--skip-bad");
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("1 of 1 cases cannot be predicted:\n  Phantom_001: [Phantom_001] expected "
                                           "probabilities, got NaN"));
}

TEST_CASE("an interrupted prediction leaves whole files, and goes on with --skip-existing", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3), weights = write_untrained(folder / "w.safetensors");
  const fs::path out = folder / "out";
  const std::string slow = "--patch 16,16,16 --overlap 0.75 --threads 1 --check none";
  const std::string run =
      fmt::format("{} '{}/revunet-predict' --weights '{}' --data '{}' --out '{}' {} 2>'{}' >/dev/null", patient_threads,
                  tools_dir(), weights.string(), data.string(), out.string(), slow, (folder / "errors").string());
  // Waits until the first case is done, or the program has failed.
  const std::string wait =
      fmt::format("until [ -e '{}' ] || ! kill -0 $p; do sleep 0.02; done", (out / "Phantom_001.nii.gz").string());
  const std::string command = fmt::format("{} & p=$!; {}; kill -TERM $p; wait $p", run, wait);
  write_bytes(folder / "run.sh", command);
  const int status = std::system(fmt::format("sh '{}'", (folder / "run.sh").string()).c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 4);
  CHECK_THAT(read_bytes(folder / "errors"),
             ContainsSubstring("1 of 3 cases are predicted") && ContainsSubstring("--skip-existing"));
  CHECK(std::distance(fs::directory_iterator(out), {}) == 1);
  const ToolResult got = predict(weights, data, out, slow + " --skip-existing");
  CHECK(got.exit_code == 0);
  REQUIRE(predict(weights, data, folder / "expected", slow).exit_code == 0);
  for (const char* name : {"Phantom_001.nii.gz", "Phantom_002.nii.gz", "Phantom_003.nii.gz"}) {
    CHECK(read_bytes(out / name) == read_bytes(folder / "expected" / name));
  }
}
