// Tests how revunet-train completes its options: defaults and protocols.
#include <map>

#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/parsed_run.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;

namespace {

TrainOptions parse(const std::vector<std::string>& arguments) {
  return ParsedRun(arguments).resolved();
}

}  // namespace

TEST_CASE("the defaults are the paper's", "[train]") {
  const TrainOptions options = parse({"--data", "d", "--out", "o"});
  CHECK(options.network == UNetConfig{.channels = {60, 120, 240, 360, 480}});
  CHECK(options.size == io::Size3{160, 192, 160});
  CHECK_FALSE(options.patch.has_value());
  CHECK(options.learning_rate.initial == 1e-4);
  CHECK(options.learning_rate.drops == std::vector<int64_t>{250, 400, 550});
  CHECK(options.learning_rate.divisor == 5);
  CHECK(options.weight_decay == 1e-5);
  CHECK(parse({"--data", "d", "--out", "o", "--model", "baseline"}).network ==
        UNetConfig{.kind = ModelKind::baseline, .channels = {30, 60, 120, 240, 480}});
}

TEST_CASE("the plane of rotation and the axes of flips are the paper's unless they are given", "[train]") {
  const auto ranges = [](const std::vector<std::string>& words) {
    std::vector<std::string> all = {"--plan", "--augment", "paper"};
    all.insert(all.end(), words.begin(), words.end());
    return parse(all).augmentation.value();
  };
  CHECK(ranges({}).plane_normal == 2);
  CHECK(ranges({}).flip_axes == std::array{true, true, true});
  CHECK(ranges({"--rotation-plane", "xy"}).plane_normal == 2);
  CHECK(ranges({"--rotation-plane", "xz"}).plane_normal == 1);
  CHECK(ranges({"--rotation-plane", "yz"}).plane_normal == 0);
  CHECK(ranges({"--flip-axes", "y"}).flip_axes == std::array{false, true, false});
  CHECK(ranges({"--flip-axes", "none"}).flip_axes == std::array{false, false, false});
  const auto refusal = [&](const std::vector<std::string>& words) {
    return message_of<UsageError>([&] { ranges(words); });
  };
  CHECK_THAT(refusal({"--rotation-plane", "zx"}),
             ContainsSubstring("[--rotation-plane] expected xy, xz or yz, got zx"));
  CHECK_THAT(refusal({"--flip-axes", "xy"}),
             ContainsSubstring("[--flip-axes] expected none, or some of x,y,z, each once, got xy"));
}

TEST_CASE("a protocol of one's own is a TOML file of options, which the command line and a configuration precede",
          "[train]") {
  const TemporaryFolder folder;
  const std::string mine = write_bytes(folder / "mine.toml", "lr = 0.25\nepochs = 3\nema = 0.5\n").string();
  const std::string config = write_bytes(folder / "c.toml", "epochs = 4\nprotocol = \"" + mine + "\"\n").string();
  const TrainOptions run = parse({"--plan", "--config", config, "--ema", "0.75"});
  CHECK((run.learning_rate.initial == 0.25 && run.epochs == 4 && run.extras.ema == 0.75));
  const auto refusal = [](const std::string& protocol) {
    return message_of<UsageError>([&] { parse({"--plan", "--protocol", protocol}); });
  };
  CHECK_THAT(refusal("papr"), ContainsSubstring("[--protocol] expected none, paper") &&
                                  ContainsSubstring("got papr; did you mean paper"));
  CHECK_THAT(refusal(write_bytes(folder / "bad.toml", "lr = 0.5\nepochs = 0\n").string()),
             ContainsSubstring("--epochs is 0 in ") && ContainsSubstring("bad.toml, line 2"));
}

// The values are those of section 2.4 of arXiv 1906.06148; epochs and ranges of augmentation are from the authors'
// experiments/noNewReversible.py.
TEST_CASE("the protocol named paper is the paper's, and every number can be overridden", "[train]") {
  const TrainOptions paper = parse({"--plan", "--protocol", "paper"});
  CHECK(paper.learning_rate.initial == 1e-4);
  CHECK(paper.learning_rate.drops == std::vector<int64_t>{250, 400, 550});
  CHECK(paper.learning_rate.divisor == 5);
  CHECK(paper.weight_decay == 1e-5);
  CHECK(paper.stopping.window == 30);
  CHECK(paper.stopping.patience == 60);
  CHECK(paper.split.validation_fraction == 0.2);
  CHECK(paper.extras == StepExtras{});
  REQUIRE(paper.augmentation);
  CHECK(paper.augmentation->deformation == 10);
  CHECK(paper.augmentation->intensity_shift == 0.1);
  CHECK(paper.epochs == 1000);
  CHECK(paper.augmentation->rotation == 20);
  CHECK(paper.augmentation->scale_low == Approx(1 / 1.1).margin(1e-7));
  CHECK(paper.augmentation->scale_high == 1.1);
  CHECK(paper.augmentation->flip == 0.5);
  CHECK_FALSE(paper.augmentation->strong);
  CHECK_FALSE(paper.patch);
  CHECK(paper.size == io::Size3{160, 192, 160});

  const TrainOptions patches = parse({"--plan", "--protocol", "paper-patch", "--lr", "0.001", "--deformation", "5"});
  CHECK(patches.patch == io::Size3{128, 128, 128});
  CHECK(patches.learning_rate.initial == 0.001);
  CHECK(patches.augmentation->deformation == 5);
  CHECK(patches.stopping.patience == 60);
  CHECK(patches.foreground == 0);  // patches lie anywhere
  // What the user gives stays, whatever the protocol says.
  for (const auto& [option, given] : std::map<std::string, std::string>{{"augment", "strong"},
                                                                        {"accumulate", "7"},
                                                                        {"cross-entropy", "0.25"},
                                                                        {"epochs", "7"},
                                                                        {"flip", "0.25"},
                                                                        {"foreground", "0.25"},
                                                                        {"intensity-shift", "0.25"},
                                                                        {"lr-divisor", "2"},
                                                                        {"lr-drops", "3,4"},
                                                                        {"patch", "16,16,16"},
                                                                        {"rotation", "7"},
                                                                        {"scaling", "0.5,2"},
                                                                        {"size", "16,16,32"},
                                                                        {"stop-patience", "7"},
                                                                        {"stop-window", "7"},
                                                                        {"val-fraction", "0.25"},
                                                                        {"weight-decay", "0.25"}}) {
    INFO(option);
    CHECK(ParsedRun({"--protocol", "paper-patch", "--" + option, given}).options.text(option) == given);
  }
  CHECK_FALSE(parse({"--plan", "--protocol", "paper", "--augment", "none"}).augmentation);
  CHECK_FALSE(parse({"--plan"}).augmentation);
  CHECK_THROWS_AS(parse({"--plan", "--protocol", "none", "--augment", "paper", "--scaling", "1.1"}), UsageError);
}
