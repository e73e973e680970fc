#include "models/plan/checkpoint_terms.h"

#include <algorithm>
#include <vector>

#include "models/baseline_segments.h"
#include "models/networks.h"
#include "models/plan/tensor_sizes.h"
#include "models/reversible_unet.h"

namespace revunet {

namespace {

// SegmentBytes are what a segment's input takes, if it is no image, what a run of it on a tape adds, at its end, and
// what its parameters' gradients take.
struct SegmentBytes {
  uint64_t input = 0, run = 0, gradients = 0;
};

uint64_t most_gradients(const std::vector<SegmentBytes>& segments) {
  return std::ranges::max_element(segments, {}, &SegmentBytes::gradients)->gradients;
}

uint64_t most_in_backward(const std::vector<SegmentBytes>& segments, uint64_t after_forward) {
  uint64_t most = after_forward, inputs = 0;
  for (const SegmentBytes& segment : segments) {
    inputs += segment.input;
    most = std::max(most, inputs + segment.run);
  }
  return most;
}

// Returns the bytes of one of the baseline's layers of C -> C channels: its convolution, norm and activation.
uint64_t layer_bytes(const Sizes& sizes, size_t level, int64_t channels) {
  return 2 * sizes.tensor(level, channels) + sizes.statistics();
}

// Returns the bytes of the gradients of a layer's weight, gamma and beta.
uint64_t layer_gradients(int64_t in, int64_t out) {
  return block(27 * in * out) + 2 * block(out);
}

uint64_t stage_gradients(const UNetConfig& c, size_t stage) {
  const size_t levels = c.levels();
  const bool encoder = stage < levels;
  const size_t level = encoder ? stage : 2 * levels - 1 - stage;
  const int64_t channels = c.channels[level];
  const uint64_t inner = level + 1 < levels ? layer_gradients(channels, channels) : 0;
  if (encoder) return inner + layer_gradients(level > 0 ? c.channels[level - 1] : c.in_channels, channels);
  return inner + (level > 0 ? layer_gradients(channels, c.channels[level - 1]) : 0);
}

uint64_t encoder_bytes(const Sizes& sizes, size_t level) {
  const uint64_t layer = layer_bytes(sizes, level, sizes.channels(level));
  if (level + 1 == sizes.levels()) return layer;
  return 2 * layer + sizes.tensor(level + 1, sizes.channels(level));  // and pooled
}

// Upsampling does not keep the output of the stage's last layer, which is there at the end of a segment only.
uint64_t decoder_bytes(const Sizes& sizes, size_t level, const BaselineSegment& segment, size_t stage) {
  const uint64_t first = level + 1 < sizes.levels() ? layer_bytes(sizes, level, sizes.channels(level)) : 0;
  if (level == 0) return first;
  const int64_t out = sizes.channels(level - 1);
  uint64_t bytes = first + layer_bytes(sizes, level, out);
  if (stage + 1 < segment.end) bytes -= sizes.tensor(level, out);
  if (segment.begin < level) bytes += sizes.tensor(level - 1, out);  // the sum, whose skip is the segment's
  return bytes;
}

uint64_t last_convolution_gradients(const UNetConfig& c) {
  return block(c.out_channels * c.channels[0]) + block(c.out_channels);
}

CheckpointTerms of_baseline(const MemorySettings& s) {
  const Sizes sizes{s};
  const size_t levels = sizes.levels();
  std::vector<SegmentBytes> segments;
  uint64_t inputs = 0;
  for (const BaselineSegment& segment : baseline_segments(s.network)) {
    SegmentBytes& bytes = segments.emplace_back();
    const size_t begin = segment.begin, level = begin < levels ? begin : 2 * levels - 1 - begin;
    if (begin > 0) bytes.input = sizes.tensor(level, sizes.channels(begin < levels ? level - 1 : level));
    inputs += bytes.input;
    for (size_t stage = begin; stage < segment.end; ++stage) {
      bytes.gradients += stage_gradients(s.network, stage);
      bytes.run +=
          stage < levels ? encoder_bytes(sizes, stage) : decoder_bytes(sizes, 2 * levels - 1 - stage, segment, stage);
    }
  }
  // The last layer is stored, with its input. Its gradients are two nodes', and the last convolution's are another's.
  const UNetConfig& c = s.network;
  segments.push_back({0, 0, block(27 * c.channels[0] * c.channels[0])});
  segments.push_back({0, 0, std::max(2 * block(c.channels[0]), last_convolution_gradients(c))});
  const uint64_t saved = inputs + sizes.tensor(0, sizes.channels(0)) + layer_bytes(sizes, 0, sizes.channels(0));
  return {saved, 0, most_in_backward(segments, saved), most_gradients(segments)};
}

// A Blocks is the blocks of one stage: those of the coarsest decoder belong to the coarsest encoder's. Entering the
// stage takes a convolution, whose gradients have these bytes.
struct Blocks {
  size_t level;
  int64_t count;
  uint64_t entry;
};

std::vector<Blocks> stages_of(const Sizes& sizes) {
  const UNetConfig& c = sizes.network;
  const auto pointwise = [&](size_t from, size_t to) {
    return block(c.channels[to] * c.channels[from]) + block(c.channels[to]);
  };
  std::vector<Blocks> stages = {{0, sizes.blocks(0, false), block(27 * c.in_channels * c.channels[0])}};
  for (size_t level = 1; level < c.levels(); ++level) {
    stages.push_back({level, sizes.blocks(level, false), pointwise(level - 1, level)});
  }
  for (size_t level = c.levels() - 1; level-- > 0;) {
    stages.push_back({level, sizes.blocks(level, true), pointwise(level + 1, level)});
  }
  return stages;
}

CheckpointTerms of_blocks(const MemorySettings& s) {
  const Sizes sizes{s};
  std::vector<SegmentBytes> segments;
  uint64_t input = 0, inputs = 0, last_stored = 0, last_pair = 0;
  for (const auto& [level, count, entry] : stages_of(sizes)) {
    const int64_t half = sizes.channels(level) / 2;
    const uint64_t of_block = 2 * layer_gradients(half, half);
    const auto length = static_cast<int64_t>(checkpointed_blocks(static_cast<size_t>(count)));
    for (int64_t first = 0; first < count; first += length) {
      const auto blocks = static_cast<uint64_t>(std::min(length, count - first));
      // The first y1 takes the place of x1. The last y2 is the output, which no segment that runs again computes.
      last_stored = (2 * blocks - 1) * sizes.half(level) + 2 * blocks * sizes.statistics();
      last_pair = first == 0 ? sizes.pair(level) : 0;  // the others work in their inputs
      segments.push_back(
          {input, last_pair + last_stored - sizes.half(level), blocks * of_block + (first == 0 ? entry : 0)});
      inputs += input;
      input = sizes.pair(level);
    }
  }
  // The last segment is stored. Its entry, its blocks and the last convolution are nodes of their own.
  const uint64_t outputs = inputs + last_pair;
  const uint64_t most = most_in_backward(segments, outputs + last_stored);
  const Blocks last = stages_of(sizes).back();
  if (last_pair > 0) segments.back().gradients -= last.entry;
  segments.push_back({0, 0, std::max(last.entry, last_convolution_gradients(s.network))});
  return {last_stored, outputs, most, most_gradients(segments)};
}

}  // namespace

CheckpointTerms checkpoint_terms(const MemorySettings& settings) {
  return network_of(settings.network.kind).reversible_blocks ? of_blocks(settings) : of_baseline(settings);
}

}  // namespace revunet
