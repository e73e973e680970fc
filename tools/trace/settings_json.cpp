#include "tools/trace/settings_json.h"

#include <limits>

#include "io/json_file.h"

namespace revunet::tools {

using io::integer_member;
using io::integer_of;
using io::member;
using io::number_member;
using io::text_member;
using nlohmann::json;

namespace {

// Beyond any network or volume, and far from overflow.
constexpr int64_t kMostVoxels = 4096, kMostChannels = 65536, kMostDepth = 1000, kMostLevels = 16;

std::vector<int64_t> list_member(const json& object, const std::string& key, int64_t most) {
  const json& list = member(object, key);
  REVUNET_EXPECTS(list.is_array() && !list.empty(), DataError, "expected a list of numbers for {}, got {}", key,
                  io::excerpt(list));
  std::vector<int64_t> values;
  for (const json& value : list) values.push_back(integer_of(value, key, 1, most));
  return values;
}

io::Size3 size_member(const json& object, const std::string& key, const UNetConfig& network) {
  const std::vector<int64_t> values = list_member(object, key, kMostVoxels);
  REVUNET_EXPECTS(values.size() == 3, DataError, "expected three numbers for {}, got {}", key, values.size());
  check_size(network, values);
  return {values[0], values[1], values[2]};
}

// True for the second of two names, false for the first.
bool choice_member(const json& object, const std::string& key, const char* first, const char* second) {
  const std::string value = text_member(object, key);
  REVUNET_EXPECTS(value == first || value == second, DataError, "expected {} or {} for {}, got '{}'", first, second,
                  key, value);
  return value == second;
}

Precision precision_member(const json& object) {
  const std::string value = text_member(object, "precision");
  for (const Precision precision : kPrecisions) {
    if (value == name_of(precision)) return precision;
  }
  throw DataError(fmt::format("expected fp32, mixed or bf16 for precision, got '{}'", value));
}

UNetConfig network_from_json(const json& j) {
  UNetConfig network;
  network.kind = choice_member(j, "model", "reversible", "baseline") ? ModelKind::baseline : ModelKind::reversible;
  network.channels = list_member(j, "channels", kMostChannels);
  REVUNET_EXPECTS(static_cast<int64_t>(network.levels()) <= kMostLevels, DataError,
                  "expected at most {} levels of channels, got {}", kMostLevels, network.levels());
  network.encoder_depth = integer_member(j, "encoder_depth", 1, kMostDepth);
  network.decoder_depth = integer_member(j, "decoder_depth", 1, kMostDepth);
  check_config(network);
  return network;
}

StepExtras extras_from_json(const json& j) {
  return {.accumulate = integer_member(j, "accumulate", 1, std::numeric_limits<int64_t>::max()),
          .cross_entropy = number_member(j, "cross_entropy"),
          .dropout = number_member(j, "dropout"),
          .clip = number_member(j, "clip"),
          .average = number_member(j, "average")};
}

}  // namespace

nlohmann::ordered_json to_json(const StepExtras& e) {
  return {{"accumulate", e.accumulate},
          {"cross_entropy", e.cross_entropy},
          {"dropout", e.dropout},
          {"clip", e.clip},
          {"average", e.average}};
}

nlohmann::ordered_json to_json(const MemorySettings& s) {
  nlohmann::ordered_json j;
  j["model"] = name_of(s.network.kind);
  j["channels"] = s.network.channels;
  j["encoder_depth"] = s.network.encoder_depth;
  j["decoder_depth"] = s.network.decoder_depth;
  j["activations"] = name_of(s.mode.activations);
  j["skips"] = name_of(s.mode.skips);
  j["optimiser_step"] = s.optimiser_step == OptimiserStep::fused ? "fused" : "separate";
  j["precision"] = name_of(s.precision);
  const bool cuda = s.layout.channel_bytes == kCudaLayout.channel_bytes;
  j["device"] = cuda ? "cuda" : "cpu";
  if (cuda) j["convolution_workspace"] = s.layout.convolution_workspace;
  if (s.extras != StepExtras{}) j["extras"] = to_json(s.extras);
  j["size"] = s.size;
  if (s.augmented) j["augmented"] = *s.augmented;
  if (s.intensities) j["intensities"] = true;
  if (s.validation) j["validation"] = *s.validation;
  j["steps"] = s.steps;
  return j;
}

MemorySettings settings_from_json(const json& j) try {
  REVUNET_EXPECTS(j.is_object(), DataError, "expected an object of settings, got {}", io::excerpt(j));
  MemorySettings s;
  s.network = network_from_json(j);
  s.mode.activations =
      choice_member(j, "activations", "reversible", "stored") ? Activations::stored : Activations::reversible;
  s.mode.skips = choice_member(j, "skips", "reversible", "stored") ? Skips::stored : Skips::reversible;
  s.optimiser_step =
      choice_member(j, "optimiser_step", "separate", "fused") ? OptimiserStep::fused : OptimiserStep::separate;
  if (j.contains("extras")) s.extras = extras_from_json(j["extras"]);
  check_extras(s.network, s.optimiser_step, s.extras);
  s.precision = precision_member(j);
  check_operands(s.network, operands_of(s.precision));
  if (choice_member(j, "device", "cpu", "cuda")) {
    s.layout = kCudaLayout;
    s.layout.convolution_workspace =
        static_cast<size_t>(integer_member(j, "convolution_workspace", 1, std::numeric_limits<int64_t>::max()));
  }
  s.size = size_member(j, "size", s.network);
  if (j.contains("augmented")) s.augmented = size_member(j, "augmented", s.network);
  if (j.contains("intensities")) {
    REVUNET_EXPECTS(j["intensities"] == true, DataError, "expected true for intensities, got {}",
                    io::excerpt(j["intensities"]));
    s.intensities = true;
  }
  if (j.contains("validation")) s.validation = size_member(j, "validation", s.network);
  s.steps = integer_member(j, "steps", 1, std::numeric_limits<int64_t>::max());
  const auto known = to_json(s);
  for (const auto& [key, value] : j.items()) {
    REVUNET_EXPECTS(known.contains(key), DataError,
                    "expected settings that this version knows, got '{}'; read it with the version that wrote it", key);
  }
  return s;
} catch (const UsageError& e) {  // what checks of options throw is here about the file
  throw DataError(e.what());
}

}  // namespace revunet::tools
