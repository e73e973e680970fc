// The parts of a training run that need no program: splits, orders, patches, options and their file, durations.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/regions.h"
#include "tests/tools/tiny_runs.h"
#include "tools/train/options.h"
#include "tools/train/progress.h"
#include "tools/train/samples.h"
#include "tools/train/split.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::Contains;

namespace {

std::vector<io::CaseFiles> cases_of(size_t count) {
  std::vector<io::CaseFiles> cases(count);
  for (size_t i = 0; i < count; ++i) {
    cases[i].name = fmt::format("case_{:03}", i);
    cases[i].segmentation = "seg.nii.gz";
  }
  return cases;
}

std::vector<std::string> names_of(const std::vector<io::CaseFiles>& cases) {
  std::vector<std::string> names;
  for (const io::CaseFiles& c : cases) names.push_back(c.name);
  return names;
}

constexpr io::Size3 volume = {12, 10, 8}, patch = {4, 6, 2};

// Channel c of voxel (x, y, z) holds a number that says so; below 2^24, so exact.
float code(int64_t x, int64_t y, int64_t z, int64_t c) {
  return static_cast<float>(((x * 100 + y) * 100 + z) * 10 + c);
}

io::Preprocessed coded_case() {
  io::Preprocessed result;
  result.placement.size = volume;
  for (int64_t x = 0; x < volume[0]; ++x)
    for (int64_t y = 0; y < volume[1]; ++y)
      for (int64_t z = 0; z < volume[2]; ++z) {
        for (int64_t c = 0; c < 4; ++c) result.image.push_back(code(x, y, z, c));
        result.labels.push_back(0);
      }
  return result;
}

uint8_t& label_at(io::Preprocessed& c, int64_t x, int64_t y, int64_t z) {
  return c.labels[static_cast<size_t>((x * volume[1] + y) * volume[2] + z)];
}

// The patch's corner, decoded from its first voxel.
std::array<int64_t, 3> corner(const Sample& sample) {
  const auto first = static_cast<int64_t>(sample.image[0]);
  return {first / 100000, first / 1000 % 100, first / 10 % 100};
}

bool holds_tumour(const Sample& sample) {
  return std::any_of(sample.target.begin(), sample.target.end(), [](float t) { return t != 0; });
}

TrainOptions parse(const std::vector<std::string>& arguments) {
  CLI::App app("", "revunet-train");
  TrainArguments typed;
  add_train_options(app, typed);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  app.parse(reversed);
  return resolve(typed);
}

}  // namespace

TEST_CASE("a split holds every case once, in name order, its share rounded but never all or none", "[train]") {
  struct Share {
    size_t cases;
    double fraction;
    size_t validating;
  };
  for (const Share& s : {Share{10, 0.2, 2}, Share{10, 0.25, 3}, Share{11, 0.2, 2}, Share{3, 0.1, 1}, Share{3, 0.0, 0},
                         Share{1, 0.5, 0}, Share{2, 0.99, 1}, Share{285, 0.2, 57}}) {
    INFO(s.cases << " cases, fraction " << s.fraction);
    const Split split = split_cases(cases_of(s.cases), s.fraction, 5);
    CHECK(split.validation.size() == s.validating);
    const std::vector<std::string> training = names_of(split.training), validation = names_of(split.validation);
    CHECK(std::is_sorted(training.begin(), training.end()));
    CHECK(std::is_sorted(validation.begin(), validation.end()));
    std::vector<std::string> both;
    std::merge(training.begin(), training.end(), validation.begin(), validation.end(), std::back_inserter(both));
    CHECK(both == names_of(cases_of(s.cases)));
    const nlohmann::json json = nlohmann::json::parse(to_json(split));
    CHECK(json.at("training").get<std::vector<std::string>>() == training);
    CHECK(json.at("validation").get<std::vector<std::string>>() == validation);
  }
}

