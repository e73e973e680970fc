#include "models/plan/equations.h"

#include <algorithm>
#include <numeric>

#include "engine/memory/allocation_table.h"
#include "models/gradient_sum.h"
#include "models/losses.h"
#include "models/networks.h"
#include "models/plan/checkpoint_terms.h"
#include "models/plan/tensor_sizes.h"

namespace revunet {

namespace {

constexpr int64_t kAccumulator = 8;  // bytes of an f64, in which the loss sums

uint64_t& at(std::array<uint64_t, kTagCount>& terms, Tag tag) {
  return terms[static_cast<size_t>(tag)];
}

// Nodes lists the elements of the parameters of each node of the tape: a convolution's weight and bias, a norm's two,
// or all of a sequence's.
using Nodes = std::vector<std::vector<int64_t>>;

Nodes reversible_parameters(const UNetConfig& c) {
  Nodes nodes = {{c.channels[0] * 27 * c.in_channels}, {c.out_channels * c.channels[0], c.out_channels}};
  const size_t levels = c.levels();
  const auto add_sequence = [&](size_t level, int64_t blocks) {
    const int64_t half = c.channels[level] / 2;
    std::vector<int64_t>& node = nodes.emplace_back();
    for (int64_t k = 0; k < 2 * blocks; ++k) node.insert(node.end(), {half, half, 27 * half * half});
  };
  for (size_t level = 0; level + 1 < levels; ++level) {
    add_sequence(level, c.encoder_depth);
    add_sequence(level, c.decoder_depth);
    const int64_t fine = c.channels[level], coarse = c.channels[level + 1];
    nodes.push_back({coarse * fine, coarse});  // down
    nodes.push_back({fine * coarse, fine});    // up
  }
  add_sequence(levels - 1, c.encoder_depth + c.decoder_depth);
  return nodes;
}

// A Layer is one of the baseline's layers of 3x3x3 convolution, norm and LeakyReLU.
struct Layer {
  size_t level;
  int64_t in, out;
  bool output_kept;  // whether the layer after it keeps it, which an upsampling does not
};

std::vector<Layer> baseline_layers(const UNetConfig& c) {
  std::vector<Layer> layers;
  const size_t levels = c.levels();
  for (size_t level = 0; level < levels; ++level) {
    const int64_t channels = c.channels[level];
    layers.push_back({level, level == 0 ? c.in_channels : c.channels[level - 1], channels, true});
    if (level + 1 < levels) layers.push_back({level, channels, channels, true});
  }
  for (size_t level = levels; level-- > 0;) {
    const int64_t channels = c.channels[level];
    if (level + 1 < levels) layers.push_back({level, channels, channels, true});
    layers.push_back({level, channels, level > 0 ? c.channels[level - 1] : channels, level == 0});
  }
  return layers;
}

Nodes baseline_parameters(const UNetConfig& c) {
  Nodes nodes = {{c.out_channels * c.channels[0], c.out_channels}};
  for (const Layer& layer : baseline_layers(c)) {
    nodes.push_back({layer.out * 27 * layer.in});
    nodes.push_back({layer.out, layer.out});
  }
  return nodes;
}

// Adds what the reversible network's tape holds at the end of the forward pass.
void reversible_activations(const MemorySettings& s, std::array<uint64_t, kTagCount>& terms) {
  const Sizes sizes{s};
  const bool stored = s.mode.activations == Activations::stored;
  uint64_t &saved = at(terms, Tag::saved_activation), &outputs = at(terms, Tag::sequence_output);
  for (size_t level = 0; level < sizes.levels(); ++level) {
    for (const bool decoder : {false, true}) {
      if (decoder && level + 1 == sizes.levels()) continue;  // the two share one sequence there
      const auto blocks = static_cast<uint64_t>(sizes.blocks(level, decoder));
      // With reversible skips a decoder works in its encoder's pair.
      const bool own_pair = !decoder || s.mode.skips == Skips::stored;
      if (own_pair) outputs += sizes.pair(level);
      saved += 2 * blocks * sizes.statistics();
      // y1 and y2 of every block are kept. In a pair of its own, the first y1 takes the place of x1.
      if (stored) saved += (2 * blocks - (own_pair ? 1 : 0)) * sizes.half(level);
    }
  }
}

void baseline_activations(const MemorySettings& s, std::array<uint64_t, kTagCount>& terms) {
  const Sizes sizes{s};
  uint64_t& saved = at(terms, Tag::saved_activation);
  for (const Layer& layer : baseline_layers(s.network)) {
    // The norm reads the convolution's output in backward, and the next layer reads the activation.
    saved += (layer.output_kept ? 2 : 1) * sizes.tensor(layer.level, layer.out) + sizes.statistics();
  }
  for (size_t level = 0; level + 1 < sizes.levels(); ++level) {
    saved += sizes.tensor(level + 1, sizes.channels(level));  // pooled
    saved += sizes.tensor(level, sizes.channels(level));      // skip plus upsampled
  }
}

// The skip gradients of the levels above wait for their encoders while a level's backward runs. `waiting` counts them.
uint64_t reversible_scratch(const Sizes& sizes) {
  uint64_t most = 0, waiting = 0;
  for (size_t level = 0; level < sizes.levels(); ++level) {
    const uint64_t gradient = sizes.pair(level);
    most = std::max(most, waiting + gradient + sizes.block_scratch(level));  // a sequence: the gradient and one block
    if (level + 1 < sizes.levels()) {
      // On the way back up, there are the gradients of what was upsampled, and of the coarser pair.
      const uint64_t low = sizes.pair(level + 1, sizes.channels(level));
      most = std::max(most, waiting + gradient + low + sizes.pair(level + 1));
    }
    waiting += gradient;
  }
  return most;
}

uint64_t baseline_scratch(const Sizes& sizes) {
  uint64_t most = 0, waiting = 0;
  for (size_t level = 0; level < sizes.levels(); ++level) {
    const uint64_t gradient = sizes.tensor(level, sizes.channels(level));
    // A convolution has the gradients of its input and of its output. The coarsest level has no convolution of one
    // width.
    const bool coarsest = level + 1 == sizes.levels();
    if (!coarsest || level == 0) most = std::max(most, waiting + 2 * gradient);
    if (level > 0) most = std::max(most, waiting + gradient + sizes.tensor(level, sizes.channels(level - 1)));
    if (!coarsest) {
      most = std::max(most, waiting + gradient + sizes.tensor(level + 1, sizes.channels(level)));  // upsampling
    }
    waiting += gradient;
  }
  return most;
}

// This table has a row for each network, which says how its terms are counted.
struct Counts {
  ModelKind kind;
  Nodes (*parameters)(const UNetConfig& config);
  void (*activations)(const MemorySettings& settings, std::array<uint64_t, kTagCount>& terms);
  uint64_t (*scratch)(const Sizes& sizes);
};

const Counts& counts_of(ModelKind kind) {
  static constexpr std::array<Counts, 2> kCounts = {{
      {ModelKind::reversible, reversible_parameters, reversible_activations, reversible_scratch},
      {ModelKind::baseline, baseline_parameters, baseline_activations, baseline_scratch},
  }};
  const auto found = std::ranges::find(kCounts, kind, &Counts::kind);
  REVUNET_EXPECTS(found != kCounts.end(), Error, "[equations] expected a network whose terms are counted, got {}",
                  name_of(kind));
  return *found;
}

uint64_t sum_of(const std::vector<int64_t>& node) {
  return std::accumulate(node.begin(), node.end(), uint64_t{0}, [](uint64_t s, int64_t n) { return s + block(n); });
}

}  // namespace

StepTerms expected_terms(const MemorySettings& s, int64_t step) {
  const Counts& counts = counts_of(s.network.kind);
  const Sizes sizes{s};
  uint64_t parameters = 0, largest_node = 0;
  int64_t values = 0, largest = kBucketValues;
  for (const auto& node : counts.parameters(s.network)) {
    parameters += sum_of(node);
    largest_node = std::max(largest_node, sum_of(node));
    values += std::accumulate(node.begin(), node.end(), int64_t{0});
    largest = std::max(largest, *std::ranges::max_element(node));
  }
  StepTerms terms;
  at(terms.after_forward, Tag::parameter) = parameters;
  at(terms.after_forward, Tag::optimiser) = (step > 1 ? 2 * parameters : 0) + (s.extras.ema > 0 ? parameters : 0);
  at(terms.after_forward, Tag::input) =
      sizes.tensor(0, s.network.in_channels) + block(sizes.voxels(0), size_of(DType::u8));  // image and labels
  at(terms.after_forward, Tag::forward_scratch) = sizes.tensor(0, s.network.out_channels);  // the logits
  // These are the losses of the regions, and the sums that each is made of.
  at(terms.after_forward, Tag::other) =
      block(s.network.out_channels) + block(loss_of(s.extras).sums * s.network.out_channels, kAccumulator);
  // A bucket of gradients is on its way while the next one is packed.
  if (s.processes > 1) at(terms.after_forward, Tag::communication) = 2 * block(std::min(values, largest));
  if (s.mode.activations == Activations::checkpointed) {
    const CheckpointTerms checkpoints = checkpoint_terms(s);
    at(terms.after_forward, Tag::saved_activation) = checkpoints.saved;
    at(terms.after_forward, Tag::sequence_output) = checkpoints.outputs;
    terms.activations = checkpoints.most_in_backward;
    largest_node = checkpoints.most_gradients;
  } else {
    counts.activations(s, terms.after_forward);
  }
  // The fused step drops the gradients of each node before the next one makes its own.
  const bool fused = s.optimiser_step == OptimiserStep::fused;
  terms.gradients = fused ? largest_node : parameters;
  if (fused && s.processes > 1) terms.gradients.reset();
  terms.backward_scratch = counts.scratch(sizes);
  return terms;
}

std::vector<StepTerms> measured_terms(const Trace& trace) {
  const std::vector<Section> parts = sections(trace);
  std::vector<StepTerms> terms(parts.size());
  std::vector<bool> forward(parts.size(), true);
  replay(trace, [&](size_t i, size_t section, const LiveSet& live) {
    if (parts[section].kind != Section::Kind::step) return;
    StepTerms& t = terms[section];
    forward[section] = forward[section] && trace.events[i].phase == Phase::forward;
    if (forward[section]) t.after_forward = live.by_tag();
    t.gradients = std::max(*t.gradients, live[Tag::gradient]);
    t.backward_scratch = std::max(t.backward_scratch, live[Tag::backward_scratch]);
    if (trace.events[i].phase != Phase::backward) return;
    t.activations = std::max(t.activations.value_or(0), live[Tag::saved_activation] + live[Tag::sequence_output]);
  });
  return terms;
}

std::string first_difference(const StepTerms& expected, const StepTerms& measured) {
  const auto text = [](const std::string& what, uint64_t want, uint64_t got) {
    return fmt::format("expected {} bytes of {}, got {}", want, what, got);
  };
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    const uint64_t want = expected.after_forward[tag], got = measured.after_forward[tag];
    if (want != got) return text(fmt::format("{} at the end of the forward pass", kTagNames[tag]), want, got);
  }
  if (expected.gradients && expected.gradients != measured.gradients) {
    return text("gradients at their maximum", *expected.gradients, *measured.gradients);
  }
  if (expected.activations && expected.activations != measured.activations) {
    return text("activations at their maximum in backward", *expected.activations, measured.activations.value_or(0));
  }
  if (expected.backward_scratch != measured.backward_scratch) {
    return text("backward_scratch at its maximum", expected.backward_scratch, measured.backward_scratch);
  }
  return {};
}

