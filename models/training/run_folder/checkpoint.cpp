#include "models/training/run_folder/checkpoint.h"

#include <zlib.h>

#include "io/files/json_file.h"
#include "io/files/safetensors.h"

namespace revunet {

namespace {

using io::integer_member;
using io::member;
using io::number_member;
using nlohmann::json;

constexpr const char* kFormat = "revunet-checkpoint-3";
constexpr int64_t kMostCount = int64_t{1} << 53;  // limit of epochs, steps or samples: far from overflow
constexpr const char* kNewest = "checkpoint.safetensors";
constexpr const char* kPrevious = "checkpoint.previous.safetensors";
constexpr const char* kScoresKey = "scores";  // missing in checkpoints of older versions
constexpr const char* kHalved = "halve";      // missing where all steps between levels halve all axes
constexpr const char* kDamaged = "checkpoint.damaged.safetensors";

json to_json(const EarlyStopping::Scored& s) {
  return {s.epoch, s.score};
}

EarlyStopping::Scored scored_from(const json& j) {
  return {io::integer_of(j.at(0), "epoch", 0, kMostCount), io::number_of(j.at(1), "score")};
}

// null means that there is no such region.
json to_json(const RegionScores& scores) {
  json j = json::array();
  for (const std::optional<double>& score : scores) j.push_back(score ? json(*score) : json());
  return j;
}

const json& expect_list(const json& values, const char* name) {
  REVUNET_EXPECTS(values.is_array(), DataError, "expected a list for {}, got {}", name, io::excerpt(values));
  return values;
}

RegionValues losses_from(const json& j, const char* name) {
  RegionValues losses;
  for (const json& value : expect_list(member(j, name), name)) losses.push_back(io::number_of(value, name));
  return losses;
}

RegionScores region_scores_from(const json& j) {
  RegionScores scores(expect_list(j, "validated").size());
  for (size_t r = 0; r < scores.size(); ++r) {
    if (!j.at(r).is_null()) scores[r] = io::number_of(j.at(r), "validated");
  }
  return scores;
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
            {"validated", json::array()},
            {"next_turn", s.next_turn},
            {"log", s.log},
            {"recent", json::array()},
            {"adam_steps", json::array()}};
  for (const EarlyStopping::Scored& scored : s.stopping.recent) j["recent"].push_back(to_json(scored));
  for (const RegionScores& scores : s.validated) j["validated"].push_back(to_json(scores));
  if (!s.patches.empty()) j["patches"] = s.patches;
  if (!s.older_scores) j[kScoresKey] = "of regions that the reference has";
  if (s.stopping.best) j["best_average"] = to_json(*s.stopping.best);
  if (s.best_score) j["best_score"] = *s.best_score;
  for (const AdamState& state : adam.states()) j["adam_steps"].push_back(state.steps);
  return j;
}

RunState state_from(const json& j) {
  RunState s;
  const json& seed = member(j, "seed");
  REVUNET_EXPECTS(seed.is_number_unsigned(), DataError, "expected a whole number for seed, got {}", io::excerpt(seed));
  s.order = {seed.get<uint64_t>(), integer_member(j, "cases", 1, kMostCount),
             integer_member(j, "accumulate", 1, kMostCount)};
  s.epoch = integer_member(j, "epoch", 1, kMostCount);
  s.step = integer_member(j, "step", 0, kMostCount);
  s.sample = integer_member(j, "sample", 0, kMostCount);
  s.sample_of_epoch = integer_member(j, "sample_of_epoch", 0, s.order.cases);
  s.loss = losses_from(j, "loss");
  s.step_loss = losses_from(j, "step_loss");
  s.training_seconds = number_member(j, "training_seconds");
  s.waiting_seconds = number_member(j, "waiting_seconds");
  s.older_scores = !j.contains(kScoresKey);
  // A validation that an older version began is repeated, because that version did not keep which regions its cases
  // have.
  for (const json& scores : s.older_scores ? json::array() : member(j, "validated")) {
    s.validated.push_back(region_scores_from(scores));
  }
  if (j.contains("patches")) s.patches = io::text_member(j, "patches");
  s.next_turn = integer_member(j, "next_turn", 0, kMostCount);
  s.log = io::text_member(j, "log");
  for (const json& scored : member(j, "recent")) s.stopping.recent.push_back(scored_from(scored));
  if (j.contains("best_average")) s.stopping.best = scored_from(j["best_average"]);
  if (j.contains("best_score")) s.best_score = number_member(j, "best_score");
  return s;
}

// Returns the checksum of the state and of every tensor's name and bytes.
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

std::vector<int64_t> adam_steps_from(const json& j) {
  std::vector<int64_t> steps;
  for (const json& count : member(j, "adam_steps")) steps.push_back(io::integer_of(count, "adam_steps", 0, kMostCount));
  return steps;
}

struct Checked {
  io::SafetensorsFile file;
  RunState state;
  std::vector<int64_t> adam_steps;
  std::string halved;
};

Checked read_checked(const std::filesystem::path& path) {
  Checked checked{io::read_safetensors(path), {}, {}, {}};
  const auto metadata = [&](const char* key) -> const std::string& {
    const auto found = checked.file.metadata.find(key);
    REVUNET_EXPECTS(found != checked.file.metadata.end(), DataError,
                    "[{}] expected a checkpoint, got a file without {}", path.string(), key);
    return found->second;
  };
  REVUNET_EXPECTS(metadata("format") == kFormat, DataError,
                  "[{}] expected format {}, got {}; go on with the version that wrote it", path.string(), kFormat,
                  io::excerpt(metadata("format")));
  const std::string sum = checksum(checked.file, metadata("state"));
  REVUNET_EXPECTS(sum == metadata("crc32"), DataError, "[{}] expected the checksum {}, got {}: the file is damaged",
                  path.string(), io::excerpt(metadata("crc32")), sum);
  io::at_place(path.string(), [&] {
    const json state = io::parse_json(metadata("state"));
    checked.state = state_from(state);
    checked.adam_steps = adam_steps_from(state);
    if (state.contains(kHalved)) checked.halved = io::text_member(state, kHalved);
  });
  return checked;
}

// Moves the damaged file aside, so that the next save keeps the earlier whole file as the previous one.
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
        "{}\nand the one before: {}\nthere is nothing to resume; start anew, with `init` and last.safetensors "
        "if that is there",
        damage, e.what()));
  }
}

