// Tests that config.toml has every option of revunet-train that makes a run what it is, as it was typed.

#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/parsed_run.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// None of these is a default, and each is as config.toml holds it: paths from the root, modes that leave nothing open.
// They leave out flags and whole numbers that need no other option: words_for sets these.
const std::vector<std::string> command_lines = {
    "--data /d --out r --labels msd --spacing 1,0.5,2 --interpolation linear --channels-used flair,t1ce --background "
    "-0.5 --patients ^([A-Z]#'\"\\w{2,3})_\\d+ "
    "--check headers --device "
    "cpu --cpu-instructions avx2 "
    "--threads 1 --channels 6,12 --halve yz --encoder-depth 2 "
    "--decoder-depth 3 --size 20,30,40 --patch 2,4,6 --field case --validate-by patches --foreground 0.75 "
    "--foreground-by region --augment strong "
    "--rotation 20.5 "
    "--rotation-plane xz --scaling "
    "0.7,1.4 --deformation 3 --flip 0.25 --flip-axes x,z --drop-modality 0.375 --intensity-shift 0.2 --epochs 7 "
    "--max-steps 9 --lr "
    "0.000123456789 --lr-drops "
    "3,5 --lr-divisor 2.5 --weight-decay 2e-05 --accumulate 3 --cross-entropy 0.5 --clip-gradients 12 --ema 0.999 "
    "--dropout 0.125 --stop-patience 4 --stop-window 2 --folds 5 --fold 4 "
    "--validate-every 2 --seed 18446744073709551615 --loader-threads 5 --cache /c --memory-limit 123456789 "
    "--activations "
    "stored --skips stored --no-tensorboard --previews 1",
    "--data /d --out r --device cpu --threads 2 --channels 60,120,240,360,480 --split /s/split.json --augment paper "
    "--scaling 0.9,1.2 --precision mixed --activations reversible --skips reversible "
    "--finest-level slabs --optimiser-step fused "
    "--monitor-reconstruction 5 "
    "--lr-drops none",
    "--data /d --out r --device cpu --threads 2 --model baseline --channels 30,60,120,240,480 --precision "
    "bf16 --activations checkpointed --val-fraction 0.333333333333333 --lr-schedule poly",
};

// config.toml does not hold these options, for these reasons.
const std::map<std::string, std::string> not_held = {
    {"help", "shows, and ends"},
    {"quiet", "what is printed, not what is done"},
    {"verbose", "what is printed, not what is done"},
    {"plan", "shows, and ends"},
    {"processes", "each start has its own"},
    {"config", "its options are held"},
    {"resume", "the run is the file's own"},
    {"protocol", "the options that it sets are held"},
    {"memory-budget", "the modes that it chose are held"},
    {"memory-trace", "watches the first steps of a run, and another would overwrite the file"},
    {"memory-trace-steps", "goes with --memory-trace"},
    {"init", "wants a file: below"},
    {"task", "wants a file: below"},
    {"conv-workspace", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"strict-fp32", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"deterministic", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
    {"conv-algorithms", "of CUDA alone: tests/tools/cuda_tools_test.cpp"},
};

// Returns what each option of a command line is set to, as text.
std::map<std::string, std::string> typed_values(const std::vector<std::string>& words) {
  std::map<std::string, std::string> values;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) continue;
    const std::string name = words[i].substr(2);
    const bool has_value = i + 1 < words.size() && !words[i + 1].starts_with("--");
    if (name.starts_with("no-")) {
      values[name.substr(3)] = "false";
    } else {
      values[name] = has_value ? words[i + 1] : "true";
    }
  }
  return values;
}

using AllShown = std::map<std::string, ParsedRun::Shown>;

// Returns whether a name switches off a flag that is on by default.
bool is_opposite(const std::string& name, const AllShown& all) {
  return name.starts_with("no-") && all.contains(name.substr(3));
}

// Returns words that set an option to another value than its default, for flags and whole numbers, or none.
std::vector<std::string> words_for(const std::string& name, const AllShown& all) {
  const auto& [kind, value] = all.at(name);
  if (kind.empty()) return {all.contains("no-" + name) ? "--no-" + name : "--" + name};
  if (kind == "INT" && !value.empty()) return {"--" + name, std::to_string(std::stoll(value) + 1)};
  return {};
}

