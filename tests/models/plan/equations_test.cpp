// Tests the paper's equations against closed forms and plans, and plans against traces that differ from them.

#include "models/plan/equations.h"
#include "models/plan/settings_json.h"
#include "models/plan/trace/trace_tables.h"
#include "models/plan/verify.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Kind = AllocationEvent::Kind;

namespace {

size_t index(Tag tag) {
  return static_cast<size_t>(tag);
}

}  // namespace

// The numbers are counted by hand. Tensors of 8 channels at 16 x 16 x 16 have 131072 bytes, and every norm's statistics
// take one block of 512.
TEST_CASE("the equations count what paper and pencil count", "[trace]") {
  const uint64_t tensor = 131072, statistics = 512;
  MemorySettings s{.network = {.channels = {8}}, .size = {16, 16, 16}};
  // With one level, encoder and decoder are one sequence of two blocks, which keeps its pair and four statistics.
  StepTerms terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::sequence_output)] == tensor);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 4 * statistics);
  CHECK(terms.backward_scratch == tensor + tensor / 2);
  CHECK(terms.after_forward[index(Tag::optimiser)] == 0);
  // Weights have 8*27*4, 3*8 and 4 times 4*27*4 bytes. There are biases of 3, and 8 norms' vectors of 4. In bytes that
  // is 3456, 96, 1728, 12, 16.
  const uint64_t parameters = 3584 + 512 + 4 * 2048 + 512 + 8 * 512;
  CHECK(terms.after_forward[index(Tag::parameter)] == parameters);
  CHECK(terms.gradients == parameters);
  CHECK(expected_terms(s, 2).after_forward[index(Tag::optimiser)] == 2 * parameters);
  s.optimiser_step = OptimiserStep::fused;
  CHECK(expected_terms(s, 2).gradients == 4 * 2048 + 8 * 512);  // the sequence's
  // Where activations are stored, x1 and x2 became y1 and y2 of the first block. Its y2, and both of the second block,
  // are new halves.
  s.mode.activations = Activations::stored;
  terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::sequence_output)] == tensor);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 3 * tensor / 2 + 4 * statistics);

  // Two levels have 8 and 16 channels, and pairs of 131072 and 32768 bytes.
  s = {.network = {.channels = {8, 16}}, .size = {16, 16, 16}};
  CHECK(expected_terms(s, 1).after_forward[index(Tag::sequence_output)] == tensor + tensor / 4);
  s.mode.skips = Skips::stored;
  CHECK(expected_terms(s, 1).after_forward[index(Tag::sequence_output)] == 2 * tensor + tensor / 4);

  // The baseline of one level has two layers, each with its convolution's and its norm's output.
  s = {.network = {.kind = ModelKind::baseline, .channels = {8}}, .size = {16, 16, 16}};
  terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 4 * tensor + 2 * statistics);
  CHECK(terms.backward_scratch == 2 * tensor);
  CHECK(terms.after_forward[index(Tag::input)] == tensor / 2 + 16 * 16 * 16);  // 4 of 8 channels, a byte per voxel
}

// The numbers are counted by hand, in tensors of 8 channels at 16 x 16 x 16, as above. The same tensor of the second
// level, of 16 channels, has a quarter of the bytes.
TEST_CASE("the terms of checkpointed activations are what paper and pencil count", "[trace]") {
  const uint64_t tensor = 131072, statistics = 512;
  const MemoryMode checkpointed{Activations::checkpointed, Skips::stored};
  const auto terms_of = [&](ModelKind kind, std::vector<int64_t> channels) {
    return expected_terms(
        {.network = {.kind = kind, .channels = std::move(channels)}, .mode = checkpointed, .size = {16, 16, 16}}, 1);
  };
  // The baseline of one level keeps the last layer, with its input. The other layer is less than that.
  StepTerms terms = terms_of(ModelKind::baseline, {8});
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 3 * tensor + statistics);
  CHECK(terms.activations == 3 * tensor + statistics);
  CHECK(terms.backward_scratch == 2 * tensor);
  // With two levels there are also the sum and what was pooled. The most is the finest encoder: two layers, and what it
  // pools.
  terms = terms_of(ModelKind::baseline, {8, 16});
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 4 * tensor + tensor / 8 + statistics);
  CHECK(terms.activations == 4 * tensor + tensor / 8 + 2 * statistics);

  // The reversible network of one level is one segment of two blocks, which is the last and stored.
  terms = terms_of(ModelKind::reversible, {8});
  CHECK(terms.after_forward[index(Tag::sequence_output)] == tensor);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 3 * tensor / 2 + 4 * statistics);
  // With two levels, the pairs of the finest encoder, of the coarser level and of the finest decoder are kept. The
  // decoder's block has one half more.
  terms = terms_of(ModelKind::reversible, {8, 16});
  CHECK(terms.after_forward[index(Tag::sequence_output)] == 2 * tensor + tensor / 4);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == tensor / 2 + 2 * statistics);
  CHECK(terms.activations == 2 * tensor + tensor / 4 + tensor / 2 + 2 * statistics);
  CHECK(terms.backward_scratch == 3 * tensor / 2);
}

