#include "tools/train/samples.h"

#include <algorithm>

#include "io/regions.h"

namespace revunet::tools {

namespace {

// Bytes of preprocessed cases that a loader keeps in memory: a small dataset is read once, a large one streams past.
constexpr size_t kKeepBytes = size_t{2} << 30;
constexpr double kTumourPatchShare = 0.5;

size_t bytes_of(const io::Preprocessed& c) {
  return c.image.size() * sizeof(float) + c.labels.size();
}

}  // namespace

void CaseLoader::prefetch(size_t index) {
  if (kept_.contains(index) || loading_.contains(index)) return;
  loading_[index] = std::async(std::launch::async, [files = cases_[index], size = size_]() -> Case {
    return std::make_shared<const io::Preprocessed>(io::preprocess(io::load_case(files), size));
  });
}

CaseLoader::Case CaseLoader::get(size_t index) {
  if (const auto found = kept_.find(index); found != kept_.end()) return found->second;
  prefetch(index);
  std::future<Case> future = std::move(loading_.at(index));
  loading_.erase(index);
  Case c = future.get();
  if (kept_bytes_ + bytes_of(*c) <= kKeepBytes) {
    kept_[index] = c;
    kept_bytes_ += bytes_of(*c);
  }
  return c;
}

Sample whole_sample(const io::Preprocessed& c) {
  return {c.placement.size, c.image, io::labels_to_regions(c.labels)};
}

Sample random_patch(const io::Preprocessed& c, const io::Size3& patch, Rng rng) {
  const io::Size3& size = c.placement.size;
  std::array<int64_t, 3> low{};
  const int64_t tumour = std::ranges::count_if(c.labels, [](uint8_t label) { return label != 0; });
  const bool on_tumour = rng.uniform() < kTumourPatchShare && tumour > 0;
  if (on_tumour) {
    int64_t chosen = rng.below(tumour), voxel = 0;
    while (c.labels[static_cast<size_t>(voxel)] == 0 || chosen-- > 0) ++voxel;
    const std::array<int64_t, 3> at = {voxel / (size[1] * size[2]), voxel / size[2] % size[1], voxel % size[2]};
    for (size_t i = 0; i < 3; ++i) {
      low[i] = std::clamp<int64_t>(at[i] - rng.below(patch[i]), 0, size[i] - patch[i]);
    }
  } else {
    for (size_t i = 0; i < 3; ++i) low[i] = rng.below(size[i] - patch[i] + 1);
  }

  Sample sample{patch, {}, {}};
  std::vector<uint8_t> labels;
  for (int64_t x = low[0]; x < low[0] + patch[0]; ++x) {
    for (int64_t y = low[1]; y < low[1] + patch[1]; ++y) {
      const int64_t first = (x * size[1] + y) * size[2] + low[2], last = first + patch[2];
      sample.image.insert(sample.image.end(), c.image.begin() + first * io::modality_count,
                          c.image.begin() + last * io::modality_count);
      labels.insert(labels.end(), c.labels.begin() + first, c.labels.begin() + last);
    }
  }
  sample.target = io::labels_to_regions(labels);
  return sample;
}

}  // namespace revunet::tools
