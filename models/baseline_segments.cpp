#include "models/baseline_segments.h"

namespace revunet {

namespace {

// Returns a number that grows with the voxels of a level as they do.
int64_t voxels(const UNetConfig& c, size_t level) {
  const auto finest = c.size_multiple(), stride = c.stride(level);
  return finest[0] / stride[0] * (finest[1] / stride[1]) * (finest[2] / stride[2]);
}

// Returns the values that a stage keeps in a batch of one: two tensors for each layer, and what is pooled or summed.
int64_t kept_by_stage(const UNetConfig& c, size_t stage) {
  const size_t levels = c.levels();
  const bool encoder = stage < levels;
  const size_t level = encoder ? stage : 2 * levels - 1 - stage;
  const int64_t tensor = c.channels[level] * voxels(c, level);
  const bool coarsest = level + 1 == levels;
  int64_t values = coarsest || (!encoder && level == 0) ? 2 * tensor : 4 * tensor;
  if (encoder && !coarsest) values += c.channels[level] * voxels(c, level + 1);
  if (!encoder && level > 0) values += c.channels[level - 1] * voxels(c, level - 1);
  return values;
}

}  // namespace

std::vector<BaselineSegment> baseline_segments(const UNetConfig& config) {
  const size_t levels = config.levels(), finest_decoder = 2 * levels - 1;
  const int64_t budget = kept_by_stage(config, 0);
  std::vector<BaselineSegment> segments = {{0, 1}};
  int64_t held = budget;
  // With one level, the decoder has no layer but the last.
  for (size_t stage = 1; stage < (levels > 1 ? finest_decoder + 1 : 1); ++stage) {
    // Decoder i needs the output of the encoder whose stage mirrors its own, after the one before it.
    const bool sums_outside = stage > levels && finest_decoder - stage < segments.back().begin;
    const int64_t kept = kept_by_stage(config, stage);
    if (sums_outside || held + kept > budget) {
      segments.push_back({stage, stage});
      held = 0;
    }
    segments.back().end = stage + 1;
    held += kept;
  }
  return segments;
}

}  // namespace revunet
