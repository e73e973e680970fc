#include "models/training/samples/samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace revunet {

namespace {

// Returns where the warp moves the voxel `at` of the source to, deformation apart, within the field of view.
io::Size3 moved(const PlaneWarp& warp, const io::Size3& at, const io::Size3& size) {
  const auto& m = warp.matrix;
  const double determinant = m[0] * m[3] - m[1] * m[2];
  const auto [u, v] = plane_axes(warp.normal);
  const double cu = static_cast<double>(size[u] - 1) / 2, cv = static_cast<double>(size[v] - 1) / 2;
  const double du = static_cast<double>(at[u]) - cu, dv = static_cast<double>(at[v]) - cv;
  io::Size3 to = at;
  to[u] = std::lround(cu + (m[3] * du - m[1] * dv) / determinant);
  to[v] = std::lround(cv + (m[0] * dv - m[2] * du) / determinant);
  for (size_t i = 0; i < 3; ++i) {
    if (warp.flip[i]) to[i] = size[i] - 1 - to[i];
    to[i] = std::clamp<int64_t>(to[i], 0, size[i] - 1);
  }
  return to;
}

io::Size3 random_corner(const io::Preprocessed& c, const PlaneWarp& warp, const io::Size3& patch, double foreground,
                        Rng& rng) {
  const io::Size3& size = c.placement.size;
  io::Size3 low{};
  if (patch == size) return low;  // there is no other
  std::array<bool, 256> in_region{};
  for (const io::Task::Label& label : c.task->labels()) {
    in_region[label.number] = c.task->regions_of(label.number).any();
  }
  const int64_t inside = std::ranges::count_if(c.labels, [&](uint8_t label) { return in_region[label]; });
  const bool on_region = rng.uniform() < foreground && inside > 0;
  if (!on_region) {
    for (size_t i = 0; i < 3; ++i) low[i] = rng.below(size[i] - patch[i] + 1);
    return low;
  }
  int64_t chosen = rng.below(inside), voxel = 0;
  while (!in_region[c.labels[static_cast<size_t>(voxel)]] || chosen-- > 0) ++voxel;
  const io::Size3 at = moved(warp, {voxel / (size[1] * size[2]), voxel / size[2] % size[1], voxel % size[2]}, size);
  for (size_t i = 0; i < 3; ++i) low[i] = std::clamp<int64_t>(at[i] - rng.below(patch[i]), 0, size[i] - patch[i]);
  return low;
}

}  // namespace

Sample whole_sample(SharedCase c) {
  const HostSample voxels{.size = c->placement.size, .image = c->image, .labels = c->labels};
  return {std::move(c), voxels};
}

Sample random_patch(const io::Preprocessed& c, const io::Size3& patch, double foreground, Rng rng) {
  const io::Size3& size = c.placement.size;
  const io::Size3 low = random_corner(c, {}, patch, foreground, rng);
  struct Patch {
    std::vector<float> image;
    std::vector<uint8_t> labels;
  };
  const auto cut = std::make_shared<Patch>();
  const auto voxels = static_cast<size_t>(patch[0] * patch[1] * patch[2]);
  const int64_t channels = c.channels();
  cut->image.reserve(voxels * static_cast<size_t>(channels));
  cut->labels.reserve(voxels);
  for (int64_t x = low[0]; x < low[0] + patch[0]; ++x) {
    for (int64_t y = low[1]; y < low[1] + patch[1]; ++y) {
      const int64_t first = (x * size[1] + y) * size[2] + low[2], last = first + patch[2];
      cut->image.insert(cut->image.end(), c.image.begin() + first * channels, c.image.begin() + last * channels);
      cut->labels.insert(cut->labels.end(), c.labels.begin() + first, c.labels.begin() + last);
    }
  }
  return {cut, {.size = patch, .image = cut->image, .labels = cut->labels}};
}

std::vector<bool> draw_missing(size_t modalities, double probability, Rng rng) {
  std::vector<bool> missing(modalities);
  for (size_t m = 0; m < modalities; ++m) missing[m] = rng.uniform() < probability;
  const auto kept = static_cast<size_t>(rng.below(static_cast<int64_t>(modalities)));
  if (std::ranges::all_of(missing, std::identity())) missing[kept] = false;
  return missing;
}

Sample without_modalities(Sample sample, const std::vector<bool>& missing) {
  if (std::ranges::none_of(missing, std::identity())) return sample;
  struct Image {
    std::shared_ptr<const void> rest;  // labels
    std::vector<float> voxels;
  };
  auto image =
      std::make_shared<Image>(Image{std::move(sample.owner), {sample.voxels.image.begin(), sample.voxels.image.end()}});
  for (size_t m = 0; m < missing.size(); ++m) {
    for (size_t i = m; missing[m] && i < image->voxels.size(); i += missing.size()) image->voxels[i] = 0;
  }
  sample.voxels.image = image->voxels;
  sample.owner = std::move(image);
  return sample;
}

Sample augmented_sample(SharedCase c, const PlaneWarp& warp, const io::Size3& patch, double foreground, Rng rng) {
  const io::Size3 low = random_corner(*c, warp, patch, foreground, rng);
  Sample sample = whole_sample(std::move(c));
  sample.voxels.window = {warp, low, patch, {}};
  return sample;
}

}  // namespace revunet
