// Tests revunet-phantom: its cases are valid BraTS cases, the same for anybody.
#include "io/phantom/phantom.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "tests/support/catch.h"
#include "tests/tools/tool_runner.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

ToolResult make(const fs::path& out, const std::string& more, const std::string& environment = "") {
  return run_tool("revunet-phantom", fmt::format("--out '{}' {}", out.string(), more), environment);
}

}  // namespace

TEST_CASE("phantoms are BraTS cases that the dataset reader takes", "[phantom]") {
  const TemporaryFolder folder;
  const ToolResult got = make(folder / "new/data", "--cases 2 --size 48,40,32 --seed 5");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  const std::vector<io::CaseFiles> cases = io::find_cases(folder / "new/data");
  REQUIRE(cases.size() == 2);
  CHECK(cases[0].name == "Phantom_001");
  CHECK(cases[1].name == "Phantom_002");
  const io::PhantomCase expected = io::make_phantom({48, 40, 32}, 5, 1);  // alone, not after the first
  const io::CaseVolumes second = io::load_case(cases[1]);
  CHECK(second.grid.size == std::array<int64_t, 3>{48, 40, 32});
  CHECK(second.grid.spacing == std::array<double, 3>{1, 1, 1});
  REQUIRE(second.labels.has_value());
  CHECK(*second.labels == expected.labels);
  for (size_t m = 0; m < 4; ++m) {
    CHECK(std::equal(second.modalities[m].begin(), second.modalities[m].end(), expected.modalities[m].begin(),
                     expected.modalities[m].end()));
  }
}

TEST_CASE("phantoms do not depend on the number of threads, but on the seed and the index", "[phantom]") {
  const TemporaryFolder folder;
  REQUIRE(make(folder / "a", "--size 48,48,32 --seed 1", "OMP_NUM_THREADS=1 ").exit_code == 0);
  REQUIRE(make(folder / "b", "--size 48,48,32 --seed 1", "OMP_NUM_THREADS=5 ").exit_code == 0);
  for (const char* suffix : {"t1", "t1ce", "t2", "flair", "seg"}) {
    const std::string file = fmt::format("Phantom_001/Phantom_001_{}.nii.gz", suffix);
    CHECK(read_bytes(folder / ("a/" + file)) == read_bytes(folder / ("b/" + file)));
  }
  const io::PhantomCase first = io::make_phantom({48, 48, 32}, 1, 0);
  CHECK(io::make_phantom({48, 48, 32}, 2, 0).labels != first.labels);
  CHECK(io::make_phantom({48, 48, 32}, 1, 1).labels != first.labels);
  CHECK(io::make_phantom({48, 48, 32}, 2, 0).modalities[io::kFlair] != first.modalities[io::kFlair]);
}

TEST_CASE("revunet-phantom refuses what it cannot or should not do", "[phantom]") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "data/Phantom_002");
  const ToolResult existing = make(folder / "data", "--cases 3 --size 32,32,32");
  CHECK(existing.exit_code == 3);
  CHECK_THAT(existing.errors, ContainsSubstring("data/Phantom_002") && ContainsSubstring("choose another --out"));
  CHECK_FALSE(fs::exists(folder / "data/Phantom_001"));
  write_bytes(folder / "file", "x");
  CHECK(make(folder / "file/data", "--size 32,32,32").exit_code == 3);

  for (const char* bad :
       {"--size 31,32,32", "--size 32,32,1025", "--size 32,32", "--size 32,32,x", "--size 32,32,32,32",
        "--size -32,32,32", "--cases 0", "--cases -1", "--seed -1", "--seed x", "stray"}) {
    INFO(bad);
    const ToolResult got = make(folder / "new", bad);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring("revunet-phantom: error: "));
  }
  CHECK_FALSE(fs::exists(folder / "new"));
  CHECK(run_tool("revunet-phantom", "").exit_code == 2);
  CHECK_THROWS_AS(io::make_phantom({16, 48, 48}, 0, 0), UsageError);
}