TEST_CASE("a split depends on its seed alone and has no favourites", "[train]") {
  constexpr int seeds = 1000;
  std::map<std::string, int> chosen;
  std::set<std::vector<std::string>> different;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const auto names = names_of(split_cases(cases_of(10), 0.2, seed).validation);
    CHECK(names == names_of(split_cases(cases_of(10), 0.2, seed).validation));
    different.insert(names);
    for (const std::string& name : names) ++chosen[name];
  }
  CHECK(different.size() == 45);  // all pairs of ten: each is missed with probability (44/45)^1000 = 2e-10
  // Chosen with probability 0.2: five standard deviations of the binomial count.
  for (const auto& [name, count] : chosen) CHECK(std::abs(count - 200) < 5 * std::sqrt(1000 * 0.2 * 0.8));

  std::vector<io::CaseFiles> unlabelled = cases_of(3);
  unlabelled[1].segmentation.reset();
  CHECK_THAT(message_of<DataError>([&] { split_cases(unlabelled, 0.2, 0); }),
             Contains("[case_001] expected a segmentation case_001_seg.nii.gz"));
}

TEST_CASE("an epoch's order is a permutation that depends on seed and epoch", "[train]") {
  constexpr int64_t epochs = 1000;
  std::array<int, 5> first{};
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    std::vector<size_t> order = epoch_order(5, 3, epoch);
    CHECK(order == epoch_order(5, 3, epoch));
    ++first.at(order[0]);
    std::sort(order.begin(), order.end());
    CHECK(order == std::vector<size_t>{0, 1, 2, 3, 4});
  }
  for (const int count : first) CHECK(std::abs(count - 200) < 5 * std::sqrt(1000 * 0.2 * 0.8));
  CHECK(epoch_order(50, 3, 1) != epoch_order(50, 3, 2));
  CHECK(epoch_order(50, 3, 1) != epoch_order(50, 4, 1));
  CHECK(epoch_order(1, 0, 1) == std::vector<size_t>{0});
}

TEST_CASE("a patch is a window of its case, image and target alike", "[train]") {
  io::Preprocessed c = coded_case();
  for (int64_t x = 2; x < 9; ++x)
    for (int64_t z = 1; z < 7; ++z) label_at(c, x, 5, z) = static_cast<uint8_t>(x < 4 ? 1 : x < 7 ? 2 : 4);
  std::set<std::array<int64_t, 3>> corners;
  for (uint64_t draw = 0; draw < 20000; ++draw) {
    const Sample sample = random_patch(c, patch, Rng(1, draw));
    const auto low = corner(sample);
    corners.insert(low);
    std::vector<float> image, target;
    for (int64_t x = low[0]; x < low[0] + patch[0]; ++x)
      for (int64_t y = low[1]; y < low[1] + patch[1]; ++y)
        for (int64_t z = low[2]; z < low[2] + patch[2]; ++z) {
          for (int64_t channel = 0; channel < 4; ++channel) image.push_back(code(x, y, z, channel));
          const uint8_t label = label_at(c, x, y, z);
          for (const bool inside : {label != 0, label == 1 || label == 4, label == 4}) target.push_back(inside);
        }
    REQUIRE(sample.size == patch);
    REQUIRE(sample.image == image);
    REQUIRE(sample.target == target);
  }
  CHECK(corners.size() == 9 * 5 * 7);  // every window that fits: each is missed with probability below e^-31
}

TEST_CASE("half of the patches are put on the tumour, which lies anywhere in them", "[train]") {
  constexpr int draws = 4000;
  // Share of patches that hold the one tumour voxel: a half, and of the other half those that hold it by chance.
  const auto expect_share = [](io::Preprocessed& c, double by_chance) {
    const double expected = 0.5 + 0.5 * by_chance;
    int holding = 0;
    for (uint64_t draw = 0; draw < draws; ++draw) holding += holds_tumour(random_patch(c, patch, Rng(2, draw)));
    CHECK(std::abs(holding / double{draws} - expected) < 5 * std::sqrt(expected * (1 - expected) / draws));
  };
  io::Preprocessed in_corner = coded_case();
  label_at(in_corner, 11, 0, 7) = 4;
  expect_share(in_corner, 1.0 / (9 * 5 * 7));  // one window of all holds the corner
  io::Preprocessed inside = coded_case();
  label_at(inside, 5, 5, 4) = 1;
  expect_share(inside, 4.0 * 5 * 2 / (9 * 5 * 7));

  std::array<int, 4> place{};  // of the voxel inside the patch, along x
  int holding = 0;
  for (uint64_t draw = 0; draw < draws; ++draw) {
    const Sample sample = random_patch(inside, patch, Rng(3, draw));
    if (!holds_tumour(sample)) continue;
    ++holding;
    ++place.at(static_cast<size_t>(5 - corner(sample)[0]));
  }
  for (const int count : place) CHECK(std::abs(count - holding / 4.0) < 5 * std::sqrt(holding * 0.25 * 0.75));

  io::Preprocessed healthy = coded_case();
  CHECK_FALSE(holds_tumour(random_patch(healthy, patch, Rng(4))));
  const Sample all = random_patch(inside, volume, Rng(5));
  CHECK(all.image == inside.image);
  CHECK(all.target == whole_sample(inside).target);
  CHECK(whole_sample(inside).image == inside.image);
}

