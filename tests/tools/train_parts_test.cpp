// What revunet-train makes of its options: defaults and protocols.
#include "tests/support/catch.h"
#include "tools/train/protocol.h"
#include "tools/train/resolve_options.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

TrainOptions parse(const std::vector<std::string>& arguments) {
  CLI::App app("", "revunet-train");
  TrainArguments typed;
  add_train_options(app, typed);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  app.parse(reversed);
  apply_protocol(app, typed.protocol);
  return resolve(typed);
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
  for (const ProtocolValue& set : protocol_values("paper-patch")) {
    CLI::App app;
    TrainArguments typed;
    add_train_options(app, typed);
    const bool whole = set.option == "accumulate" || set.option == "epochs" || set.option.starts_with("stop");
    const std::string given = set.option == "augment" ? "strong" : whole ? "7" : "0.25";
    app.parse(std::vector<std::string>{"paper-patch", "--protocol", given, "--" + set.option});  // reversed
    apply_protocol(app, typed.protocol);
    INFO(set.option);
    CHECK(app.get_option("--" + set.option)->results() == std::vector<std::string>{given});
  }
  CHECK_FALSE(parse({"--plan", "--protocol", "paper", "--augment", "none"}).augmentation);
  CHECK_FALSE(parse({"--plan"}).augmentation);
  CHECK_THROWS_AS(parse({"--plan", "--protocol", "none", "--augment", "paper", "--scaling", "1.1"}), UsageError);
}
