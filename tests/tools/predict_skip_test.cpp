// Tests revunet-predict on folders where some cases are done (--skip-existing) or are bad (--skip-bad), and where it is
// interrupted.
#include "io/nifti/nifti.h"
#include "tests/io/damage.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

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
