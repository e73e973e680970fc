#include "models/training/samples/samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace revunet {

namespace {

io::Size3 sum(const io::Size3& a, const io::Size3& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}

io::Size3 difference(const io::Size3& a, const io::Size3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

struct InPlane {
  size_t u, v;
  double cu, cv;  // centre
};

InPlane plane_of(const PlaneWarp& warp, const io::Size3& size) {
  const auto [u, v] = plane_axes(warp.normal);
  return {u, v, static_cast<double>(size[u] - 1) / 2, static_cast<double>(size[v] - 1) / 2};
}

io::Size3 flipped(io::Size3 at, const PlaneWarp& warp, const io::Size3& size) {
  for (size_t i = 0; i < 3; ++i) {
    if (warp.flip[i]) at[i] = size[i] - 1 - at[i];
  }
  return at;
}

// Returns where the warp of a volume moves its voxel `at` to, deformation apart, within the volume.
io::Size3 moved(const PlaneWarp& warp, const io::Size3& at, const io::Size3& size) {
  const auto& m = warp.matrix;
  const double determinant = m[0] * m[3] - m[1] * m[2];
  const auto [u, v, cu, cv] = plane_of(warp, size);
  const double du = static_cast<double>(at[u]) - cu, dv = static_cast<double>(at[v]) - cv;
  io::Size3 to = at;
  to[u] = std::lround(cu + (m[3] * du - m[1] * dv) / determinant);
  to[v] = std::lround(cv + (m[0] * dv - m[2] * du) / determinant);
  to = flipped(to, warp, size);
  for (size_t i = 0; i < 3; ++i) to[i] = std::clamp<int64_t>(to[i], 0, size[i] - 1);
  return to;
}

// Returns which voxel the warp of a volume moves to `to`, deformation apart. It may lie outside of the volume.
io::Size3 moved_from(const PlaneWarp& warp, const io::Size3& to, const io::Size3& size) {
  const auto& m = warp.matrix;
  const auto [u, v, cu, cv] = plane_of(warp, size);
  io::Size3 at = flipped(to, warp, size);
  const double du = static_cast<double>(at[u]) - cu, dv = static_cast<double>(at[v]) - cv;
  at[u] = std::lround(cu + m[0] * du + m[1] * dv);
  at[v] = std::lround(cv + m[2] * du + m[3] * dv);
  return at;
}

// Returns the regions of which a voxel may be chosen: all, or one of those that the case has.
io::RegionSet chosen_regions(const io::Preprocessed& c, ForegroundBy by, Rng& rng) {
  if (by == ForegroundBy::voxel) return ~io::RegionSet();
  std::array<bool, 256> has{};
  for (const uint8_t label : c.labels) has[label] = true;
  io::RegionSet found;
  for (const io::Task::Label& label : c.task->labels()) {
    if (has[label.number]) found |= c.task->regions_of(label.number);
  }
  if (found.none()) return found;
  int64_t left = rng.below(static_cast<int64_t>(found.count()));
  size_t region = 0;
  while (!found[region] || left-- > 0) ++region;
  return io::RegionSet().set(region);
}

// Returns a random voxel of a region, or nothing where the case has none.
std::optional<io::Size3> random_voxel(const io::Preprocessed& c, ForegroundBy by, Rng& rng) {
  const io::Size3& size = c.placement.size;
  const io::RegionSet regions = chosen_regions(c, by, rng);
  std::array<bool, 256> in_region{};
  for (const io::Task::Label& label : c.task->labels()) {
    in_region[label.number] = (c.task->regions_of(label.number) & regions).any();
  }
  const int64_t inside = std::ranges::count_if(c.labels, [&](uint8_t label) { return in_region[label]; });
  if (inside == 0) return std::nullopt;
  int64_t chosen = rng.below(inside), voxel = 0;
  while (!in_region[c.labels[static_cast<size_t>(voxel)]] || chosen-- > 0) ++voxel;
  return io::Size3{voxel / (size[1] * size[2]), voxel / size[2] % size[1], voxel % size[2]};
}

// A RandomPlace is that of a patch: on a voxel, which lies `offset` inside of it, or without a voxel from `offset` on.
struct RandomPlace {
  std::optional<io::Size3> voxel;
  io::Size3 offset{};
};

RandomPlace random_place(const io::Preprocessed& c, const PatchPlace& place, Rng& rng) {
  const io::Size3 &size = c.placement.size, &patch = place.size;
  if (patch == size) return {};  // there is no other
  const bool on_region = rng.uniform() < place.foreground;
  RandomPlace result{.voxel = on_region ? random_voxel(c, place.by, rng) : std::nullopt};
  for (size_t i = 0; i < 3; ++i) result.offset[i] = rng.below(result.voxel ? patch[i] : size[i] - patch[i] + 1);
  return result;
}

// Returns the first voxel of a patch within the field of view.
io::Size3 first_voxel(const RandomPlace& place, const io::Size3& patch, const io::Size3& size) {
  io::Size3 low = place.offset;
  for (size_t i = 0; place.voxel && i < 3; ++i) {
    low[i] = std::clamp<int64_t>((*place.voxel)[i] - place.offset[i], 0, size[i] - patch[i]);
  }
  return low;
}

struct Cut {
  std::vector<float> image;
  std::vector<uint8_t> labels;
};

// Returns `size` voxels from `low` on, zeros outside of the field of view.
std::shared_ptr<Cut> cut_out(const io::Preprocessed& c, const io::Size3& low, const io::Size3& size) {
  const io::Size3& field = c.placement.size;
  const int64_t channels = c.channels();
  const auto cut = std::make_shared<Cut>();
  cut->image.resize(static_cast<size_t>(io::voxels_in(size) * channels));
  cut->labels.resize(static_cast<size_t>(io::voxels_in(size)));
  io::Size3 begin{}, end{};  // of what lies within the field of view, counted from `low`
  for (size_t i = 0; i < 3; ++i) {
    begin[i] = std::max<int64_t>(0, -low[i]);
    end[i] = std::min(size[i], field[i] - low[i]);
  }
  for (int64_t x = begin[0]; x < end[0]; ++x) {
    for (int64_t y = begin[1]; y < end[1]; ++y) {
      const int64_t from = ((low[0] + x) * field[1] + low[1] + y) * field[2] + low[2] + begin[2];
      const int64_t to = (x * size[1] + y) * size[2] + begin[2], count = end[2] - begin[2];
      std::copy_n(c.image.begin() + from * channels, count * channels, cut->image.begin() + to * channels);
      std::copy_n(c.labels.begin() + from, count, cut->labels.begin() + to);
    }
  }
  return cut;
}

}  // namespace

Sample whole_sample(SharedCase c) {
  const HostSample voxels{.size = c->placement.size, .image = c->image, .labels = c->labels};
  return {std::move(c), voxels};
}

Sample random_patch(const io::Preprocessed& c, const PatchPlace& place, Rng rng) {
  const io::Size3 low = first_voxel(random_place(c, place, rng), place.size, c.placement.size);
  const auto cut = cut_out(c, low, place.size);
  return {cut, {.size = place.size, .image = cut->image, .labels = cut->labels}};
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

Sample augmented_sample(SharedCase c, const PlaneWarp& warp, const PatchPlace& place, Rng rng) {
  const io::Size3 size = c->placement.size;
  RandomPlace at = random_place(*c, place, rng);
  if (at.voxel) at.voxel = moved(warp, *at.voxel, size);
  Sample sample = whole_sample(std::move(c));
  sample.voxels.window = {warp, first_voxel(at, place.size, size), place.size, {}};
  return sample;
}

Sample augmented_patch(const io::Preprocessed& c, const PlaneWarp& warp, const PatchPlace& place,
                       const io::Size3& around, Rng rng) {
  io::Size3 window{};
  for (size_t i = 0; i < 3; ++i) window[i] = (around[i] - place.size[i]) / 2;
  RandomPlace at = random_place(c, place, rng);
  if (at.voxel) at.offset = difference(moved_from(warp, sum(at.offset, window), around), window);
  const io::Size3 first = difference(first_voxel(at, place.size, c.placement.size), window);
  const auto cut = cut_out(c, first, around);
  Sample sample{cut, {.size = around, .image = cut->image, .labels = cut->labels}};
  sample.voxels.window = {warp, window, place.size, {}};
  return sample;
}

}  // namespace revunet
