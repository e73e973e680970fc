#include "models/inference/weights_file.h"

#include "io/files/json_file.h"
#include "io/nifti/volume_size.h"
#include "io/task/task_json.h"
#include "io/text/parse_list.h"
#include "models/inference/weights_shapes.h"
#include "models/networks.h"

namespace revunet {

namespace {

// This version writes and understands these metadata keys and values.
constexpr const char* kFormat = "revunet-1";
// Programs that do not know `halve` or a task's resampling refuse this format, because they would predict wrongly.
constexpr const char* kSecondFormat = "revunet-2";
constexpr const char* kChannelOrder = "t1,t1ce,t2,flair";
constexpr const char* kLabelMap = "WT=1+2+4,TC=1+4,ET=4";
constexpr const char* kTask = "task";     // JSON; not of BraTS's task
constexpr const char* kHalved = "halve";  // as the option; not where all steps halve all axes
constexpr const char* kWhole = "full";    // as a value of `patch`: the whole field of view
constexpr const char* kNormalisation = "each modality: zero mean, unit population deviation over its non-zero voxels";

// Calls f(index in memory, index in the file) for every element of a parameter.
template <class F>
void for_each_element(const Shape& s, F f) {
  if (s.rank() != 5) {
    for (int64_t i = 0; i < s.elements(); ++i) f(static_cast<size_t>(i), static_cast<size_t>(i));
    return;
  }
  const int64_t O = s[0], taps = s[1] * s[2] * s[3], I = s[4];
  for (int64_t o = 0; o < O; ++o) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t i = 0; i < I; ++i) {
        f(static_cast<size_t>((o * taps + tap) * I + i), static_cast<size_t>((o * I + i) * taps + tap));
      }
    }
  }
}

UNetConfig config_from_metadata(const io::SafetensorsFile& file) {
  const auto get = [&](const std::string& key) -> const std::string& {
    const auto found = file.metadata.find(key);
    REVUNET_EXPECTS(found != file.metadata.end(), DataError, "[{}] expected metadata '{}', got none; was it edited?",
                    file.origin(), key);
    return found->second;
  };
  const auto expect = [&](const std::string& key, const std::string& value) {
    REVUNET_EXPECTS(get(key) == value, DataError,
                    "[{}] expected metadata {} '{}', got '{}'; this version predicts with no other", file.origin(), key,
                    value, get(key));
  };
  if (!file.metadata.contains(kTask)) {
    expect("channel_order", kChannelOrder);
    expect("label_map", kLabelMap);
    expect("normalisation", kNormalisation);
  }
  UNetConfig config;
  const NetworkRow* network = find_network(get("model"));
  REVUNET_EXPECTS(network, DataError, "[{}] expected model {}, got '{}'", file.origin(), network_names(), get("model"));
  config.kind = network->kind;
  config.channels = io::parse_list(get("channels"), "metadata channels of " + file.origin());
  config.encoder_depth = io::parse_list(get("encoder_depth"), "metadata encoder_depth of " + file.origin()).at(0);
  config.decoder_depth = io::parse_list(get("decoder_depth"), "metadata decoder_depth of " + file.origin()).at(0);
  if (file.metadata.contains(kHalved)) {
    config.halved = canonical(parse_halved(get(kHalved), fmt::format("metadata {} of {}", kHalved, file.origin())),
                              config.levels());
  }
  return config;
}

}  // namespace

