// Preprocessed cases for training: loaded ahead of their use, kept while there is room, cut into patches.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/rng.h"
#include "io/preprocessing.h"

namespace revunet::tools {

// Loads cases in the background. Values and order depend on the requests alone, never on threads.
class CaseLoader {
 public:
  using Case = std::shared_ptr<const io::Preprocessed>;

  // Cases of one list, preprocessed to `size`.
  CaseLoader(std::vector<io::CaseFiles> cases, const io::Size3& size) : cases_(std::move(cases)), size_(size) {}

  size_t count() const { return cases_.size(); }
  const std::string& name(size_t index) const { return cases_[index].name; }
  // Starts loading a case, unless it is there or on its way.
  void prefetch(size_t index);
  // Waits for the case. What its loading threw is thrown here.
  Case get(size_t index);

 private:
  std::vector<io::CaseFiles> cases_;
  io::Size3 size_;
  std::map<size_t, Case> kept_;
  size_t kept_bytes_ = 0;
  std::map<size_t, std::future<Case>> loading_;
};

// What one step trains on.
struct Sample {
  io::Size3 size{};
  std::vector<float> image;   // (X, Y, Z, 4)
  std::vector<float> target;  // (X, Y, Z, 3): WT, TC, ET
};

// The whole field of view.
Sample whole_sample(const io::Preprocessed& c);

// A patch within the field of view. Half of the patches hold a voxel of the tumour at a random place inside them, so
// that small tumours are seen at all; the others lie anywhere.
Sample random_patch(const io::Preprocessed& c, const io::Size3& patch, Rng rng);

}  // namespace revunet::tools
