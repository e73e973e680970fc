// These are the engines of the simulated cuDNN. They compute every convolution, some of them wrongly. A test may offer
// others than those that are there at first.
#pragma once

#include <cudnn.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace revunet::cusim {

enum class Flaw {
  none,
  wrong_factor,   // computes 1.5 times the sums
  coarse,         // computes 1.01 times the sums
  ignores_beta,   // writes where it should add
  adds_always,    // adds where it should write
  ignores_alpha,  // adds where it should subtract
  not_supported,  // is refused when it runs
  no_memory,      // finds no memory
  breaks_stream,  // leaves the stream with an error that stays
};

struct Engine {
  int64_t number;
  std::vector<int32_t> notes;  // cudnnBackendNumericalNote_t
  Flaw flaw = Flaw::none;
  double milliseconds = 1;                    // of a run, on the clock of the simulated device
  size_t workspace = 1000;                    // bytes
  bool in_first = true, in_fallback = false;  // heuristics that propose it
  bool fused = false;                         // It is for a convolution that is fused with an addition or a copy.
  int64_t unmade = 0;                         // how often no memory is found to make it; then it is made
  int64_t failures = INT64_MAX;               // how many runs fail, if the flaw makes runs fail; later ones succeed
};

// Returns the engines that are offered, in the order of the heuristics.
std::vector<Engine>& offered_engines();
Engine& engine_of(int64_t number);

// While an EngineOffer lives, its engines are offered in place of those before.
class EngineOffer {
 public:
  explicit EngineOffer(std::vector<Engine> engines) : others_(std::move(engines)) { offered_engines().swap(others_); }
  ~EngineOffer() { offered_engines().swap(others_); }
  EngineOffer(const EngineOffer&) = delete;
  EngineOffer& operator=(const EngineOffer&) = delete;

 private:
  std::vector<Engine> others_;
};

// Counts a run of the engine, lets its time pass, and returns the status with which it fails or goes on.
cudnnStatus_t begin_run(Engine& engine);
// Returns how often an engine has run since the program began.
int64_t engine_runs(int64_t number);

}  // namespace revunet::cusim
