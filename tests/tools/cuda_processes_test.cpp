// Tests revunet-train on the simulated CUDA devices of several processes (tests/cusim): that they train as one process
// does, and how they share devices.
#include "engine/distributed/communicator.h"
#include "tests/support/catch.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr int kLimit = 200;  // seconds; a run takes a few

// Trains on the devices of these numbers.
ToolResult train_on_devices(const std::string& devices, int processes, const std::string& options) {
  const std::string launcher = processes > 1 ? fmt::format("mpirun -n {} ", processes) : "";
  return run_limited(fmt::format("export REVUNET_CUSIM_DEVICES='{}'; {}'{}/cusim/revunet-train' {}", devices, launcher,
                                 tools_dir(), options),
                     kLimit);
}

// Returns the options of a run of a small network.
std::string options_of(const fs::path& data, const fs::path& out, const std::string& more) {
  return fmt::format("--data '{}' --out '{}' --channels 4,8 --size 16,16,16 --val-fraction 0.3 --seed 2 {}",
                     data.string(), out.string(), more);
}

bool same_weights(const fs::path& run, const fs::path& other) {
  const auto same = [&](const char* file) { return read_bytes(run / file) == read_bytes(other / file); };
  return same("last.safetensors") && same("best.safetensors");
}

}  // namespace

// The stand-in of NCCL adds the processes' gradients one after the other, as the kernels of one process add those of
// its samples. NCCL itself has an order of its own.
TEST_CASE("several processes on CUDA devices have the bits of one that accumulates as many samples", "[cuda]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 7);  // 5 to train on: the last step has fewer samples
  const auto check_same = [&](const std::string& options, int processes) {
    CAPTURE(options, processes);
    const fs::path one = folder / fmt::format("one-{}", options), several = folder / fmt::format("several-{}", options);
    const ToolResult alone =
        train_on_devices("0", 1, options_of(data, one, fmt::format("{} --accumulate {}", options, processes)));
    INFO(alone.errors);
    REQUIRE(alone.exit_code == 0);
    const ToolResult got = train_on_devices("0,1,2", processes, options_of(data, several, options));
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    CHECK(same_weights(several, one));
    CHECK_THAT(read_bytes(several / "config.toml"), ContainsSubstring("device = \"cuda\"\n"));
  };
  check_same("--epochs 2 --lr 0.003 --augment paper --ema 0.9 --dropout 0.2 --clip-gradients 1", 2);
  check_same("--epochs 1 --skips stored --activations stored", 2);
  check_same("--epochs 1 --precision bf16", 3);
}

TEST_CASE("a run goes on with another number of CUDA devices, and a fused step has the same bits on them", "[cuda]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 6);
  const auto run = [&](const char* name, const std::string& more) {
    const ToolResult got = train_on_devices("0,1", 2, options_of(data, folder / name, more));
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
  };
  run("whole", "--epochs 2");
  run("fused", "--epochs 2 --optimiser-step fused");
  CHECK(same_weights(folder / "fused", folder / "whole"));

  run("resumed", "--epochs 1");
  const std::string go_on = fmt::format("--resume '{}' --epochs 2", (folder / "resumed").string());
  // The configuration says cuda, so that no process goes on elsewhere.
  const ToolResult elsewhere = train_on_devices("", 2, go_on);
  CHECK(elsewhere.exit_code == 2);
  CHECK_THAT(elsewhere.errors, ContainsSubstring("[--device] expected a CUDA device, got none"));
  const ToolResult resumed = train_on_devices("4,3", 2, go_on);
  INFO(resumed.errors);
  CHECK(resumed.exit_code == 0);
  const ToolResult alone = train_on_devices("1", 1, go_on + " --accumulate 2");
  INFO(alone.errors);
  CHECK(alone.exit_code == 0);
}

TEST_CASE("two processes on one CUDA device are refused before anything is written, with what to do", "[cuda]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = folder / "data", run = folder / "run";  // there is no data: the device comes first
  const auto refused = [&](const std::string& devices, int processes, const std::string& options,
                           const std::string& reason) {
    const ToolResult got = train_on_devices(devices, processes, options_of(data, run, options));
    INFO(got.errors);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring(reason) && ContainsSubstring("revunet-train: error: "));
    CHECK_FALSE(fs::exists(run));
  };
  const std::string host = host_name();
  refused("2", 2, "",
          fmt::format("[--device] expected a CUDA device for each process, got ranks 0 and 1 both on the device "
                      "0000:02:00.0 of {}; start one process per device, with --device cuda",
                      host));
  refused("0,1", 2, "--device cuda:1", "got ranks 0 and 1 both on the device 0000:01:00.0");
  refused("0,1", 3, "--device cuda",
          fmt::format("[--device] expected a CUDA device for each of the 3 processes on {}, got 2 devices; start at "
                      "most 2 processes there, or use --device cpu",
                      host));
}
