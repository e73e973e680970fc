// A CaseCache is a folder of cases that were read before, resampled to their task's spacing, cropped to what is not
// zero, and not compressed, so that they need only be mapped.
//
// Rule: a cached case is used only while its files have the names, sizes and times of change that they had when it was
// made, and its checksum is right. Otherwise it is made again. Each case has one file: a line with the CRC-32 of all
// that follows, a line of JSON that describes it, then modalities (int16 where that holds every value, otherwise float)
// and labels, each x fastest.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/dataset/dataset.h"

namespace revunet::io {

class CaseCache {
 public:
  // Makes the folder. on_damage is called with files that are not whole. Throws DataError where the folder cannot be
  // made.
  CaseCache(std::filesystem::path folder, std::function<void(const std::string&)> on_damage);

  // Loads the case cut to its box of voxels that are not zero, which begins at cropped_at. The affine is the identity,
  // and there is no header. preprocess gives the same result from it, except for box_low and cropped_at, whose sum is
  // the same. Any thread may call it. Throws DataError as load_resampled_case does, for a case of zeros alone, and
  // where the cache cannot be written.
  CaseVolumes load(const CaseFiles& files) const;

 private:
  std::filesystem::path folder_;
  std::function<void(const std::string&)> on_damage_;
};

// Returns the case cut to its box of voxels that are not zero. Throws DataError for one that is zero everywhere.
CaseVolumes cropped_to_nonzero(const CaseVolumes& volumes);

}  // namespace revunet::io
