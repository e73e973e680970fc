// config.toml: every option of revunet-train that makes a run what it is, as it was typed.

#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"
#include "tools/train/protocol.h"
#include "tools/train/resolve_options.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

struct Parsed {
  TrainArguments typed;
  std::set<std::string> given, all;  // long names
};

Parsed parse(const std::vector<std::string>& arguments) {
  CLI::App app("", "revunet-train");
  Parsed result;
  add_train_options(app, result.typed);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  app.parse(reversed);
  read_configuration(app, result.typed);
  apply_protocol(app, result.typed.protocol);
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      result.all.insert(name);
      if (option->count() > 0) result.given.insert(name);
    }
  }
  return result;
}

// No default among them, and each as config.toml holds it: paths from the root, modes that leave nothing open.
const std::vector<std::string> command_lines = {
    "--data /d --out r --labels msd --background -0.5 --patients ^([A-Z]#'\"\\w{2,3})_\\d+ --check headers --device "
    "cpu "
    "--threads 1 --channels 6,12 --encoder-depth 2 "
    "--decoder-depth 3 --size 20,30,40 --patch 2,4,6 --foreground 0.75 --augment strong --rotation 20.5 --scaling "
    "0.7,1.4 --deformation 3 --flip 0.25 --intensity-shift 0.2 --epochs 7 --max-steps 9 --lr 0.000123456789 --lr-drops "
    "3,5 --lr-divisor 2.5 --weight-decay 0.00002 --accumulate 3 --cross-entropy 0.5 --clip-gradients 12 --ema 0.999 "
    "--dropout 0.125 --stop-patience 4 --stop-window 2 --val-fraction 0.333333333333333 --folds 5 --fold 4 "
    "--validate-every 2 --seed 18446744073709551615 --loader-threads 5 --cache /c --memory-limit 123456789 "
    "--activations "
    "stored --skips stored --no-tensorboard --previews 1",
    "--data /d --out r --device cpu --threads 2 --channels 60,120,240,360,480 --split /s/split.json --augment paper "
    "--scaling 0.9,1.2 --precision mixed --activations reversible --skips reversible --fused-optimizer "
    "--monitor-reconstruction 5 "
    "--lr-drops none",
    "--data /d --out r --device cpu --threads 2 --model baseline --channels 30,60,120,240,480 --precision "
    "bf16 --val-fraction 0",
};

// Options that config.toml does not hold, and why.
const std::map<std::string, std::string> not_held = {
    {"help", "shows, and ends"},
    {"quiet", "what is printed, not what is done"},
    {"verbose", "what is printed, not what is done"},
    {"plan", "shows, and ends"},
    {"config", "its options are held"},
    {"resume", "the run is the file's own"},
    {"protocol", "the options that it sets are held"},
    {"memory-budget", "the modes that it chose are held"},
    {"memory-trace", "watches the first steps of a run, and another would overwrite the file"},
    {"memory-trace-steps", "goes with --memory-trace"},
    {"init", "wants a file: below"},
    {"conv-workspace", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"strict-fp32", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"deterministic", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"no-deterministic", "the other value of --deterministic"},
    {"plan-cache", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
};

// The arguments that are read from a run's config.toml.
TrainArguments read_back(const TrainArguments& typed, const fs::path& folder) {
  const std::string text = to_toml(resolve(typed));
  UNSCOPED_INFO(text);
  return parse({"--config", write_bytes(folder / "config.toml", text).string()}).typed;
}

}  // namespace

TEST_CASE("a run's config.toml gives back every option as it was typed", "[train]") {
  const TemporaryFolder folder;
  std::set<std::string> held;
  Parsed parsed;
  for (const std::string& line : command_lines) {
    INFO(line);
    parsed = parse(words(line));
    held.insert(parsed.given.begin(), parsed.given.end());
    CHECK(read_back(parsed.typed, folder.path()) == parsed.typed);
  }
  // An option that is new is held, or said not to be.
  for (const std::string& name : parsed.all) {
    INFO(name);
    CHECK(held.contains(name) != not_held.contains(name));
  }
}

TEST_CASE("config.toml holds paths with any characters of UTF-8", "[train]") {
  const TemporaryFolder folder;
  const fs::path init = write_untrained(folder / "it's \"init\" #2.safetensors");
  TrainArguments typed =
      parse({"--data", "/some, data/[1] = x\\y\n# \xc3\xa9\x7f", "--out", "run ", "--channels", "4,8", "--init",
             init.string(), "--size", "32,32,32", "--device", "cpu", "--threads", "1"})
          .typed;
  typed.activations = typed.skips = "reversible";
  CHECK(read_back(typed, folder.path()) == typed);
}

TEST_CASE("lists of TOML are lists as typed", "[train]") {
  const TemporaryFolder folder;
  const fs::path file = write_bytes(folder / "c.toml",
                                    "data = \"d\"\nsize = [32, 48, 16]\nchannels = [ 4,8 ]\nlr-drops = [7]\n"
                                    "scaling = [0.5, 2.0]\n");
  const TrainArguments typed = parse({"--config", file.string()}).typed;
  CHECK((typed.size == "32,48,16" && typed.channels == "4,8" && typed.learning_rate_drops == "7"));
  CHECK(typed.scaling == "0.5,2");
}

TEST_CASE("what is typed next to config.toml takes precedence", "[train]") {
  const TemporaryFolder folder;
  const fs::path file = write_bytes(folder / "config.toml", to_toml(resolve(parse(words(command_lines[0])).typed)));
  const TrainArguments typed = parse({"--config", file.string(), "--out", "other", "--seed", "4"}).typed;
  CHECK((typed.out == "other" && typed.seed == 4 && typed.epochs == 7));
}

TEST_CASE("options as typed become those of a run", "[train]") {
  const TrainOptions options = resolve(parse(words(command_lines[0])).typed);
  CHECK(options.augmentation == AugmentationRanges{.strong = true,
                                                   .rotation = 20.5,
                                                   .scale_low = 0.7,
                                                   .scale_high = 1.4,
                                                   .deformation = 3,
                                                   .flip = 0.25,
                                                   .intensity_shift = 0.2});
  CHECK(options.extras == StepExtras{3, 0.5, 0.125, 12, 0.999});
  CHECK((options.foreground == 0.75 && options.loader_threads == 5 && options.cache == "/c"));
  CHECK(options.network == UNetConfig{.channels = {6, 12}, .encoder_depth = 2, .decoder_depth = 3});
  CHECK(options.size == io::Size3{20, 30, 40});
  CHECK(options.patch == io::Size3{2, 4, 6});
  CHECK(options.learning_rate.drops == std::vector<int64_t>{3, 5});
  CHECK((options.learning_rate.initial == 0.000123456789 && options.learning_rate.divisor == 2.5));
  CHECK((options.weight_decay == 0.00002 && options.seed == 18446744073709551615u && options.threads == 1));
  CHECK((options.stopping.patience == 4 && options.stopping.window == 2));
  CHECK((options.split.fold->count == 5 && options.split.fold->index == 4));
  CHECK((options.epochs == 7 && options.max_steps == 9 && options.validate_every == 2));
  CHECK(resolve(parse({"--data", "data", "--out", "o"}).typed).data == fs::current_path() / "data");
}