// Checks that each option is as it was typed, where only a run's config.toml is given. The run folder is not in the
// file.
std::set<std::string> expect_read_back(const std::vector<std::string>& typed, const fs::path& folder) {
  ParsedRun run(typed);
  run.resolved();
  const std::string text = run.options.to_toml();
  INFO(text);
  const ParsedRun back({"--config", write_bytes(folder / "config.toml", text).string()});
  std::set<std::string> held;
  for (const auto& [name, value] : typed_values(typed)) {
    INFO(name);
    CHECK(back.options.text(name) == value);
    held.insert(name);
  }
  return held;
}

}  // namespace

TEST_CASE("a run's config.toml gives back every option as it was typed", "[train]") {
  const TemporaryFolder folder;
  std::set<std::string> held;
  for (const std::string& line : command_lines) {
    INFO(line);
    held.merge(expect_read_back(words(line), folder.path()));
  }
  const AllShown all = ParsedRun({}).shown;
  for (const auto& [name, shown] : all) {
    if (is_opposite(name, all)) continue;
    INFO("--" << name << " must be held, which words_for or command_lines shows, or be listed as not held");
    if (!held.contains(name) && !not_held.contains(name)) {
      std::vector<std::string> typed = words("--data /d --out r --device cpu --threads 1 --channels 4,8");
      for (const std::string& word : words_for(name, all)) typed.push_back(word);
      CHECK_NOTHROW(held.merge(expect_read_back(typed, folder.path())));
    }
    CHECK(held.contains(name) != not_held.contains(name));
  }
}

TEST_CASE("config.toml holds paths with any characters of UTF-8", "[train]") {
  const TemporaryFolder folder;
  const fs::path init = write_untrained(folder / "it's \"init\" #2.safetensors");
  const fs::path task =
      write_bytes(folder / "task \"1\".toml", "[labels]\nbackground = 0\na = 1\n[[channels]]\nname = \"one\"\n");
  expect_read_back({"--data", "/d", "--out", "r", "--task", task.string(), "--channels", "4,8", "--size", "32,32,32",
                    "--device", "cpu", "--threads", "1"},
                   folder.path());
  expect_read_back({"--data", "/some, data/[1] = x\\y\n# \xc3\xa9\x7f", "--out", "run ", "--channels", "4,8", "--init",
                    init.string(), "--size", "32,32,32", "--device", "cpu", "--threads", "1"},
                   folder.path());
}

TEST_CASE("lists of TOML are lists as typed", "[train]") {
  const TemporaryFolder folder;
  const fs::path file = write_bytes(folder / "c.toml",
                                    "data = \"d\"\nsize = [32, 48, 16]\nchannels = [ 4,8 ]\nlr-drops = [7]\n"
                                    "scaling = [0.5, 2.0]\n");
  const ParsedRun run({"--config", file.string()});
  CHECK(run.settings.size == io::Size3{32, 48, 16});
  CHECK(run.settings.run.network.channels == std::vector<int64_t>{4, 8});
  CHECK(run.settings.run.learning_rate.drops == std::vector<int64_t>{7});
  CHECK((run.settings.ranges.scale_low == 0.5 && run.settings.ranges.scale_high == 2));
}

TEST_CASE("what is typed next to config.toml takes precedence", "[train]") {
  const TemporaryFolder folder;
  const fs::path file = write_bytes(folder / "config.toml", "data = \"d\"\nout = \"o\"\nseed = 9\nepochs = 7\n");
  const ParsedRun run({"--config", file.string(), "--out", "other", "--seed", "4"});
  CHECK((run.settings.run.out == "other" && run.settings.run.seed == 4 && run.settings.run.epochs == 7));
}

