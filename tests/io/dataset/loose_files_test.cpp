// Tests names of cases of loose files.
#include "io/dataset/loose_files.h"

#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/catch.h"

using namespace revunet;
namespace fs = std::filesystem;

TEST_CASE("a case of loose files has the name that theirs share", "[data]") {
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
    CHECK(io::common_name(named.files) == named.name);
  }
}
