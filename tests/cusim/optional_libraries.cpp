#include "tests/cusim/optional_libraries.h"

#include "engine/cuda/optional_libraries.h"

namespace revunet {

namespace {

std::string nvrtc_is_missing;

}  // namespace

void cusim::miss_nvrtc(const std::string& reason) {
  nvrtc_is_missing = reason;
}

std::string cuda::load_nvrtc() {
  return nvrtc_is_missing;
}

std::optional<size_t> cuda::memory_of_process(const std::string&) {
  return size_t{300} << 20;
}

}  // namespace revunet
