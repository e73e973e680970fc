// Tests weights files: the reference's names and layout, what the metadata must agree with, and refusals.
#include "models/inference/weights_file.h"

#include <limits>

#include "engine/error.h"
#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

const UNetConfig baseline = {.kind = ModelKind::baseline, .channels = {2, 4, 8}};
const UNetConfig deep = {.channels = {4, 8, 12}, .encoder_depth = 2, .decoder_depth = 3};
constexpr io::Size3 trained_size = {32, 48, 16};

std::vector<std::vector<double>> values_of(const UNet& model) {
  std::vector<std::vector<double>> values;
  for (const auto& p : model.parameters()) values.push_back(to_host_f64(p->value));
  return values;
}

std::string refusal_to_load(const io::SafetensorsFile& file, UNet& model) {
  return message_of<DataError>([&] { load_weights(file, model); });
}

std::string refusal_of_info(const io::SafetensorsFile& file) {
  return message_of<DataError>([&] { weights_info(file); });
}

}  // namespace

TEST_CASE("weights come back as they were, with what a prediction needs", "[weights]") {
  const UNetConfig config = GENERATE(tiny_network, baseline, deep);
  const TemporaryFolder folder;
  Device device;
  const Context ctx{device};
  const auto saved = make_unet(ctx, config, DType::f32, 1), loaded = make_unet(ctx, config, DType::f32, 2);
  REQUIRE(values_of(*saved) != values_of(*loaded));
  save_weights(folder / "w.safetensors", *saved, trained_size);
  const io::SafetensorsFile file = io::read_safetensors(folder / "w.safetensors");
  load_weights(file, *loaded);
  CHECK(values_of(*saved) == values_of(*loaded));

  const WeightsInfo info = weights_info(file);
  CHECK(info.config == config);
  REQUIRE(info.size.has_value());
  CHECK(*info.size == trained_size);
  const WeightsInfo foreign = weights_info(without_metadata(file));
  CHECK(foreign.config == config);
  CHECK_FALSE(foreign.size.has_value());
}

TEST_CASE("files hold (O, I, kD, kH, kW) and memory (O, kD, kH, kW, I)", "[weights]") {
  const TemporaryFolder folder;
  Device device;
  const auto model = make_unet(Context{device}, tiny_network, DType::f32, 1);
  const auto code = [](int64_t o, int64_t i, int64_t d, int64_t h, int64_t w) {
    return static_cast<float>((((o * 10 + i) * 10 + d) * 10 + h) * 10 + w);  // digits; below 2^24, so exact
  };
  Tensor& value = model->parameters()[0]->value;
  REQUIRE(model->parameters()[0]->name == "firstConv.weight");
  REQUIRE(value.elements() == 4 * 27 * 4);
  float* memory = value.data<float>();
  for (int64_t o = 0; o < 4; ++o)
    for (int64_t d = 0; d < 3; ++d)
      for (int64_t h = 0; h < 3; ++h)
        for (int64_t w = 0; w < 3; ++w)
          for (int64_t i = 0; i < 4; ++i) *memory++ = code(o, i, d, h, w);
  save_weights(folder / "w.safetensors", *model, trained_size);

  const io::SafetensorsFile file = io::read_safetensors(folder / "w.safetensors");
  const io::HostTensor& stored = file.at("firstConv.weight");
  CHECK(stored.shape() == std::vector<int64_t>{4, 4, 3, 3, 3});
  std::vector<float> expected;
  for (int64_t o = 0; o < 4; ++o)
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t d = 0; d < 3; ++d)
        for (int64_t h = 0; h < 3; ++h)
          for (int64_t w = 0; w < 3; ++w) expected.push_back(code(o, i, d, h, w));
  CHECK(stored.to_f32() == expected);
}

TEST_CASE("names and shapes are those of the reference's state_dict", "[weights]") {
  struct Network {
    const char* golden;
    UNetConfig config;
  };
  for (const Network& network :
       {Network{"revunet_tiny_e1d1", {.channels = {8, 16, 24, 32, 40}}},
        Network{"revunet_tiny_e3d2", {.channels = {8, 16, 24, 32, 40}, .encoder_depth = 3, .decoder_depth = 2}},
        Network{"baseline_tiny", {.kind = ModelKind::baseline, .channels = {4, 8, 16, 32, 64}}}}) {
    INFO(network.golden);
    const TemporaryFolder folder;
    const io::SafetensorsFile golden = io::read_safetensors(golden_dir() + "/" + network.golden + ".safetensors");
    const io::SafetensorsFile file = io::read_safetensors(write_untrained(folder / "w.safetensors", network.config));
    size_t weights = 0;
    for (const auto& entry : golden.entries()) {
      if (!entry.name.starts_with("weight.")) continue;
      ++weights;
      CHECK(file.at(entry.name.substr(7)).shape() == entry.tensor.shape());
    }
    CHECK(file.entries().size() == weights);
  }
}

