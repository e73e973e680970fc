#include "models/inference/weights_shapes.h"

#include <algorithm>
#include <limits>
#include <set>

#include "io/text/printable.h"
#include "models/networks.h"

namespace revunet {

namespace {

constexpr size_t kMostExtents = 64;  // extents tried as channels; bounds the time for a file that is no network's

// Makes a network on the meta device, where it takes no memory.
std::unique_ptr<UNet> without_values(Device& meta, const UNetConfig& config) {
  return make_unet(Context{meta}, config, DType::f32, 0);
}

// Returns how many tensors have another shape than in a network of this configuration. Where there is no such network,
// returns more than there are tensors.
size_t count_wrong_shapes(const io::SafetensorsFile& file, const UNetConfig& config) {
  Device meta = Device::meta();
  std::unique_ptr<UNet> model;
  try {
    model = without_values(meta, config);
  } catch (const UsageError&) {
    return std::numeric_limits<size_t>::max();
  }
  return static_cast<size_t>(std::ranges::count_if(model->parameters(), [&](const auto& p) {
    return file.contains(p->name) && file.at(p->name).shape() != file_shape(p->value.shape());
  }));
}

std::set<int64_t> extents_of(const io::SafetensorsFile& file) {
  std::set<int64_t> extents;
  for (const auto& entry : file.entries()) {
    for (const int64_t extent : entry.tensor.shape()) {
      extents.insert(extent);
    }
  }
  return extents;
}

// The configuration is inferred from a few tensors. Where others contradict it, each level gets the channels that the
// fewest tensors contradict.
UNetConfig most_fitting(const io::SafetensorsFile& file, UNetConfig config) {
  size_t least = count_wrong_shapes(file, config);
  const std::set<int64_t> extents = extents_of(file);
  if (least == 0 || extents.size() > kMostExtents) return config;
  for (size_t level = 0; level < config.levels(); ++level) {
    for (const int64_t channels : extents) {
      UNetConfig candidate = config;
      candidate.channels[level] = channels;
      const size_t wrong = count_wrong_shapes(file, candidate);
      if (wrong >= least) continue;
      least = wrong;
      config = candidate;
    }
  }
  return config;
}

// A network of another task differs only in its first or last convolution.
void expect_task(const io::SafetensorsFile& file, const UNetConfig& config, const io::Task& task) {
  const auto shape = [&](const char* name) { return fmt::format("{}", fmt::join(file.at(name).shape(), ", ")); };
  const char* first = network_of(config.kind).first_weight;
  REVUNET_EXPECTS(
      config.in_channels == std::ssize(task.modalities()) && config.out_channels == task.output_count(), DataError,
      "[{}] expected a network of {} channels in and {} out, got {} and {} by the shapes ({}) of {} and ({}) "
      "of lastConv.weight; it is of another task",
      file.origin(), task.modalities().size(), task.output_count(), config.in_channels, config.out_channels,
      shape(first), first, shape("lastConv.weight"));
}

}  // namespace

std::vector<int64_t> file_shape(const Shape& s) {
  if (s.rank() != 5) return {s.dims().begin(), s.dims().end()};
  return {s[0], s[4], s[1], s[2], s[3]};
}

UNetConfig config_of_tensors(const io::SafetensorsFile& file, const io::Task& task) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& entry : file.entries()) shapes[entry.name] = entry.tensor.shape();
  UNetConfig config;
  try {
    config = infer_config(shapes);
  } catch (const DataError& e) {
    throw DataError(fmt::format("[{}] {}", file.origin(), e.what()));
  }
  expect_task(file, config, task);
  config = most_fitting(file, config);
  check_config(config);
  return config;
}

void expect_tensors(const io::SafetensorsFile& file, const UNet& model) {
  const UNetConfig& config = model.config();
  std::set<std::string> used;
  for (const auto& p : model.parameters()) {
    const std::vector<int64_t>& found = file.at(p->name).shape();
    const std::vector<int64_t> expected = file_shape(p->value.shape());
    REVUNET_EXPECTS(found == expected, DataError,
                    "[{}] expected {} of shape ({}), got ({}); the file is damaged, or of another architecture than "
                    "{} with channels {}",
                    file.origin(), p->name, fmt::join(expected, ", "), fmt::join(found, ", "), name_of(config.kind),
                    fmt::join(config.channels, ","));
    used.insert(p->name);
  }
  for (const auto& entry : file.entries()) {
    REVUNET_EXPECTS(used.contains(entry.name), DataError,
                    "[{}] expected only the tensors of a {} network with channels {}, got {} as well", file.origin(),
                    name_of(config.kind), fmt::join(config.channels, ","), io::excerpt(entry.name));
  }
}

void expect_tensors(const io::SafetensorsFile& file, const UNetConfig& config) {
  Device meta = Device::meta();
  expect_tensors(file, *without_values(meta, config));
}

}  // namespace revunet
