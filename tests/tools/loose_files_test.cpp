// Tests revunet-predict on loose files, and what it refuses of them.
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("revunet-predict takes loose files as it takes the case that they make", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "w.safetensors");
  REQUIRE(predict(weights, data, folder / "expected").exit_code == 0);
  std::string files;
  for (const char* modality : {"t1", "t1ce", "t2", "flair"}) {
    const fs::path moved = folder / fmt::format("moved_{}", modality) / fmt::format("Patient-{}.nii.gz", modality);
    fs::create_directories(moved.parent_path());
    fs::rename(data / "Phantom_001" / fmt::format("Phantom_001_{}.nii.gz", modality), moved);
    files += fmt::format(" --{} '{}'", modality, moved.string());
  }
  const auto run = [&](const std::string& more) {
    return run_tool("revunet-predict", fmt::format("--weights '{}' {}", weights.string(), more), patient_threads);
  };
  const std::string out = (folder / "out").string();
  const ToolResult got = run(fmt::format("--out '{}'{}", out, files));
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  CHECK(read_bytes(folder / "out/Patient.nii.gz") == read_bytes(folder / "expected/Phantom_001.nii.gz"));
  CHECK(run(fmt::format("--out '{}'{} --name P7", out, files)).exit_code == 0);
  CHECK(read_bytes(folder / "out/P7.nii.gz") == read_bytes(folder / "expected/Phantom_001.nii.gz"));

  const auto refused = [&](const std::string& more, int exit_code, const std::string& reason) {
    INFO(more);
    const ToolResult result = run(fmt::format("--out '{}' {}", (folder / "refused").string(), more));
    CHECK(result.exit_code == exit_code);
    CHECK_THAT(result.errors, ContainsSubstring(reason));
    CHECK_FALSE(fs::exists(folder / "refused"));
  };
  const std::string two = files.substr(0, files.find(" --t2"));
  const std::string t1 = files.substr(0, files.find(" --t1ce")), path = t1.substr(t1.find('\''));
  refused(two, 2, "got no --t2, no --flair; add what is missing, or give --missing-modality zero");
  refused("", 2, "got neither");
  refused(files + " --data '" + data.string() + "'", 2, "got both");
  refused("--name P7 --data '" + data.string() + "'", 2, "[--name]");
  refused(files + " --name a/b", 2, "[--name] expected a name for files, without /, got 'a/b'");
  refused(two + " --missing-modality zero --flair " + path, 2, "[--t1, --flair] expected two files");
  refused(two + " --missing-modality zero --flair /nonexistent.nii.gz", 3, "/nonexistent.nii.gz]");
  const ToolResult partial = run(fmt::format("--out '{}'{} --missing-modality zero", (folder / "two").string(), two));
  CHECK(partial.exit_code == 0);
  CHECK_THAT(partial.output, ContainsSubstring("1/1 Patient  WT ") && ContainsSubstring("without t2 and flair"));
}