TEST_CASE("a trace of the baseline from before it had modes is one of stored activations", "[trace]") {
  const MemorySettings stored{.network = {.kind = ModelKind::baseline, .channels = {8, 16}},
                              .mode = {Activations::stored, Skips::stored},
                              .size = {16, 16, 16}};
  nlohmann::ordered_json header = to_json(stored);
  header["activations"] = header["skips"] = "reversible";
  const MemorySettings read = settings_from_json(header);
  CHECK(describe(read) == "fp32, baseline");
  CHECK(expected_terms(read, 1).after_forward == expected_terms(stored, 1).after_forward);
  CHECK(plan_training(read).peak() == plan_training(stored).peak());
}

TEST_CASE("in every mode, also at full size, a step allocates what the equations count", "[trace]") {
  const io::Size3 whole = {160, 192, 160}, small = {32, 36, 20};
  std::vector<MemorySettings> all = {
      {.network = default_config(ModelKind::reversible), .size = whole},
      {.network = default_config(ModelKind::baseline), .size = whole},
      {.network = {.channels = {6, 12, 60}}, .size = small},
      {.network = {.channels = {6, 12, 60}, .encoder_depth = 3, .decoder_depth = 2}, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::bf16, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::mixed, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::mixed, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {6, 12, 60}}, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::bf16, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {8}, .decoder_depth = 2}, .size = small, .steps = 1},
      // The five sums of 32 regions take a block more than four would, and the four of 20 classes one more than three.
      {.network = {.channels = {6, 12}, .out_channels = 32}, .extras = {.cross_entropy = 1}, .size = small},
      {.network = {.channels = {6, 12}, .out_channels = 20},
       .extras = {.exclusive_classes = true},
       .layout = kCudaLayout,
       .size = small},
      // Some steps halve two axes, or one.
      {.network = {.channels = {6, 12, 60}, .halved = {{true, true, false}, {false, true, false}}},
       .size = {32, 36, 5}},
      {.network = {.channels = {6, 12, 60}, .halved = {{false, true, true}, kAllAxes}},
       .precision = Precision::mixed,
       .layout = kCudaLayout,
       .size = small},
      {.network = {.kind = ModelKind::baseline, .channels = {6, 60, 12}, .halved = {{true, true, false}, kAllAxes}},
       .size = small},
      {.network = {.kind = ModelKind::baseline, .channels = {6, 60, 12}}, .size = small},
      {.network = {.kind = ModelKind::baseline, .channels = {6}}, .size = small}};
  for (MemorySettings settings : all) {
    for (const MemoryMode& mode : kMemoryModes) {
      for (const OptimiserStep step : {OptimiserStep::separate, OptimiserStep::fused}) {
        settings.mode = mode;
        settings.optimiser_step = step;
        INFO(configuration_text(settings));
        const Verification result = verify(planned_trace(header_of(settings)));
        CHECK(result.difference.empty());
        CHECK(result.notes.empty());
      }
    }
  }
}

TEST_CASE("a term that is off by a block is named", "[trace]") {
  const StepTerms good = expected_terms(tiny_settings, 2);
  CHECK(first_difference(good, good).empty());
  StepTerms bad = good;
  bad.after_forward[index(Tag::sequence_output)] += 512;
  CHECK_THAT(first_difference(good, bad),
             ContainsSubstring("bytes of sequence_output at the end of the forward pass, got"));
  bad = good;
  bad.backward_scratch += 512;
  CHECK_THAT(first_difference(good, bad), ContainsSubstring("backward_scratch at its maximum"));
  bad = good;
  *bad.gradients -= 512;
  CHECK_THAT(first_difference(good, bad), ContainsSubstring("gradients at their maximum"));
}

TEST_CASE("any one number that is changed in an allocation is a difference from the plan", "[trace]") {
  const RunTrace good = planned_trace(header_of(tiny_settings));
  REQUIRE(verify(good).difference.empty());
  size_t event = good.steps[1].first_event + 100;
  while (good.events[event].kind != Kind::allocate) ++event;
  const auto changed = [&](const auto& change) {
    RunTrace trace = good;
    change(trace.events[event]);
    return verify(trace).difference;
  };
  CHECK_THAT(changed([](TraceEvent& e) { e.phase = Phase::optimiser; }), ContainsSubstring("expected, from the plan"));
  CHECK_THAT(changed([](TraceEvent& e) { e.rounding += 1; }), ContainsSubstring("changed block"));
  CHECK_THAT(changed([](TraceEvent& e) { e.tag = Tag::gradient; }), ContainsSubstring("changed block"));
  CHECK_THAT(changed([](TraceEvent& e) { e.layer -= 1; }), ContainsSubstring("changed block"));
  RunTrace shorter = good;  // without the last parameter
  shorter.events.erase(shorter.events.begin() + static_cast<int64_t>(shorter.steps[0].first_event) - 1);
  for (StepMark& mark : shorter.steps) --mark.first_event;
  CHECK_THAT(verify(shorter).difference, ContainsSubstring("the first that is missing: event"));
  RunTrace longer = good;
  longer.header.settings.steps = 1;  // a plan of one step has no second one
  CHECK_THAT(verify(longer).difference, ContainsSubstring("expected nothing in step 2, which the plan does not have"));
  RunTrace deeper = good;
  deeper.header.settings.network.encoder_depth = 2;
  CHECK_THAT(verify(deeper).difference, ContainsSubstring("expected"));
}
