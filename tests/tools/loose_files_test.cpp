// Tests cases of loose files: their names, and what is refused.
#include "tools/predict/loose_files.h"

#include <ranges>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("a case of loose files has the name that theirs share", "[predict]") {
  using Paths = std::vector<fs::path>;
  struct Named {
    Paths files;
    const char* name;
  };
  for (const Named& named : {
           Named{{"a/P7_t1.nii.gz", "a/P7_t1ce.nii.gz", "a/P7_t2.nii.gz", "a/P7_flair.nii.gz"}, "P7"},
           Named{{"P7_t1.nii.gz", "P7_t1ce.nii.gz"}, "P7"},  // not P7_t1
           Named{{"P7_t1.nii.gz"}, "P7"},
           Named{{"BraTS-GLI-00005-100-t1n.nii.gz", "BraTS-GLI-00005-100-t1c.nii.gz", "BraTS-GLI-00005-100-t2w.nii.gz",
                  "BraTS-GLI-00005-100-t2f.nii.gz"},
                 "BraTS-GLI-00005-100"},
           Named{{"sub-01_ses-2_T1w.nii.gz", "sub-01_ses-2_ce-gd_T1w.nii.gz", "sub-01_ses-2_T2w.nii",
                  "sub-01_ses-2_FLAIR.nii.gz"},
                 "sub-01_ses-2"},
           Named{{"T1_P7.nii.gz", "T1Gd_P7.nii.gz", "T2_P7.nii.gz", "FLAIR_P7.nii.gz"}, "P7"},
           Named{{"t1/P7.nii.gz", "t1ce/P7.nii.gz", "t2/P7.nii.gz", "flair/P7.nii.gz"}, "P7"},
           Named{{"scans/P7/t1.nii.gz", "scans/P7/t1ce.nii.gz", "scans/P7/t2.nii.gz", "scans/P7/flair.nii.gz"}, "P7"},
           Named{{"brain_0000.nii.gz", "brain_0001.nii.gz"}, "brain"},
           Named{{"t1/a.nii.gz", "t2/b.nii.gz"}, ""},
       }) {
    INFO(fmt::format(
        "{}", fmt::join(named.files | std::views::transform([](const fs::path& p) { return p.string(); }), " ")));
    CHECK(common_name(named.files) == named.name);
  }
}

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
