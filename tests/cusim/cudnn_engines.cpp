#include "tests/cusim/cudnn_engines.h"

#include <algorithm>
#include <map>

#include "tests/cusim/cuda_runtime.h"

namespace revunet::cusim {

namespace {

std::map<int64_t, int64_t>& runs() {
  static std::map<int64_t, int64_t> counts;
  return counts;
}

cudnnStatus_t failure_of(Flaw flaw) {
  switch (flaw) {
    case Flaw::not_supported:
      return CUDNN_STATUS_NOT_SUPPORTED;
    case Flaw::no_memory:
      return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    case Flaw::breaks_stream:
      break_stream(cudaErrorIllegalAddress);
      return CUDNN_STATUS_EXECUTION_FAILED;
    default:
      return CUDNN_STATUS_SUCCESS;
  }
}

}  // namespace

std::vector<Engine>& offered_engines() {
  // Engine 4 alone is right, fast and within the limits.
  static std::vector<Engine> engines = {
      {.number = 1, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, .workspace = size_t{64} << 20},
      {.number = 2, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}},
      {.number = 3, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, .flaw = Flaw::wrong_factor},
      {.number = 4, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, .in_fallback = true},
      {.number = 0, .notes = {}, .in_first = false, .in_fallback = true},
      {.number = 5, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, .fused = true}};
  return engines;
}

Engine& engine_of(int64_t number) {
  return *std::ranges::find(offered_engines(), number, &Engine::number);
}

cudnnStatus_t begin_run(Engine& engine) {
  ++runs()[engine.number];
  pass_time(engine.milliseconds);
  return engine.failures-- > 0 ? failure_of(engine.flaw) : CUDNN_STATUS_SUCCESS;
}

int64_t engine_runs(int64_t number) {
  return runs()[number];
}

}  // namespace revunet::cusim
