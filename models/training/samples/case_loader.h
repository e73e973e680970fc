// A CaseLoader reads and preprocesses cases, and keeps them in memory while there is room.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "io/preprocessing/case_cache.h"
#include "io/preprocessing/preprocessing.h"

namespace revunet {

// Cases are shared by the samples that are made of them and by whoever keeps them.
using SharedCase = std::shared_ptr<const io::Preprocessed>;

class CaseLoader {
 public:
  // Preprocesses the cases to `size` or, where there is a `least` size, each to its own box of voxels that are not 0,
  // which is padded or cropped along the axes where it is outside of the two. Reads them by way of `cache`, which
  // outlives this object, unless it is nullptr.
  CaseLoader(std::vector<io::CaseFiles> cases, const io::Size3& size, const io::CaseCache* cache,
             const std::optional<io::Size3>& least = {})
      : cases_(std::move(cases)), size_(size), least_(least), cache_(cache) {}

  size_t count() const { return cases_.size(); }
  const std::string& name(size_t index) const { return cases_[index].name; }
  // Any thread may call it. Throws DataError as io::load_case and io::preprocess do, with the case's name, and
  // OutOfMemoryError where the host has no memory for it.
  SharedCase get(size_t index);

 private:
  SharedCase kept(size_t index);
  io::Preprocessed prepared(const io::CaseVolumes& volumes) const;

  std::vector<io::CaseFiles> cases_;
  io::Size3 size_;
  std::optional<io::Size3> least_;
  const io::CaseCache* cache_;
  std::mutex mutex_;  // of what follows
  std::map<size_t, SharedCase> kept_;
  size_t kept_bytes_ = 0;
};

}  // namespace revunet
