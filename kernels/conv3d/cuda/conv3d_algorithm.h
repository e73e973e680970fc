// A ConvolutionAlgorithm is one way to compute one convolution on a device: one of cuDNN's, or our own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_problem.h"

namespace revunet::cuda {

// A RunStatus says why an algorithm did not run. It is empty where it did, as far as the host knows.
struct RunStatus {
  std::string failure;
  bool no_memory = false;  // the algorithm's library found no memory for itself
};
inline bool found_no_memory(const RunStatus& status) {
  return status.no_memory;
}

class ConvolutionAlgorithm {
 public:
  struct Properties {
    std::string library;  // for messages: whose algorithm it is
    std::string name;     // the same for the same version of the library and the same device
    size_t workspace;     // bytes
    bool tensor_cores, deterministic;
    bool normalises = false;  // reads what x is the norm of, and not its values
  };

  explicit ConvolutionAlgorithm(Properties properties) : properties_(std::move(properties)) {}
  virtual ~ConvolutionAlgorithm() = default;
  ConvolutionAlgorithm(ConvolutionAlgorithm&&) = default;
  ConvolutionAlgorithm& operator=(ConvolutionAlgorithm&&) = default;

  const std::string& library() const { return properties_.library; }
  const std::string& name() const { return properties_.name; }
  size_t workspace() const { return properties_.workspace; }
  bool tensor_cores() const { return properties_.tensor_cores; }
  bool deterministic() const { return properties_.deterministic; }
  bool normalises() const { return properties_.normalises; }

  // Runs on the context's stream, with workspace from the allocator.
  virtual RunStatus try_run(const Context& ctx, const ConvolutionBuffers& buffers) const = 0;
  // Throws OutOfMemoryError where the library finds no memory of its own, and Error where it fails otherwise.
  virtual void run(const Context& ctx, const ConvolutionBuffers& buffers) const = 0;

 private:
  Properties properties_;
};

using AlgorithmPointer = std::unique_ptr<const ConvolutionAlgorithm>;

}  // namespace revunet::cuda
