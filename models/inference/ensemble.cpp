#include "models/inference/ensemble.h"

#include <algorithm>

#include "models/inference/weights_reader.h"
#include "models/inference/whole_volume.h"

namespace revunet {

namespace {

// Returns every choice of some of the axes. The first choice is none of them.
std::vector<MirrorAxes> subsets(const MirrorAxes& axes) {
  std::vector<MirrorAxes> all = {{}};
  for (size_t axis = 0; axis < 3; ++axis) {
    if (!axes[axis]) continue;
    for (size_t i = 0, count = all.size(); i < count; ++i) {
      all.push_back(all[i]);
      all.back()[axis] = true;
    }
  }
  return all;
}

}  // namespace

std::vector<float> mirrored(std::span<const float> values, const io::Size3& size, int64_t channels,
                            const MirrorAxes& axes) {
  std::vector<float> result(values.size());
  const auto [X, Y, Z] = size;
  const auto at = [&](size_t axis, int64_t i) { return axes[axis] ? size[axis] - 1 - i : i; };
  for (int64_t x = 0; x < X; ++x) {
    for (int64_t y = 0; y < Y; ++y) {
      for (int64_t z = 0; z < Z; ++z) {
        const int64_t from = ((at(0, x) * Y + at(1, y)) * Z + at(2, z)) * channels;
        const int64_t to = ((x * Y + y) * Z + z) * channels;
        std::copy_n(values.begin() + from, channels, result.begin() + to);
      }
    }
  }
  return result;
}

io::TaskPointer task_of_weights(const std::vector<std::filesystem::path>& weights) {
  io::TaskPointer task;
  for (const std::filesystem::path& path : weights) {
    const io::TaskPointer own = weights_info(read_weights(path, [](const std::string&) {})).task;
    if (!task) task = own;
    REVUNET_EXPECTS(
        io::same_task(*task, *own) && io::same_preparation(*task, *own), DataError,
        "[{}] expected a network of the task {}, as in {}, with the same normalisation and spacing of images, got {}; "
        "predict them separately",
        path.string(), io::describe(*task), weights[0].string(), io::describe(*own));
  }
  return task;
}

Ensemble::Ensemble(const Context& ctx, const std::vector<std::filesystem::path>& weights, Precision precision,
                   const MirrorAxes& mirror, const std::function<void(const std::string&)>& on_note)
    : ctx_(ctx), activation_type_(activation_type(precision)), mirror_(mirror) {
  for (const std::filesystem::path& path : weights) {
    const io::SafetensorsFile file = read_weights(path, on_note);
    const WeightsInfo info = weights_info(file);
    members_.push_back({info, make_unet(ctx, info.config, DType::f32, 0, {}, operands_of(precision))});
    load_weights(file, *members_.back().network);
  }
}

int64_t Ensemble::passes() const {
  return std::ssize(subsets(mirror_)) * std::ssize(members_);
}

std::vector<float> Ensemble::probabilities(std::span<const float> image, const io::Size3& size,
                                           const std::function<void()>& on_pass) const {
  std::vector<float> sum;
  const std::vector<MirrorAxes> mirrors = subsets(mirror_);
  const UNetConfig& network = members_.at(0).info.config;  // all have the same channels
  for (const MirrorAxes& axes : mirrors) {
    const std::vector<float> seen = mirrored(image, size, network.in_channels, axes);
    for (const Member& member : members_) {
      const std::vector<float> one = mirrored(
          predict_whole_volume(ctx_, *member.network, seen, size, activation_type_, outputs_of(*member.info.task)),
          size, network.out_channels, axes);
      if (sum.empty()) sum.resize(one.size());
      for (size_t i = 0; i < one.size(); ++i) sum[i] += one[i];
      on_pass();
    }
  }
  const auto count = static_cast<float>(passes());
  for (float& p : sum) p /= count;
  return sum;
}

}  // namespace revunet
