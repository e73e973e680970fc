// Tests sizes beyond reason: wherever they come from, they are refused before anything is made from them.
#include <nlohmann/json.hpp>

#include "io/nifti/volume_size.h"
#include "models/plan/settings_json.h"
#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Each overflows a product in int64 or size_t, is a division by zero, or is beyond any memory.
const std::vector<std::string> harmful_sizes = {"4194304,2097152,2097152",
                                                "4611686018427387904,2,2",
                                                "9223372036854775807,1,1",
                                                "2147483648,2147483648,2147483648",
                                                "4096,4096,4096",
                                                "4097,1,1",
                                                "0,16,16",
                                                "16,-16,16"};

}  // namespace

TEST_CASE("a size holds at most 4096 voxels along an axis and 2^30 in all", "[options]") {
  CHECK(io::parse_size("1024,1024,1024", "--size").voxels() == 1'073'741'824);
  CHECK(io::parse_size("4096,1,1", "--size")[0] == 4096);
  for (const std::string& size : harmful_sizes) {
    INFO(size);
    CHECK_THROWS_AS(io::parse_size(size, "--size"), UsageError);
    CHECK_THROWS_WITH(io::parse_size(size, "--size"),
                      ContainsSubstring("[--size] expected a size X,Y,Z of 1 to 4096") &&
                          ContainsSubstring("at most 1073741824 in all"));
  }
  CHECK_THROWS_WITH(io::parse_size("99999999999999999999,2,2", "--size"),
                    ContainsSubstring("[--size]") && ContainsSubstring("that a computer can hold"));
  CHECK_THROWS_AS(io::VolumeSize(1025, 1024, 1024), UsageError);
}

TEST_CASE("weights that name a size beyond reason are refused, with the file", "[weights]") {
  const TemporaryFolder folder;
  io::SafetensorsFile file = io::read_safetensors(write_untrained(folder / "w.safetensors"));
  for (const std::string& size : harmful_sizes) {
    INFO(size);
    file.metadata["size"] = size;
    CHECK_THROWS_AS(weights_info(file), DataError);
    CHECK_THROWS_WITH(weights_info(file), ContainsSubstring("metadata size of " + (folder / "w.safetensors").string()));
  }
}

TEST_CASE("a trace whose header names a size or network beyond reason is refused", "[trace]") {
  const nlohmann::json good =
      nlohmann::json::parse(to_json(MemorySettings{.network = tiny_network, .size = {16, 16, 16}}).dump());
  CHECK(settings_from_json(good).size == io::VolumeSize(16, 16, 16));
  const auto expect_refused = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[key] = value;
    INFO(bad.dump());
    CHECK_THROWS_AS(settings_from_json(bad), DataError);
  };
  for (const char* key : {"size", "validation", "augmented"}) {
    for (const std::string& size : harmful_sizes) expect_refused(key, nlohmann::json::parse("[" + size + "]"));
  }
  expect_refused("channels", {4, int64_t{1} << 62});
  expect_refused("channels", {1 << 20});
  expect_refused("channels", std::vector<int64_t>(64, 4));
  expect_refused("encoder_depth", int64_t{1} << 40);
  expect_refused("decoder_depth", int64_t{1} << 62);
}