void save_weights(const std::filesystem::path& path, const UNet& model, const io::VolumeSize& size,
                  const std::optional<io::VolumeSize>& patch, const io::Background& background,
                  const io::TaskPointer& task) {
  io::SafetensorsFile file;
  const UNetConfig& config = model.config();
  const bool second = !config.halved.empty() || task->resampling().kind != io::Resampling::Kind::as_is;
  file.metadata = {{"format", second ? kSecondFormat : kFormat},
                   {"model", name_of(config.kind)},
                   {"channels", fmt::format("{}", fmt::join(config.channels, ","))},
                   {"encoder_depth", std::to_string(config.encoder_depth)},
                   {"decoder_depth", std::to_string(config.decoder_depth)},
                   {"size", fmt::format("{}", fmt::join(size, ","))},
                   {"patch", patch ? fmt::format("{}", fmt::join(*patch, ",")) : kWhole},
                   {"background", background.name()}};
  if (!config.halved.empty()) file.metadata.emplace(kHalved, halved_text(config.halved));
  if (task == io::brats_task()) {
    file.metadata.insert(
        {{"channel_order", kChannelOrder}, {"label_map", kLabelMap}, {"normalisation", kNormalisation}});
  } else {
    file.metadata.emplace(kTask, io::to_json(*task).dump());
  }
  for (const auto& p : model.parameters()) {
    REVUNET_EXPECTS(
        count_non_finite(p->value) == 0, NonFiniteError,
        "[{}] expected finite weights, got {} NaN or infinite in {}; nothing was written, try a smaller `lr`",
        path.string(), count_non_finite(p->value), p->name);
    const std::vector<float> values = to_host_f32(p->value);
    std::vector<float> permuted(values.size());
    for_each_element(p->value.shape(), [&](size_t memory, size_t disk) { permuted[disk] = values[memory]; });
    file.add(p->name, io::HostTensor::from_f32(file_shape(p->value.shape()), permuted));
  }
  io::write_safetensors(path, file);
}

WeightsInfo weights_info(const io::SafetensorsFile& file, const io::TaskPointer& unnamed) try {
  WeightsInfo info{.config = {}, .size = {}, .patch = {}, .background = {}};
  if (file.metadata.contains(kTask)) {
    io::at_place("metadata task of " + file.origin(),
                 [&] { info.task = io::task_from_json(io::parse_json(file.metadata.at(kTask))); });
  }
  if (!file.metadata.contains("format")) info.task = unnamed;  // another program's file
  info.config = config_of_tensors(file, *info.task);
  if (!file.metadata.contains("format")) {
    expect_tensors(file, info.config);
    return info;
  }
  const std::string& format = file.metadata.at("format");
  REVUNET_EXPECTS(format == kFormat || format == kSecondFormat, DataError, "[{}] expected format {} or {}, got {}",
                  file.origin(), kFormat, kSecondFormat, format);
  const UNetConfig stated = config_from_metadata(file);
  REVUNET_EXPECTS(
      stated.kind == info.config.kind && stated.channels == info.config.channels &&
          stated.encoder_depth == info.config.encoder_depth && stated.decoder_depth == info.config.decoder_depth,
      DataError, "[{}] expected the tensors of a {} network with channels {}, got those of channels {}", file.origin(),
      name_of(stated.kind), fmt::join(stated.channels, ","), fmt::join(info.config.channels, ","));
  info.config.halved = stated.halved;  // no tensor shows it
  expect_tensors(file, info.config);
  const auto size_of = [&](const char* key) -> std::optional<io::VolumeSize> {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end() || found->second == kWhole) return std::nullopt;
    const io::VolumeSize size = io::parse_size(found->second, fmt::format("metadata {} of {}", key, file.origin()));
    check_size(info.config, {size.begin(), size.end()});
    return size;
  };
  info.size = size_of("size");
  info.patch = size_of("patch");
  const auto background = file.metadata.find("background");
  if (background != file.metadata.end()) info.background = io::parse_background(background->second);
  return info;
} catch (const UsageError& e) {  // parsers and checks throw this about options; here it is about the file
  throw DataError(fmt::format("[{}] {}", file.origin(), e.what()));
}

void load_weights(const io::SafetensorsFile& file, UNet& model) {
  expect_tensors(file, model);
  for (const auto& p : model.parameters()) {
    const std::vector<double> values = file.at(p->name).to_f64();
    std::vector<double> permuted(values.size());
    for_each_element(p->value.shape(), [&](size_t memory, size_t disk) { permuted[memory] = values[disk]; });
    assign(p->value, permuted);
    REVUNET_EXPECTS(count_non_finite(p->value) == 0, DataError,
                    "[{}] expected finite weights, got {} NaN or infinite in {}", file.origin(),
                    count_non_finite(p->value), p->name);
  }
}

}  // namespace revunet
