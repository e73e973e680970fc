// A TaskFile is a task that a user describes in TOML, in place of a dataset.json: images, labels, regions, and how the
// files of a dataset are named (docs/own-dataset.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "io/dataset/background.h"
#include "io/task/task.h"

namespace revunet::io {

struct TaskFile {
  TaskPointer task;
  std::optional<Background> background = {};  // none: the file does not say it
  std::optional<std::string> mirror = {};     // axes along which the anatomy may be mirrored, such as "x,y", or "none"
};

// Reads a task. The keys are:
//
//   name = "Liver"              # [the file's name]
//   background = "corner"       # or a number, which is subtracted from the images [0]
//   spacing = [1, 1, 2.5]       # mm along x, y, z of BraTS's orientation; or "none" or "auto" ["auto"]
//   interpolation = "cubic"     # of images that are resampled; or "linear" ["cubic"]
//   mirror = ["x"]              # axes along which the anatomy may be mirrored
//   segmentation = "labels/{case}.nii.gz"     # a pattern (io/task/file_patterns.h)
//   ignored = "unsure"          # a label whose voxels count nowhere
//
//   [labels]                    # the numbers in segmentations
//   background = 0              # number 0, whatever its name
//   liver = 1
//   tumour = 2
//   unsure = 9
//
//   [[channels]]                # in the order of the network's channels
//   name = "CT"
//   files = "images/{case}.nii.gz"   # channels of one pattern are the frames of a 4-D image
//   normalisation = "ct"        # or nonzero, all, none, auto ["auto"]
//
//   [[regions]]                 # without any, each label is an exclusive class
//   name = "organ"
//   labels = ["liver", "tumour"]
//   writes = "liver"            # label of a voxel in this region and in no later one [the only such label]
//   meaning = "the whole liver" # for captions
//   shown_on = "CT"             # channel of pictures [the first]
//
// Patterns can be left out, all together: then a layout names the files. Throws DataError with the path for a file that
// cannot be read or is no TOML, a key that there is not, a value of another type, and all that Task refuses.
TaskFile read_task_file(const std::filesystem::path& path);

}  // namespace revunet::io