std::string equations_table(const MemorySettings& s, int64_t step, const StepTerms& got, uint64_t peak) {
  const StepTerms want = expected_terms(s, step);
  const bool rebuilds = network_of(s.network.kind).reversible_blocks && s.mode.activations == Activations::reversible;
  uint64_t want_sum = 0, got_sum = 0;
  const auto row = [&](const std::string& name, uint64_t expected, uint64_t measured) {
    want_sum += expected;
    got_sum += measured;
    return fmt::format("  {:<62}{:>12.3f}{:>12.3f}{}\n", name, mib(expected), mib(measured),
                       expected == measured ? "" : "  differs");
  };
  const auto kept = [&](const std::string& name, Tag tag) {
    return row(name, want.after_forward[static_cast<size_t>(tag)], got.after_forward[static_cast<size_t>(tag)]);
  };
  std::string text =
      fmt::format("{:<64}{:>12}{:>12}\n",
                  want.activations ? fmt::format("gradient checkpointing in step {}, MiB", step)
                                   : fmt::format("equation ({}) in step {}, MiB", rebuilds ? 4 : 3, step),
                  "expected", "measured");
  if (want.activations) {
    text += row("activations in backward: inputs of segments, and one segment's", *want.activations,
                got.activations.value_or(0));
  } else {
    text += kept("saved activations and statistics of norms", Tag::saved_activation);
    text += kept("outputs of reversible sequences", Tag::sequence_output);
  }
  if (!rebuilds) text += "in addition\n";
  text += row("largest scratch of backward", want.backward_scratch, got.backward_scratch);
  if (rebuilds) text += "in addition\n";
  text += kept("parameters", Tag::parameter);
  text += want.gradients
              ? row("gradients", *want.gradients, *got.gradients)
              : fmt::format("  {:<62}{:>12}{:>12.3f}\n", "gradients, which wait in buckets", "-", mib(*got.gradients));
  text += kept("moments", Tag::optimiser);
  text += kept("image and labels", Tag::input);
  text += kept("logits", Tag::forward_scratch);
  text += kept("losses", Tag::other);
  if (s.processes > 1) text += kept("gradients on their way to other processes", Tag::communication);
  text += fmt::format("  {:<62}{:>12.3f}{:>12.3f}\n", "sum: a peak exceeds it only by workspaces", mib(want_sum),
                      mib(got_sum));
  text += fmt::format("  {:<74}{:>12.3f}\n", fmt::format("peak of step {}", step), mib(peak));
  return text;
}

}  // namespace revunet
