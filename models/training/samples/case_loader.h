// Preprocessed cases, kept in memory while there is room.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "io/preprocessing/case_cache.h"
#include "io/preprocessing/preprocessing.h"

namespace revunet {

class CaseLoader {
 public:
  using Case = std::shared_ptr<const io::Preprocessed>;

  // Cases of one list, preprocessed to `size`; read by way of `cache`, which outlives this, unless it is nullptr.
  CaseLoader(std::vector<io::CaseFiles> cases, const io::Size3& size, const io::CaseCache* cache)
      : cases_(std::move(cases)), size_(size), cache_(cache) {}

  size_t count() const { return cases_.size(); }
  const std::string& name(size_t index) const { return cases_[index].name; }
  // From any thread. DataError as io::load_case and io::preprocess, and Error for any other failure, naming the case.
  Case get(size_t index);

 private:
  Case kept(size_t index);

  std::vector<io::CaseFiles> cases_;
  io::Size3 size_;
  const io::CaseCache* cache_;
  std::mutex mutex_;  // of what follows
  std::map<size_t, Case> kept_;
  size_t kept_bytes_ = 0;
};

}  // namespace revunet
