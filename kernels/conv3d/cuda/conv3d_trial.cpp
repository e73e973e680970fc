#include "kernels/conv3d/cuda/conv3d_trial.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "engine/cuda/event.h"
#include "engine/cuda/library_memory.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"

namespace revunet::cuda {

namespace {

constexpr size_t kMostTried = 8;             // cuDNN's heuristics put good algorithms first, if not the best
constexpr int kRounds = 3;                   // Each round times every algorithm once.
constexpr double kTooSlow = 3;               // times the best: an algorithm above that is not timed again
constexpr double kWarmUpMilliseconds = 300;  // An idle device needs this long to raise its clocks.
// For f32, an algorithm with a larger error is used only where no other one is correct.
constexpr double kErrorOfTf32 = 1.0 / 256;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

size_t result_bytes(const ConvolutionProblem& p) {
  return static_cast<size_t>(p.result_elements() * size_of(p.result));
}

// Returns what the result holds, where the convolution adds to it. Work that failed before shows here.
std::vector<std::byte> values_to_keep(const Context& ctx, const ConvolutionProblem& p,
                                      const ConvolutionBuffers& buffers) {
  REVUNET_CUDA_CHECK(cudaStreamSynchronize(stream_of(ctx)));
  std::vector<std::byte> values(p.beta == 0 ? 0 : result_bytes(p));
  if (!values.empty()) ctx.device.memory().copy_out(values.data(), buffers.result(p.direction), values.size());
  return values;
}

const ConvolutionBuffers& with_values(const Context& ctx, const ConvolutionBuffers& buffers) {
  if (buffers.normed) buffers.normed->values(ctx);
  return buffers;
}

// Returns the time of a run on the device.
template <class Run>
double time_of(const Context& ctx, Run run) {
  Event begin, end;
  // While the device does the first run, the host prepares the second, whose time is then the device's alone.
  run();
  begin.record(stream_of(ctx));
  run();
  end.record(stream_of(ctx));
  return end.milliseconds_since(begin);
}

}  // namespace

AlgorithmTrial::AlgorithmTrial(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
                               std::string problem_name)
    : ctx_(ctx),
      problem_(problem),
      buffers_(buffers),
      lacked_values_(buffers.normed && !buffers.normed->has_values()),
      kept_(values_to_keep(ctx, problem, buffers)),
      check_(ctx, problem, with_values(ctx, buffers)),
      problem_name_(std::move(problem_name)) {}

void AlgorithmTrial::restore() {
  restore_result();
  if (lacked_values_) buffers_.normed->forget_values();
}

void AlgorithmTrial::restore_result() {
  if (!kept_.empty()) ctx_.device.memory().copy_in(buffers_.result(problem_.direction), kept_.data(), kept_.size());
}

// Runs an algorithm on what the result held. A result that is only written is full of NaNs before, so that an algorithm
// that reads it, or leaves a part of it out, is wrong.
RunStatus AlgorithmTrial::run_on_result(const ConvolutionAlgorithm& algorithm) {
  restore_result();
  constexpr uint8_t kNan = 0xff;  // each byte of a NaN, in f32 and in bf16
  if (kept_.empty()) ctx_.device.memory().fill(buffers_.result(problem_.direction), kNan, result_bytes(problem_));
  return algorithm.try_run(ctx_, buffers_);
}

double AlgorithmTrial::error_of(const ConvolutionAlgorithm& algorithm) {
  const RunStatus status = with_room(ctx_.device, [&] { return run_on_result(algorithm); });
  if (found_no_memory(status)) library_without_memory_ = algorithm.library();
  const cudaError_t stream = cudaStreamSynchronize(stream_of(ctx_));
  REVUNET_EXPECTS(stream == cudaSuccess, Error,
                  "[conv3d] expected {0}'s algorithm {1} to run {2}, got {3} ({4}), after which nothing runs on the "
                  "device; use another version of {0}",
                  algorithm.library(), algorithm.name(), problem_name_, cudaGetErrorName(stream),
                  cudaGetErrorString(stream));
  cudaGetLastError();  // of a launch that was refused
  if (!status.failure.empty()) {
    ctx_.device.log("{}: {} cannot run: {}", problem_name_, algorithm.name(), status.failure);
    return kInfinity;
  }
  const double error = check_.error();
  ctx_.device.log("{}: {} has an error of {:.2g}{}", problem_name_, algorithm.name(), error,
                  error <= kLargestError ? "" : ", which is wrong");
  return error;
}

void AlgorithmTrial::keep_correct(std::vector<AlgorithmPointer> algorithms) {
  for (size_t i = 0; i < std::min(algorithms.size(), kMostTried); ++i) {
    const double error = error_of(*algorithms[i]);
    if (error <= kLargestError) candidates_.push_back({std::move(algorithms[i]), error, kInfinity});
  }
}

void AlgorithmTrial::drop_inaccurate() {
  if (problem_.operands != DType::f32) return;
  const auto accurate = [](const Candidate& candidate) { return candidate.error <= kErrorOfTf32; };
  if (std::ranges::any_of(candidates_, accurate)) std::erase_if(candidates_, std::not_fn(accurate));
}

void AlgorithmTrial::warm_up() {
  constexpr int kAtOnce = 10;  // runs between two looks at the clock
  Event begin, end;
  begin.record(stream_of(ctx_));
  do {
    for (int i = 0; i < kAtOnce; ++i) candidates_[0].algorithm->run(ctx_, buffers_);
    end.record(stream_of(ctx_));
  } while (end.milliseconds_since(begin) < kWarmUpMilliseconds);
}

AlgorithmPointer AlgorithmTrial::take_fastest() {
  drop_inaccurate();
  if (candidates_.size() > 1) warm_up();
  // They take turns, so that clocks that change favour none.
  for (int round = 0; candidates_.size() > 1 && round < kRounds; ++round) {
    double best = kInfinity;
    for (Candidate& candidate : candidates_) {
      candidate.milliseconds = std::min(candidate.milliseconds, milliseconds(*candidate.algorithm));
      best = std::min(best, candidate.milliseconds);
    }
    std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.milliseconds > kTooSlow * best; });
  }
  const auto best = std::ranges::min_element(candidates_, {}, &Candidate::milliseconds);
  ctx_.device.log("{}: {} is chosen{}", problem_name_, best->algorithm->name(),
                  best->milliseconds < kInfinity ? fmt::format(", {:.3f} ms", best->milliseconds) : ", the only one");
  return std::move(best->algorithm);
}

double AlgorithmTrial::milliseconds(const ConvolutionAlgorithm& algorithm) {
  const double of_run = time_of(ctx_, [&] { algorithm.run(ctx_, buffers_); });
  return lacked_values_ && !algorithm.normalises() ? of_run + milliseconds_of_norm() : of_run;
}

double AlgorithmTrial::milliseconds_of_norm() {
  if (!norm_milliseconds_) {
    const auto compute = [&] {
      buffers_.normed->forget_values();
      buffers_.normed->values(ctx_);
    };
    norm_milliseconds_ = kInfinity;
    for (int round = 0; round < kRounds; ++round) {
      norm_milliseconds_ = std::min(*norm_milliseconds_, time_of(ctx_, compute));
    }
  }
  return *norm_milliseconds_;
}

}  // namespace revunet::cuda