void expect_task(const Checked& checked, const io::Task& task) {
  const size_t losses = loss_names(task).size(), regions = task.regions().size();
  const RunState& state = checked.state;
  const bool fits = state.loss.size() == losses && state.step_loss.size() == losses &&
                    std::ranges::all_of(state.validated, [&](const auto& scores) { return scores.size() == regions; });
  REVUNET_EXPECTS(fits, DataError,
                  "[{}] expected {} losses, and Dice of {} regions, as the task {} has them, got {} losses or "
                  "another number of regions; resume with the dataset that the run began with",
                  checked.file.origin(), losses, regions, task.name(), state.loss.size());
}

// The tensors of networks that halve other axes have the same names and shapes.
void expect_halved(const Checked& checked, const UNetConfig& network) {
  const auto text = [](const std::string& steps) { return steps.empty() ? "all axes" : steps; };
  const std::string own = halved_text(network.halved);
  REVUNET_EXPECTS(checked.halved == own, DataError,
                  "[{}] expected a network whose steps between levels halve {}, got {}; it is of another network",
                  checked.file.origin(), text(own), text(checked.halved));
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
  json saved = to_json(state, adam);
  if (!model.config().halved.empty()) saved[kHalved] = halved_text(model.config().halved);
  const std::string text = saved.dump();
  file.metadata = {{"format", kFormat}, {"state", text}, {"crc32", checksum(file, text)}};
  io::write_safetensors(folder.file(kNewest), file, folder.file(kPrevious));
}

Restored load_checkpoint(const Context& ctx, const RunFolder& folder, const io::Task& task, UNet& model, Adam& adam,
                         WeightAverage* average) {
  Restored restored;
  Checked checked = read_newest(folder, restored.damage);
  expect_task(checked, task);
  expect_halved(checked, model.config());
  if (!restored.damage.empty() && folder.is_own()) move_aside(folder.file(kNewest), folder.file(kDamaged));
  restored.state = std::move(checked.state);
  const std::vector<int64_t>& steps = checked.adam_steps;
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

}  // namespace revunet
