#include "tools/train/checkpoint.h"

#include <zlib.h>

#include <nlohmann/json.hpp>

#include "io/safetensors.h"

namespace revunet::tools {

namespace {

using nlohmann::json;

constexpr const char* kFormat = "revunet-checkpoint-3";
constexpr const char* kNewest = "checkpoint.safetensors";
constexpr const char* kPrevious = "checkpoint.previous.safetensors";
constexpr const char* kDamaged = "checkpoint.damaged.safetensors";

json to_json(const EarlyStopping::Scored& s) {
  return {s.epoch, s.score};
}

EarlyStopping::Scored scored_from(const json& j) {
  return {j.at(0).get<int64_t>(), j.at(1).get<double>()};
}

// nlohmann's numbers read back to the last bit.
json to_json(const RunState& s, const Adam& adam) {
  json j = {{"seed", s.order.seed},
            {"cases", s.order.cases},
            {"accumulate", s.order.accumulate},
            {"epoch", s.epoch},
            {"step", s.step},
            {"sample", s.sample},
            {"sample_of_epoch", s.sample_of_epoch},
            {"loss", s.loss},
            {"step_loss", s.step_loss},
            {"training_seconds", s.training_seconds},
            {"waiting_seconds", s.waiting_seconds},
            {"validated", s.validated},
            {"next_turn", s.next_turn},
            {"log", s.log},
            {"recent", json::array()},
            {"adam_steps", json::array()}};
  for (const EarlyStopping::Scored& scored : s.stopping.recent) j["recent"].push_back(to_json(scored));
  if (s.stopping.best) j["best_average"] = to_json(*s.stopping.best);
  if (s.best_score) j["best_score"] = *s.best_score;
  for (const AdamState& state : adam.states()) j["adam_steps"].push_back(state.steps);
  return j;
}

RunState state_from(const json& j) {
  RunState s;
  s.order = {j.at("seed").get<uint64_t>(), j.at("cases").get<int64_t>(), j.at("accumulate").get<int64_t>()};
  s.epoch = j.at("epoch").get<int64_t>();
  s.step = j.at("step").get<int64_t>();
  s.sample = j.at("sample").get<int64_t>();
  s.sample_of_epoch = j.at("sample_of_epoch").get<int64_t>();
  s.loss = j.at("loss").get<RegionValues>();
  s.step_loss = j.at("step_loss").get<RegionValues>();
  s.training_seconds = j.at("training_seconds").get<double>();
  s.waiting_seconds = j.at("waiting_seconds").get<double>();
  s.validated = j.at("validated").get<std::vector<RegionValues>>();
  s.next_turn = j.at("next_turn").get<int64_t>();
  s.log = j.at("log").get<std::string>();
  for (const json& scored : j.at("recent")) s.stopping.recent.push_back(scored_from(scored));
  if (j.contains("best_average")) s.stopping.best = scored_from(j["best_average"]);
  if (j.contains("best_score")) s.best_score = j["best_score"].get<double>();
  return s;
}

// Of the state and of every tensor's name and bytes.
std::string checksum(const io::SafetensorsFile& file, const std::string& state) {
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&](const void* bytes, size_t size) { crc = crc32_z(crc, static_cast<const Bytef*>(bytes), size); };
  add(state.data(), state.size());
  for (const auto& [name, tensor] : file.entries()) {
    add(name.data(), name.size());
    add(tensor.bytes().data(), tensor.bytes().size());
  }
  return fmt::format("{:08x}", crc);
}

io::HostTensor stored(const Tensor& x) {
  return io::HostTensor::from_f32({x.shape().dims().begin(), x.shape().dims().end()}, to_host_f32(x));
}

void restore(const io::SafetensorsFile& file, const std::string& name, Tensor& x) {
  const io::HostTensor& from = file.at(name);
  const std::vector<int64_t> shape(x.shape().dims().begin(), x.shape().dims().end());
  REVUNET_EXPECTS(from.shape() == shape, DataError,
                  "[{}] expected {} of shape ({}), got ({}); it is of another network", file.origin(), name,
                  fmt::join(shape, ", "), fmt::join(from.shape(), ", "));
  assign(x, from.to_f64());
}

struct Checked {
  io::SafetensorsFile file;
  json state;
};

Checked read_checked(const std::filesystem::path& path) try {
  Checked checked{io::read_safetensors(path), {}};
  const auto metadata = [&](const char* key) -> const std::string& {
    const auto found = checked.file.metadata.find(key);
    REVUNET_EXPECTS(found != checked.file.metadata.end(), DataError,
                    "[{}] expected a checkpoint, got a file without {}", path.string(), key);
    return found->second;
  };
  REVUNET_EXPECTS(metadata("format") == kFormat, DataError,
                  "[{}] expected format {}, got {}; go on with the version that wrote it", path.string(), kFormat,
                  metadata("format"));
  const std::string sum = checksum(checked.file, metadata("state"));
  REVUNET_EXPECTS(sum == metadata("crc32"), DataError, "[{}] expected the checksum {}, got {}: the file is damaged",
                  path.string(), metadata("crc32"), sum);
  checked.state = json::parse(metadata("state"));
  return checked;
} catch (const json::exception& e) {
  throw DataError(fmt::format("[{}] expected the state of a run, got: {}", path.string(), e.what()));
}

// So that the next save keeps the file before, which is whole, as the one before.
void move_aside(const std::filesystem::path& damaged, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(damaged, to, error);
  REVUNET_EXPECTS(!error || error == std::errc::no_such_file_or_directory, DataError,
                  "[{}] expected to move this damaged file aside, got: {}; remove it", damaged.string(),
                  error.message());
}

Checked read_newest(const RunFolder& folder, std::string& damage) {
  try {
    return read_checked(folder.file(kNewest));
  } catch (const DataError& e) {
    damage = e.what();
  }
  try {
    return read_checked(folder.file(kPrevious));
  } catch (const DataError& e) {
    throw DataError(fmt::format(
        "{}\nand the one before: {}\nthere is nothing to resume; start anew, with --init and last.safetensors "
        "if that is there",
        damage, e.what()));
  }
}

}  // namespace

