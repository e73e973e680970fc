// Tests networks whose steps between levels halve some of the axes only: their sizes, files and memory. Their values
// are tested with those of the other tiny networks (golden_networks.h).
#include "models/halved_axes.h"

#include "io/task/brats_task.h"
#include "models/plan/mode_choice.h"
#include "models/plan/plan_text.h"
#include "models/plan/settings_json.h"
#include "models/training/run_folder/checkpoint.h"
#include "tests/models/golden_networks.h"
#include "tests/models/tiny_weights.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

const UNetConfig kFlat = {.channels = {4, 8, 12}, .halved = kFirstXY};

std::string refused(const std::string& text) {
  return message_of<UsageError>([&] { parse_halved(text, "--halve"); });
}

}  // namespace

TEST_CASE("axes that are halved are read from words and written as words", "[options]") {
  CHECK(parse_halved("xy,xyz", "--halve") == kFirstXY);
  CHECK(parse_halved("zx", "--halve") == std::vector<HalvedAxes>{{true, false, true}});
  for (const std::string text : {"xy,xyz", "x", "xyz,y,z,yz,xz"}) {
    CHECK(halved_text(parse_halved(text, "--halve")) == text);
  }
  CHECK_THAT(refused("xy,xw"),
             ContainsSubstring("[--halve] expected the axes x, y and z") && ContainsSubstring("got 'xw' in 'xy,xw'"));
  CHECK_THAT(refused("xx,y"), ContainsSubstring("each at most once in a word, got 'xx' in 'xx,y'"));
  for (const std::string text : {"", "xy,", ",xy", "xy,,xyz"}) {
    CHECK_THAT(refused(text), ContainsSubstring("halves one axis at least, got an empty one"));
  }
  CHECK(canonical({kAllAxes, kAllAxes}).empty());
  CHECK(canonical(kFirstXY) == kFirstXY);
}

TEST_CASE("a configuration has a step between two levels, and one way to say that all axes are halved", "[model]") {
  CHECK_NOTHROW(check_config(kFlat));
  UNetConfig wrong = kFlat;
  wrong.channels = {4, 8};
  CHECK_THROWS_AS(check_config(wrong), UsageError);
  CHECK_THROWS_WITH(check_config(wrong), ContainsSubstring("[`halve`] expected a word for each step between the 2 "
                                                           "levels of `channels`, 1 in all, got 2 in xy,xyz"));
  wrong.halved = {kAllAxes};
  CHECK_THROWS_AS(check_config(wrong), Error);
}

TEST_CASE("sizes are multiples of two to the number of steps that halve their axis", "[model]") {
  CHECK(kFlat.size_multiple() == io::Size3{4, 4, 2});
  CHECK(kFlat.stride(1) == io::Size3{2, 2, 1});
  CHECK(default_config(ModelKind::reversible).size_multiple() == io::Size3{16, 16, 16});
  CHECK_NOTHROW(check_size(kFlat, {12, 8, 6}));
  CHECK_THROWS_WITH(check_size(kFlat, {10, 8, 5}),
                    ContainsSubstring("expected sizes that are multiples of 4,4,2 for 3 levels, halving xy,xyz, got "
                                      "10,8,5; the nearest are 12,8,6"));
}

TEST_CASE("weights say which axes are halved, where these are not all", "[weights]") {
  const TemporaryFolder folder;
  const fs::path path = write_untrained(folder / "w.safetensors", kFlat, {12, 8, 6});
  io::SafetensorsFile file = io::read_safetensors(path);
  CHECK(file.metadata.at("halve") == "xy,xyz");
  CHECK(weights_info(file).config == kFlat);
  CHECK_FALSE(io::read_safetensors(write_untrained(folder / "usual.safetensors")).metadata.contains("halve"));

  const auto refusal = [&](const std::string& value) {
    file.metadata["halve"] = value;
    return message_of<DataError>([&] { weights_info(file); });
  };
  CHECK_THAT(refusal("xy"), ContainsSubstring(path.string()) && ContainsSubstring("2 in all, got 1 in xy"));
  CHECK_THAT(refusal("xy,w"), ContainsSubstring("metadata halve of " + path.string()));
  CHECK_THAT(refusal("xyz,xyz"), ContainsSubstring("multiples of 4 for 3 levels, got 12,8,6"));
  // Without metadata they halve all axes.
  UNetConfig usual = kFlat;
  usual.halved.clear();
  CHECK(weights_info(without_metadata(file)).config == usual);
}

TEST_CASE("a checkpoint of a network that halves other axes is refused", "[resume]") {
  const TemporaryFolder folder;
  Device device;
  const Context ctx{device};
  UNetConfig usual = kFlat;
  usual.halved.clear();
  const auto flat = make_unet(ctx, kFlat, DType::f32, 1), cubic = make_unet(ctx, usual, DType::f32, 1);
  const RunFolder run = RunFolder::make(folder / "run");
  Adam adam;
  RunState state;
  state.order = {.seed = 1, .cases = 1, .accumulate = 1};
  state.epoch = 1;
  state.loss = state.step_loss = RegionValues(loss_names(*io::brats_task()).size());
  const auto load = [&](UNet& model) { load_checkpoint(ctx, run, *io::brats_task(), model, adam, nullptr); };

  save_checkpoint(run, *flat, adam, nullptr, state);
  CHECK_NOTHROW(load(*flat));
  CHECK_THAT(message_of<DataError>([&] { load(*cubic); }),
             ContainsSubstring("expected a network whose steps between levels halve all axes, got xy,xyz; it is of "
                               "another network"));
  save_checkpoint(run, *cubic, adam, nullptr, state);
  CHECK_NOTHROW(load(*cubic));
  CHECK_THAT(message_of<DataError>([&] { load(*flat); }), ContainsSubstring("halve xy,xyz, got all axes"));
}

TEST_CASE("plans and headers of traces name the axes, and the largest patch has their multiples", "[plan]") {
  const MemorySettings settings{.network = kFlat, .size = {24, 8, 6}};
  const auto json = to_json(settings);
  CHECK(json.at("halve") == "xy,xyz");
  CHECK(settings_from_json(nlohmann::json::parse(json.dump())).network == kFlat);
  CHECK_FALSE(to_json(MemorySettings{.network = tiny_network, .size = {2, 2, 2}}).contains("halve"));

  constexpr size_t kBudget = size_t{16} << 20;
  const io::Size3 patch = largest_patch(settings, {}, kBudget).value();
  REQUIRE(patch[2] > 0);
  CHECK((patch[0] == 2 * patch[2] && patch[1] == 2 * patch[2] && patch[2] % 2 == 0));
  MemorySettings next = settings;
  next.size = io::VolumeSize(patch[0] + 4, patch[1] + 4, patch[2] + 2);
  CHECK_FALSE(fastest_that_fits(next, {}, kBudget));
  CHECK_THAT(plan_text(settings, {}, kBudget),
             ContainsSubstring("channels 4,8,12, halving xy,xyz, encoder depth 1") &&
                 ContainsSubstring("largest patch, a whole number times 4,4,2, to train on") &&
                 ContainsSubstring(fmt::format("`patch` {}", fmt::join(patch, ","))));
}
