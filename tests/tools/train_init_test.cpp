// Tests revunet-train --init: a run that starts from weights.
#include <cmath>

#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

namespace {

const std::string tiny_init = tiny_options;

}  // namespace

TEST_CASE("training starts from --init weights", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const fs::path init = write_untrained(folder / "init.safetensors");  // its seed differs from the run's
  // A step of Adam moves a weight by at most about lr, which is less here than the least float32 that the tensors hold.
  REQUIRE(
      train(data, folder / "run", tiny_init + " --max-steps 1 --lr 1e-30 --init '" + init.string() + "'").exit_code ==
      0);
  const io::SafetensorsFile before = io::read_safetensors(init);
  const io::SafetensorsFile after = io::read_safetensors(folder / "run/last.safetensors");
  double moved = 0;
  for (const auto& entry : before.entries()) {
    const std::vector<double> a = entry.tensor.to_f64(), b = after.at(entry.name).to_f64();
    for (size_t i = 0; i < a.size(); ++i) moved = std::max(moved, std::abs(a[i] - b[i]));
  }
  CHECK(moved < 1e-29);
}

TEST_CASE("a run takes the network of its --init weights where no option says another", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const UNetConfig deep = {.channels = {8, 16}, .encoder_depth = 2};
  const fs::path init = write_untrained(folder / "init.safetensors", deep);
  const std::string options = "--size 32,32,32 --max-steps 1 --init '" + init.string() + "'";
  const ToolResult got = train(data, folder / "run", options);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK(weights_info(io::read_safetensors(folder / "run/last.safetensors")).config == deep);
  CHECK(train(data, folder / "said", options + " --encoder-depth 2 --channels 8,16").exit_code == 0);
  const std::string config = "--config '" + (folder / "run/config.toml").string() + "' --init '" +
                             write_untrained(folder / "other.safetensors").string() + "'";
  expect_train_refusal(train(data, folder / "other", config), 3, "expected weights of --channels 8,16, as given");
  expect_train_refusal(train(data, folder / "other", options + " --model baseline"), 3,
                       "expected weights of --model baseline, as given");
  CHECK_FALSE(fs::exists(folder / "other"));
}
