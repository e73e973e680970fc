#include "models/training/samples/case_loader.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/process/host_memory_failure.h"
#include "io/preprocessing/resampled_case.h"

namespace revunet {

namespace {

// A loader keeps at most this many bytes of preprocessed cases: a small dataset is read once, a large one streams past.
constexpr size_t kKeepBytes = size_t{2} << 30;

size_t bytes_of(const io::Preprocessed& c) {
  return c.image.size() * sizeof(float) + c.labels.size();
}

}  // namespace

SharedCase CaseLoader::kept(size_t index) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(index);
  return found == kept_.end() ? nullptr : found->second;
}

io::Preprocessed CaseLoader::prepared(const io::CaseVolumes& volumes) const {
  if (!least_) return io::preprocess(volumes, size_);
  return io::preprocess(volumes, io::smaller_of(io::larger_of(io::nonzero_extent(volumes), *least_), size_));
}

SharedCase CaseLoader::get(size_t index) try {
  if (SharedCase c = kept(index)) return c;
  const SharedCase c = with_host_memory("reading and preparing it", [&] {
    return std::make_shared<const io::Preprocessed>(
        prepared(cache_ ? cache_->load(cases_[index]) : io::load_resampled_case(cases_[index])));
  });
  const std::lock_guard lock(mutex_);
  if (kept_bytes_ + bytes_of(*c) <= kKeepBytes && kept_.emplace(index, c).second) kept_bytes_ += bytes_of(*c);
  return c;
} catch (const DataError& e) {
  throw DataError(fmt::format("case {}: {}", name(index), e.what()));
} catch (const OutOfMemoryError& e) {
  throw OutOfMemoryError(fmt::format("case {}: {}; fewer `loader-threads` take less", name(index), e.what()));
}

}  // namespace revunet
