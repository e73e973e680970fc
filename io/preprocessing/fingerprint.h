// A DatasetFingerprint says what the labelled cases of a dataset have in common: how large they are, and what values
// they have. It decides what a task leaves open.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/dataset/dataset.h"
#include "io/nifti/volume_size.h"
#include "io/progress/parallel.h"

namespace revunet::io {

struct DatasetFingerprint {
  struct Case {
    std::string name;
    Size3 extent{};           // of the box of voxels that are not zero, in BraTS's orientation
    Grid grid;                // of the image
    RegionSet regions = {};   // that the case has
    int64_t lost_labels = 0;  // voxels of regions outside of the box, which no network sees
  };
  std::vector<Case> cases;
  std::vector<double> nonzero;  // of each modality: median share of voxels in the file that are not zero
  std::vector<std::optional<Normalisation::Foreground>> foreground;  // of each modality; none: no case has a region
};

// Reads the cases, which have segmentations, several at once. Values of the foreground are those of at most 10,000 of
// its voxels per case, at equal distances, so that large cases do not outweigh small ones; percentiles are interpolated
// between the two nearest values, as NumPy's are. The result does not depend on the number of threads. Throws DataError
// as load_case does, with the case's name.
DatasetFingerprint fingerprint_of(const std::vector<CaseFiles>& cases, const OnProgress& progress = {});

// These return what the cases have along each axis, in voxels as networks see them. The median of an even number of
// cases is the upper one of the two in the middle. Throw Error for a resampling that waits for a fingerprint.
Size3 largest_extent(const DatasetFingerprint& fingerprint, const Resampling& resampling);
Size3 median_extent(const DatasetFingerprint& fingerprint, const Resampling& resampling);
// Rounds to six digits, because headers are in single precision.
Spacing3 median_spacing(const DatasetFingerprint& fingerprint);

// Returns warnings about the cases: voxel spacings that are far from the median, labels that no network sees, and
// regions that no training case has. `training` has the names of the training cases.
std::vector<std::string> warnings_of(const DatasetFingerprint& fingerprint, const Task& task,
                                     const std::set<std::string>& training);

// Returns the task with normalisations and a resampling that wait for nothing. An automatic resampling is of the median
// spacing where the spacing of a case differs by more than 1 % from it along an axis, and otherwise as it is. An
// automatic normalisation is over the non-zero voxels where at most three quarters of the voxels are not zero, as in
// images without the skull, and otherwise over all. Throws DataError where CT is to be normalised by a foreground that
// no case has.
TaskPointer with_fingerprint(const TaskPointer& task, const DatasetFingerprint& fingerprint);

}  // namespace revunet::io