TEST_CASE("the configuration file gives back the same options", "[train]") {
  const TemporaryFolder folder;
  write_untrained(folder / "it's init.safetensors", {.channels = {6, 12}, .encoder_depth = 2, .decoder_depth = 3});
  const std::vector<std::vector<std::string>> command_lines = {
      {"--data", "data", "--out", "run"},
      {"--data", "some, data/[1] = x", "--out", "run ", "--model", "baseline", "--patch", "16,32,48", "--val-fraction",
       "0"},
      {"--data",
       "d",
       "--out",
       "r",
       "--channels",
       "6,12",
       "--encoder-depth",
       "2",
       "--decoder-depth",
       "3",
       "--size",
       "20,30,40",
       "--patch",
       "2,4,6",
       "--epochs",
       "7",
       "--max-steps",
       "9",
       "--lr",
       "0.000123456789",
       "--val-fraction",
       "0.333333333333333",
       "--validate-every",
       "2",
       "--seed",
       "18446744073709551615",
       "--threads",
       "1",
       "--device",
       "cpu",
       "--init",
       (folder / "it's init.safetensors").string()}};
  for (const auto& arguments : command_lines) {
    const TrainOptions options = parse(arguments);
    const std::filesystem::path file = write_bytes(folder / "config.toml", to_toml(options));
    INFO(to_toml(options));
    const TrainOptions again = parse({"--config", file.string()});
    CHECK(to_toml(again) == to_toml(options));
    CHECK(again.data == options.data);
    CHECK(again.out == options.out);
    CHECK(again.network == options.network);
    CHECK(again.size == options.size);
    CHECK(again.patch == options.patch);
    CHECK(again.learning_rate == options.learning_rate);
    CHECK(again.validation_fraction == options.validation_fraction);
    CHECK(again.seed == options.seed);
    CHECK(again.threads == options.threads);
    CHECK(again.init == options.init);
  }
  const TrainOptions last = parse(command_lines[2]);
  CHECK(last.network == UNetConfig{.channels = {6, 12}, .encoder_depth = 2, .decoder_depth = 3});
  CHECK(last.size == io::Size3{20, 30, 40});
  CHECK(last.patch == io::Size3{2, 4, 6});
  CHECK((last.epochs == 7 && last.max_steps == 9 && last.validate_every == 2));
  CHECK((last.learning_rate == 0.000123456789 && last.seed == 18446744073709551615u && last.threads == 1));
  CHECK(parse({"--config", (folder / "config.toml").string(), "--out", "other", "--seed", "4"}).seed == 4);
}

TEST_CASE("the defaults are the paper's", "[train]") {
  const TrainOptions options = parse({"--data", "d", "--out", "o"});
  CHECK(options.network == UNetConfig{.channels = {60, 120, 240, 360, 480}});
  CHECK(options.size == io::Size3{160, 192, 160});
  CHECK_FALSE(options.patch.has_value());
  CHECK(options.learning_rate == 1e-4);
  CHECK(parse({"--data", "d", "--out", "o", "--model", "baseline"}).network ==
        UNetConfig{.kind = ModelKind::baseline, .channels = {30, 60, 120, 240, 480}});
}

TEST_CASE("durations read as clocks do", "[train]") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(59.4) == "0:59");
  CHECK(format_duration(59.6) == "1:00");
  CHECK(format_duration(61) == "1:01");
  CHECK(format_duration(3599.6) == "1:00:00");
  CHECK(format_duration(3725) == "1:02:05");
  CHECK(format_duration(360000) == "100:00:00");
}
