#include "engine/cuda/cudnn_descriptor.h"

#include <algorithm>
#include <array>

namespace revunet::cuda {

void check(cudnnStatus_t status, const char* expression, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> details{};
  cudnnGetLastErrorString(details.data(), details.size());
  throw Error(fmt::format("[cudnn] expected {} to succeed, got {} ({}), at {}:{}", expression,
                          cudnnGetErrorString(status), details.data(), file, line));
}

int64_t Descriptor::get_int64(cudnnBackendAttributeName_t name) const {
  int64_t value = 0, count = 0;
  REVUNET_CUDNN_CHECK(cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_INT64, 1, &count, &value));
  return value;
}

std::vector<int32_t> Descriptor::get_notes(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
  std::vector<int32_t> notes(16);
  int64_t count = 0;
  REVUNET_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_, name, type, static_cast<int64_t>(notes.size()), &count, notes.data()));
  notes.resize(static_cast<size_t>(std::min<int64_t>(count, 16)));
  return notes;
}

std::vector<Descriptor> Descriptor::get_descriptors(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                                    int64_t most) const {
  std::vector<Descriptor> descriptors;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < most; ++i) raw.push_back(descriptors.emplace_back(type).get());
  int64_t count = 0;
  REVUNET_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, &count, raw.data()));
  descriptors.erase(descriptors.begin() + std::min(count, most), descriptors.end());
  return descriptors;
}

}  // namespace revunet::cuda