TEST_CASE("tensors that are not the network's are refused by name", "[weights]") {
  const TemporaryFolder folder;
  const io::SafetensorsFile file = io::read_safetensors(write_untrained(folder / "w.safetensors"));
  Device device;
  const auto model = make_unet(Context{device}, tiny_network, DType::f32, 2);

  io::SafetensorsFile missing;
  for (const auto& entry : file.entries()) {
    if (entry.name != "lastConv.bias") missing.add(entry.name, entry.tensor);
  }
  CHECK_THAT(refusal_to_load(missing, *model), ContainsSubstring("lastConv.bias"));

  io::SafetensorsFile superfluous = without_metadata(file);
  superfluous.add("optimiser.m", io::HostTensor::from_f32({1}, std::vector<float>{0}));
  CHECK_THAT(refusal_to_load(superfluous, *model), ContainsSubstring("channels 4,8, got optimiser.m as well"));

  const auto wide = make_unet(Context{device}, {.channels = {8, 16}}, DType::f32, 2);
  CHECK_THAT(refusal_to_load(file, *wide),
             ContainsSubstring("w.safetensors] expected firstConv.weight of shape (8, 4, 3, 3, 3), "
                               "got (4, 4, 3, 3, 3)"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(refusal_to_load(with_filled(file, "lastConv.bias", nan), *model),
             ContainsSubstring("expected finite weights, got 3 NaN or infinite in lastConv.bias"));
}

TEST_CASE("metadata that does not describe the tensors is refused", "[weights]") {
  const TemporaryFolder folder;
  const io::SafetensorsFile file = io::read_safetensors(write_untrained(folder / "w.safetensors"));
  const auto refusal_with = [&](const std::string& key, const std::string& value) {
    io::SafetensorsFile edited = changed(file, true, [](const std::string&, const io::HostTensor& t) { return t; });
    edited.metadata[key] = value;
    return refusal_of_info(edited);
  };
  CHECK_THAT(refusal_with("format", "revunet-3"),
             ContainsSubstring("expected format revunet-1 or revunet-2, got revunet-3"));
  CHECK_THAT(refusal_with("label_map", "WT=1"), ContainsSubstring("label_map") && ContainsSubstring("got 'WT=1'"));
  CHECK_THAT(refusal_with("channel_order", "flair,t1,t1ce,t2"), ContainsSubstring("channel_order"));
  CHECK_THAT(refusal_with("normalisation", "none"), ContainsSubstring("normalisation"));
  CHECK_THAT(refusal_with("model", "baseline"), ContainsSubstring("expected the tensors of a baseline network"));
  CHECK_THAT(refusal_with("model", "transformer"), ContainsSubstring("got 'transformer'"));
  CHECK_THAT(refusal_with("channels", "8,16"), ContainsSubstring("channels 8,16, got those of channels 4,8"));
  CHECK_THAT(refusal_with("channels", "4;8"), ContainsSubstring("expected whole numbers"));
  CHECK_THAT(refusal_with("encoder_depth", ""), ContainsSubstring("expected whole numbers"));
  CHECK_THAT(refusal_with("size", "32,32"), ContainsSubstring("expected three positive sizes"));
  io::SafetensorsFile dropped = changed(file, true, [](const std::string&, const io::HostTensor& t) { return t; });
  dropped.metadata.erase("channels");
  CHECK_THAT(refusal_of_info(dropped), ContainsSubstring("expected metadata 'channels', got none"));
}

TEST_CASE("files of other networks are refused as data, naming the file", "[weights]") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::map<std::string, std::vector<int64_t>>& shapes) {
    io::SafetensorsFile file;
    for (const auto& [name, shape] : shapes) {
      int64_t count = 1;
      for (const int64_t extent : shape) count *= extent;
      file.add(name, io::HostTensor::from_f32(shape, std::vector<float>(static_cast<size_t>(count))));
    }
    io::write_safetensors(folder / "other.safetensors", file);
    return refusal_of_info(io::read_safetensors(folder / "other.safetensors"));
  };
  CHECK_THAT(refusal({{"fc.weight", {3, 4}}}),
             ContainsSubstring("other.safetensors]") && ContainsSubstring("was it written by another"));
  CHECK_THAT(refusal({{"firstConv.weight", {5, 4, 3, 3, 3}}, {"lastConv.weight", {3, 5, 1, 1, 1}}}),
             ContainsSubstring("other.safetensors]"));

  UNetConfig config = tiny_network;
  config.in_channels = 1;
  CHECK_THAT(refusal_of_info(io::read_safetensors(write_untrained(folder / "one.safetensors", config))),
             ContainsSubstring("one.safetensors] expected a network of 4 channels in and 3 out, got 1 and 3"));
}

TEST_CASE("weights that are not finite are not saved over good ones", "[weights]") {
  const TemporaryFolder folder;
  const std::string good = read_bytes(write_untrained(folder / "w.safetensors"));
  Device device;
  const auto model = make_unet(Context{device}, tiny_network, DType::f32, 1);
  model->parameters()[1]->value.data<float>()[0] = std::numeric_limits<float>::infinity();
  const std::string message = message_of<NonFiniteError>([&] {
    save_weights(folder / "w.safetensors", *model, {32, 32, 32});
  });
  CHECK_THAT(message, ContainsSubstring("w.safetensors]") &&
                          ContainsSubstring("got 1 NaN or infinite in " + model->parameters()[1]->name));
  CHECK(read_bytes(folder / "w.safetensors") == good);
}
