// This file lists the algorithms that cuDNN's graphs offer for a convolution, and runs one of them.
#pragma once

#include <functional>
#include <optional>

#include "engine/context.h"
#include "engine/cuda/cudnn_descriptor.h"
#include "kernels/conv3d/cuda/conv3d_algorithm.h"

namespace revunet::cuda {

#define REVUNET_CUDNN_KNOWS_DESCRIBED_DEVICES (CUDNN_VERSION >= 90800)

// An AlgorithmTarget says for which device algorithms are made: a device, by its handle, or one that is only described,
// as cuDNN's JSON of its properties. Algorithms for the latter can be counted and measured, but not run.
class AlgorithmTarget {
 public:
  AlgorithmTarget(cudnnHandle_t handle, Device& device) : handle_(handle), device_(&device) {}
#if REVUNET_CUDNN_KNOWS_DESCRIBED_DEVICES
  explicit AlgorithmTarget(const std::string& device_properties);
#endif

  cudnnHandle_t handle() const {
    return handle_;
  }  // nullptr for a device that is only described
  void apply_to_graph(Descriptor& graph) const;
  void apply_to_heuristic(Descriptor& heuristic) const;
  // Makes an algorithm of a configuration, or nothing where it does not fit the shape or cuDNN finds no memory to make
  // it, not even once cached memory was given back.
  std::optional<Descriptor> make(const Descriptor& configuration);
  // Returns whether cuDNN found no memory for one of them.
  bool out_of_memory() const {
    return out_of_memory_;
  }

 private:
  void apply_to_algorithm(Descriptor& algorithm) const;

  cudnnHandle_t handle_ = nullptr;
  Device* device_ = nullptr;
  bool out_of_memory_ = false;
  std::optional<Descriptor> properties_;
};

// Its name is that of the engine and its settings, as cuDNN numbers them.
class CudnnAlgorithm final : public ConvolutionAlgorithm {
 public:
  // Runs on the handle's stream, which is the context's. reads_result is the direction of a fused graph that adds to
  // its result.
  CudnnAlgorithm(cudnnHandle_t handle, Descriptor algorithm, Properties properties,
                 std::optional<Direction> reads_result)
      : ConvolutionAlgorithm(std::move(properties)),
        handle_(handle),
        algorithm_(std::move(algorithm)),
        reads_result_(reads_result) {}

  RunStatus try_run(const Context& ctx, const ConvolutionBuffers& buffers) const override;
  void run(const Context& ctx, const ConvolutionBuffers& buffers) const override;

 private:
  cudnnStatus_t execute(const Context& ctx, const ConvolutionBuffers& buffers) const;

  cudnnHandle_t handle_;
  Descriptor algorithm_;
  std::optional<Direction> reads_result_;
};

// The form says how a problem is put to cuDNN: with alpha and beta in the convolution, or in an operation after it. For
// fused graphs, cuDNN also offers engines that are compiled at run time. On some devices they are the only ones that
// use tensor cores without copying x and y into a workspace.
enum class AlgorithmForm { plain, fused };

// Returns the form of the algorithm with this name.
AlgorithmForm form_of(const std::string& algorithm_name);

// Returns the algorithms within the limits, in the order in which cuDNN's heuristics prefer them. Where a name is
// given, returns only the algorithms of that name. May return none.
// Stops once `enough` says so of those found so far: an algorithm takes up to seconds to make.
inline constexpr size_t kMostFused = 3;  // Fused algorithms take seconds each to compile, so few are made.
using Enough = std::function<bool(const std::vector<CudnnAlgorithm>& so_far)>;
std::vector<CudnnAlgorithm> cudnn_algorithms(AlgorithmTarget& target, const ConvolutionProblem& problem,
                                             const AlgorithmLimits& limits, AlgorithmForm form,
                                             const std::optional<std::string>& only = std::nullopt,
                                             const Enough& enough = {});

}  // namespace revunet::cuda
