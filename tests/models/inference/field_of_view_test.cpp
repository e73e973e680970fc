// Tests what a prediction sees at once: by options, and by weights that say what they were trained on.
#include "models/inference/field_of_view.h"

#include "engine/error.h"
#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

TrainedNetwork network(std::optional<io::VolumeSize> size, std::optional<io::VolumeSize> patch,
                       const char* file = "w.safetensors") {
  return {file, {.config = tiny_network, .size = size, .patch = patch}};
}

const io::VolumeSize whole = {64, 48, 32}, part = {16, 24, 8};

}  // namespace

TEST_CASE("without options, a network sees what it was trained on", "[predict]") {
  const std::vector<TrainedNetwork> on_patches = {network(whole, part)}, on_all = {network(whole, {})},
                                    foreign = {network({}, {})};
  const FieldOfView by_patches = field_of_view({}, on_patches);
  CHECK_FALSE(by_patches.size.has_value());  // the brain's own
  REQUIRE(by_patches.windows.has_value());
  CHECK(by_patches.windows->size == part);
  CHECK(by_patches.windows->overlap == 0.5);
  CHECK_THAT(by_patches.description, ContainsSubstring("the whole box of each case by patches of 16,24,8 (from the "
                                                       "weights), overlap 0.5"));

  const FieldOfView all = field_of_view({}, on_all);
  CHECK(all.size == whole);
  CHECK_FALSE(all.windows.has_value());
  CHECK(all.description == "field of view 64,48,32 (from the weights)");
  CHECK(field_of_view({}, foreign).size == io::VolumeSize{160, 192, 160});
}

TEST_CASE("options decide over the weights", "[predict]") {
  const std::vector<TrainedNetwork> on_patches = {network(whole, part)};
  for (const char* full : {"full", "none"}) {
    const FieldOfView one_pass = field_of_view({.size = "", .patch = full, .overlap = {}}, on_patches);
    CHECK(one_pass.size == whole);
    CHECK_FALSE(one_pass.windows.has_value());
    CHECK(
        one_pass.description ==
        "field of view 64,48,32 (from the weights) in one pass, though the network was trained on patches of 16,24,8");
  }
  const FieldOfView other = field_of_view({.size = "32,32,32", .patch = "8,8,16", .overlap = 0.25}, on_patches);
  CHECK(other.size == io::VolumeSize{32, 32, 32});
  REQUIRE(other.windows.has_value());
  CHECK(other.windows->size == io::VolumeSize{8, 8, 16});
  CHECK(other.windows->overlap == 0.25);
}

TEST_CASE("without --background, images lose what those of the training lost", "[predict]") {
  const auto on = [&](const char* background, const char* file = "w.safetensors") {
    TrainedNetwork n = network(whole, {}, file);
    if (background) n.info.background = io::parse_background(background);
    return n;
  };
  const auto background = [](const std::string& option, const std::vector<TrainedNetwork>& networks) {
    FieldOfViewOptions options;
    if (!option.empty()) options.background = io::parse_background(option);
    const FieldOfView view = field_of_view(options, networks);
    return std::pair(view.background.name(), view.description.substr(view.description.find(')') + 1));
  };
  using Pair = std::pair<std::string, std::string>;
  CHECK(background("", {on(nullptr)}) == Pair("0", ""));
  CHECK(background("", {on("0")}) == Pair("0", ""));
  CHECK(background("", {on("corner")}) ==
        Pair("corner", "; the value of the corners is subtracted from each image (from the weights)"));
  CHECK(background("0", {on("corner")}) == Pair("0", ""));
  CHECK(background("-0.5", {on("corner")}) == Pair("-0.5", "; the background -0.5 is subtracted from each image"));
  const std::vector<TrainedNetwork> two = {on(nullptr, "a.safetensors"), on("-0.5", "b.safetensors")};
  CHECK_THAT(message_of<UsageError>([&] { background("", two); }),
             ContainsSubstring("got a.safetensors with 0 and b.safetensors with -0.5; choose one with `background`"));
  CHECK(background("corner", two).first == "corner");
}

TEST_CASE("fields of view that cannot be are refused", "[predict]") {
  const auto refusal = [](const FieldOfViewOptions& options, const std::vector<TrainedNetwork>& networks) {
    return message_of<UsageError>([&] { field_of_view(options, networks); });
  };
  const std::vector<TrainedNetwork> on_patches = {network(whole, part)}, on_all = {network(whole, {})};
  CHECK_THAT(refusal({.size = "16,16,16", .patch = "", .overlap = {}}, on_patches),
             ContainsSubstring("fit into `size` 16,16,16, got 16,24,8, those of the training"));
  CHECK_THAT(refusal({.size = "", .patch = "", .overlap = 0.5}, on_all),
             ContainsSubstring("[`overlap`] expected patches"));
  CHECK_THAT(refusal({.size = "", .patch = "full", .overlap = 0.5}, on_patches), ContainsSubstring("[`overlap`]"));
  CHECK_THAT(refusal({.size = "", .patch = "15,16,16", .overlap = {}}, on_all), ContainsSubstring("multiples of 2"));
  const std::vector<TrainedNetwork> two = {network(whole, part, "a.safetensors"),
                                           network(whole, whole, "b.safetensors")};
  CHECK_THAT(refusal({}, two), ContainsSubstring("one patch, got a.safetensors and b.safetensors") &&
                                   ContainsSubstring("choose one with `patch`"));
  CHECK(field_of_view({.size = "", .patch = "16,16,16", .overlap = {}}, two).windows.has_value());
}