TEST_CASE("keys and values of earlier versions are read", "[train]") {
  const TemporaryFolder folder;
  const fs::path file = write_bytes(folder / "config.toml",
                                    "data = \"d\"\nno-tensorboard = true\nplan-cache = \"p\"\nfused-optimizer = false\n"
                                    "val-fraction = 0.2\nfolds = 5\nfold = 1\nsize = \"32,48,16\"\n");
  const ParsedRun run({"--config", file.string()});
  CHECK_FALSE(run.settings.run.tensorboard);
  CHECK(run.settings.device.algorithm_file == "p");
  CHECK_FALSE(run.settings.modes.optimiser_step.has_value());
  CHECK((run.settings.run.split.folds == 5 && run.settings.size == io::Size3{32, 48, 16}));

  CHECK(ParsedRun({"--fused-optimizer"}).settings.modes.optimiser_step == OptimiserStep::fused);
  const auto refusal = [&] { return message_of<UsageError>([&] { ParsedRun({"--config", file.string()}); }); };
  for (const char* line : {"fused-optimizer = true\n", "no-fused-optimizer = false\n"}) {
    INFO(line);
    write_bytes(file, line);
    CHECK(ParsedRun({"--config", file.string()}).settings.modes.optimiser_step == OptimiserStep::fused);
  }
  write_bytes(file, "no-fused-optimizer = true\n");
  CHECK_FALSE(ParsedRun({"--config", file.string()}).settings.modes.optimiser_step.has_value());
  write_bytes(file, "fused-optimizer = \"yes\"\n");
  CHECK_THAT(refusal(), Catch::Matchers::ContainsSubstring("line 1: fused-optimizer] expected true or false, got yes"));
  write_bytes(file, "no-fused-optimizer = \"separate\"\n");
  CHECK_THAT(refusal(),
             Catch::Matchers::ContainsSubstring("line 1: no-fused-optimizer] expected true or false, got separate"));
  write_bytes(file, "fused-optimizer = true\noptimiser-step = \"fused\"\n");
  CHECK_THAT(refusal(), Catch::Matchers::ContainsSubstring("expected an option once"));
}

TEST_CASE("a resumed run may choose its optimiser step again, unless it is fused or was typed", "[train]") {
  const TemporaryFolder folder;
  const std::string start = "--data /d --out r --device cpu --threads 1 ";
  // Returns the step that a run's config.toml sets, or none where it leaves it open.
  const auto step_of = [&](const std::string& more) {
    ParsedRun run(words(start + more));
    run.resolved();
    const fs::path file = write_bytes(folder / "config.toml", run.options.to_toml());
    return ParsedRun({"--config", file.string()}).settings.modes.optimiser_step;
  };
  CHECK_FALSE(step_of("").has_value());
  CHECK_FALSE(step_of("--memory-budget 100GiB").has_value());
  CHECK(step_of("--optimiser-step separate") == OptimiserStep::separate);
  CHECK(step_of("--optimiser-step fused") == OptimiserStep::fused);
  const std::string wide = "--channels 60,120,240,360,480 --size 32,32,32 ";  // its gradients are most of its memory
  const auto reserved = [&](const std::string& step) {
    ParsedRun run(words(start + wide + "--optimiser-step " + step));
    return plan_training(run.resolved().memory(2)).reserved();
  };
  REQUIRE(reserved("fused") < reserved("separate"));
  CHECK(step_of(fmt::format("{}--memory-budget {}", wide, reserved("fused"))) == OptimiserStep::fused);
}

TEST_CASE("options as typed become those of a run", "[train]") {
  ParsedRun run(words(command_lines[0]));
  const TrainOptions& options = run.resolved();
  CHECK(options.augmentation == AugmentationRanges{.strong = true,
                                                   .plane_normal = 1,
                                                   .rotation = 20.5,
                                                   .scale_low = 0.7,
                                                   .scale_high = 1.4,
                                                   .deformation = 3,
                                                   .flip = 0.25,
                                                   .flip_axes = {true, false, true},
                                                   .intensity_shift = 0.2});
  CHECK(options.extras == StepExtras{3, 0.5, 0.125, 12, 0.999});
  CHECK((options.foreground == 0.75 && options.loader_threads == 5 && options.cache == "/c"));
  CHECK(options.network ==
        UNetConfig{.channels = {6, 12}, .encoder_depth = 2, .decoder_depth = 3, .halved = {{false, true, true}}});
  CHECK(options.size == io::Size3{20, 30, 40});
  CHECK(options.patch == io::Size3{2, 4, 6});
  CHECK(options.learning_rate.drops == std::vector<int64_t>{3, 5});
  CHECK((options.learning_rate.initial == 0.000123456789 && options.learning_rate.divisor == 2.5));
  CHECK((options.weight_decay == 0.00002 && options.seed == 18446744073709551615u && options.threads == 1));
  CHECK((options.stopping.patience == 4 && options.stopping.window == 2));
  CHECK((options.split.folds == 5 && options.split.fold == 4));
  CHECK((options.epochs == 7 && options.max_steps == 9 && options.validate_every == 2));
  CHECK(ParsedRun({"--data", "data", "--out", "o"}).settings.data.path == fs::current_path() / "data");
}
