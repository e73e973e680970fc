// This file wraps cuDNN's backend descriptors in objects that set typed attributes and release themselves.
#pragma once

#include <cudnn.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"

namespace revunet::cuda {

// Throws Error with the expression, its file and line, and cuDNN's own words, unless the status is success.
void check(cudnnStatus_t status, const char* expression, const char* file, int line);
#define REVUNET_CUDNN_CHECK(expression) ::revunet::cuda::check((expression), #expression, __FILE__, __LINE__)

class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    REVUNET_CUDNN_CHECK(cudnnBackendCreateDescriptor(type, &descriptor_));
  }
  ~Descriptor() {
    if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
  }
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count, const void* values) {
    REVUNET_CUDNN_CHECK(cudnnBackendSetAttribute(descriptor_, name, type, count, values));
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& value) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
  }
  void set(cudnnBackendAttributeName_t name, int64_t value) { set(name, CUDNN_TYPE_INT64, 1, &value); }
  void set(cudnnBackendAttributeName_t name, std::span<const int64_t> values) {
    set(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
  }
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value) { set(name, CUDNN_TYPE_DATA_TYPE, 1, &value); }
  void set(cudnnBackendAttributeName_t name, float value) { set(name, CUDNN_TYPE_FLOAT, 1, &value); }
  void set(cudnnBackendAttributeName_t name, cudnnHandle_t handle) { set(name, CUDNN_TYPE_HANDLE, 1, &handle); }

  void finalize() { REVUNET_CUDNN_CHECK(try_finalize()); }
  // Returns the status instead of throwing: cuDNN may refuse a descriptor without anything being wrong.
  cudnnStatus_t try_finalize() { return cudnnBackendFinalize(descriptor_); }

  int64_t get_int64(cudnnBackendAttributeName_t name) const;
  // Returns the values of an attribute that holds several values of an enum type, at most 16.
  std::vector<int32_t> get_notes(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const;
  // Returns the descriptors of this type that an attribute holds, at most `most`.
  std::vector<Descriptor> get_descriptors(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                          int64_t most) const;

 private:
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace revunet::cuda