bool has_checkpoint(const RunFolder& folder) {
  return std::filesystem::exists(folder.file(kNewest)) || std::filesystem::exists(folder.file(kPrevious));
}

void save_checkpoint(const RunFolder& folder, const UNet& model, const Adam& adam, const WeightAverage* average,
                     const RunState& state) {
  io::SafetensorsFile file;
  const auto& parameters = model.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i]->name;
    file.add("weight." + name, stored(parameters[i]->value));
    if (average) file.add("average." + name, stored(average->tensors()[i]));
    if (parameters[i]->gradient) file.add("gradient." + name, stored(parameters[i]->gradient));
    if (i >= adam.states().size() || adam.states()[i].steps == 0) continue;
    file.add("mean." + name, stored(adam.states()[i].mean));
    file.add("mean_square." + name, stored(adam.states()[i].mean_square));
  }
  const std::string text = to_json(state, adam).dump();
  file.metadata = {{"format", kFormat}, {"state", text}, {"crc32", checksum(file, text)}};
  io::write_safetensors(folder.file(kNewest), file, folder.file(kPrevious));
}

Restored load_checkpoint(const Context& ctx, const RunFolder& folder, UNet& model, Adam& adam, WeightAverage* average) {
  Restored restored;
  const Checked checked = read_newest(folder, restored.damage);
  if (!restored.damage.empty()) move_aside(folder.file(kNewest), folder.file(kDamaged));
  restored.state = state_from(checked.state);
  const auto steps = checked.state.at("adam_steps").get<std::vector<int64_t>>();
  const auto& parameters = model.parameters();
  REVUNET_EXPECTS(steps.empty() || steps.size() == parameters.size(), DataError,
                  "[{}] expected the moments of {} parameters, got those of {}; it is of another network",
                  checked.file.origin(), parameters.size(), steps.size());
  std::vector<AdamState> states(steps.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = *parameters[i];
    restore(checked.file, "weight." + p.name, p.value);
    if (average) restore(checked.file, "average." + p.name, average->tensors()[i]);
    if (checked.file.contains("gradient." + p.name)) {
      const LayerScope scope(ctx, "gradients");
      restore(checked.file, "gradient." + p.name, gradient_of(ctx, p));
    }
    if (i >= steps.size() || steps[i] == 0) continue;
    const Context moments = ctx.with_tag(Tag::optimiser);
    const LayerScope scope(moments, "optimiser");
    states[i] = {Tensor(moments, p.value.shape(), p.value.dtype()), Tensor(moments, p.value.shape(), p.value.dtype()),
                 steps[i]};
    restore(checked.file, "mean." + p.name, states[i].mean);
    restore(checked.file, "mean_square." + p.name, states[i].mean_square);
  }
  adam.set_states(std::move(states));
  return restored;
}

}  // namespace revunet::tools
