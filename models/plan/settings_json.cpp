#include "models/plan/settings_json.h"

#include <limits>

#include "io/files/json_file.h"
#include "models/networks.h"

namespace revunet {

using io::integer_member;
using io::integer_of;
using io::member;
using io::number_member;
using io::text_member;
using nlohmann::json;

namespace {

// This is the largest whole number. check_config and VolumeSize refuse what is beyond any network or volume.
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

std::vector<int64_t> list_member(const json& object, const std::string& key) {
  const json& list = member(object, key);
  REVUNET_EXPECTS(list.is_array() && !list.empty(), DataError, "expected a list of numbers for {}, got {}", key,
                  io::excerpt(list));
  std::vector<int64_t> values;
  for (const json& value : list) values.push_back(integer_of(value, key, 1, kMost));
  return values;
}

io::VolumeSize size_member(const json& object, const std::string& key, const UNetConfig& network) {
  const std::vector<int64_t> values = list_member(object, key);
  REVUNET_EXPECTS(values.size() == 3, DataError, "expected three numbers for {}, got {}", key, values.size());
  const io::VolumeSize size(values[0], values[1], values[2]);
  check_size(network, values);
  return size;
}

// Returns true for the second of two names and false for the first.
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

Activations activations_member(const json& object) {
  const std::string value = text_member(object, "activations");
  for (const Activations activations : {Activations::reversible, Activations::stored, Activations::checkpointed}) {
    if (value == name_of(activations)) return activations;
  }
  throw DataError(fmt::format("expected reversible, stored or checkpointed for activations, got '{}'", value));
}

ModelKind kind_member(const json& object) {
  const std::string name = text_member(object, "model");
  const NetworkRow* network = find_network(name);
  REVUNET_EXPECTS(network, DataError, "expected {} for model, got '{}'", network_names(), name);
  return network->kind;
}

UNetConfig network_from_json(const json& j) {
  UNetConfig network;
  network.kind = kind_member(j);
  network.channels = list_member(j, "channels");
  network.encoder_depth = integer_member(j, "encoder_depth", 1, kMost);
  network.decoder_depth = integer_member(j, "decoder_depth", 1, kMost);
  if (j.contains("in_channels")) network.in_channels = integer_member(j, "in_channels", 1, kMost);
  if (j.contains("out_channels")) network.out_channels = integer_member(j, "out_channels", 1, kMost);
  if (j.contains("halve")) {
    network.halved = canonical(parse_halved(text_member(j, "halve"), "halve"), network.levels());
  }
  check_config(network);
  return network;
}

// Traces of version 0.1 say clip and average.
StepExtras extras_from_json(const json& j) {
  if (j.contains("exclusive_classes")) {
    REVUNET_EXPECTS(j["exclusive_classes"] == true, DataError, "expected true for exclusive_classes, got {}",
                    io::excerpt(j["exclusive_classes"]));
  }
  return {.accumulate = integer_member(j, "accumulate", 1, kMost),
          .cross_entropy = number_member(j, "cross_entropy"),
          .dropout = number_member(j, "dropout"),
          .clip_gradients = number_member(j, j.contains("clip") ? "clip" : "clip_gradients"),
          .ema = number_member(j, j.contains("average") ? "average" : "ema"),
          .exclusive_classes = j.contains("exclusive_classes")};
}

}  // namespace

nlohmann::ordered_json to_json(const StepExtras& e) {
  nlohmann::ordered_json j = {{"accumulate", e.accumulate},
                              {"cross_entropy", e.cross_entropy},
                              {"dropout", e.dropout},
                              {"clip_gradients", e.clip_gradients},
                              {"ema", e.ema}};
  if (e.exclusive_classes) j["exclusive_classes"] = true;
  return j;
}

nlohmann::ordered_json to_json(const MemorySettings& s) {
  nlohmann::ordered_json j;
  j["model"] = name_of(s.network.kind);
  j["channels"] = s.network.channels;
  j["encoder_depth"] = s.network.encoder_depth;
  j["decoder_depth"] = s.network.decoder_depth;
  if (!s.network.halved.empty()) j["halve"] = halved_text(s.network.halved);
  if (s.network.in_channels != UNetConfig{}.in_channels) j["in_channels"] = s.network.in_channels;
  if (s.network.out_channels != UNetConfig{}.out_channels) j["out_channels"] = s.network.out_channels;
  j["activations"] = name_of(s.mode.activations);
  j["skips"] = name_of(s.mode.skips);
  j["finest_level"] = name_of(s.mode.finest);
  j["optimiser_step"] = name_of(s.optimiser_step);
  j["precision"] = name_of(s.precision);
  const bool cuda = s.layout.channel_bytes == kCudaLayout.channel_bytes;
  j["device"] = cuda ? "cuda" : "cpu";
  if (cuda) j["convolution_workspace"] = s.layout.convolution_workspace;
  if (s.extras != StepExtras{}) j["extras"] = to_json(s.extras);
  if (s.processes != 1) j["processes"] = s.processes;
  j["size"] = s.size.axes();
  if (s.augmented) j["augmented"] = s.augmented->axes();
  if (s.intensities) j["intensities"] = true;
  if (s.validation) j["validation"] = s.validation->axes();
  j["steps"] = s.steps;
  return j;
}

MemorySettings settings_from_json(const json& j) try {
  REVUNET_EXPECTS(j.is_object(), DataError, "expected an object of settings, got {}", io::excerpt(j));
  MemorySettings s;
  s.network = network_from_json(j);
  s.mode.activations = activations_member(j);
  s.mode.skips = choice_member(j, "skips", "reversible", "stored") ? Skips::stored : Skips::reversible;
  // Traces of version 0.1 say nothing of it.
  if (j.contains("finest_level") && choice_member(j, "finest_level", "whole", "slabs")) {
    s.mode.finest = FinestLevel::slabs;
  }
  check_mode(s.mode);
  const bool fused =
      choice_member(j, "optimiser_step", name_of(OptimiserStep::separate), name_of(OptimiserStep::fused));
  s.optimiser_step = fused ? OptimiserStep::fused : OptimiserStep::separate;
  if (j.contains("extras")) s.extras = extras_from_json(j["extras"]);
  check_extras(s.network, s.optimiser_step, s.extras);
  if (j.contains("processes")) s.processes = integer_member(j, "processes", 1, kMostProcesses);
  s.precision = precision_member(j);
  check_operands(s.network, operands_of(s.precision));
  if (choice_member(j, "device", "cpu", "cuda")) {
    s.layout = kCudaLayout;
    s.layout.convolution_workspace = static_cast<size_t>(integer_member(j, "convolution_workspace", 1, kMost));
  }
  s.size = size_member(j, "size", s.network);
  if (j.contains("augmented")) s.augmented = size_member(j, "augmented", s.network);
  if (j.contains("intensities")) {
    REVUNET_EXPECTS(j["intensities"] == true, DataError, "expected true for intensities, got {}",
                    io::excerpt(j["intensities"]));
    s.intensities = true;
  }
  if (j.contains("validation")) s.validation = size_member(j, "validation", s.network);
  s.steps = integer_member(j, "steps", 1, kMost);
  const auto known = to_json(s);
  for (const auto& [key, value] : j.items()) {
    REVUNET_EXPECTS(known.contains(key), DataError,
                    "expected settings that this version knows, got '{}'; read it with the version that wrote it", key);
  }
  return s;
} catch (const UsageError& e) {  // checks throw this about options; here it is about the file
  throw DataError(e.what());
}

}  // namespace revunet
