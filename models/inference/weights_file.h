// These functions keep networks in safetensors files, with the reference's names and shapes, and in the metadata what a
// prediction needs to know.
//
// Rule: only here do weights change layout: (O, I, kD, kH, kW) in files, (O, kD, kH, kW, I) in memory.
#pragma once

#include <filesystem>
#include <optional>

#include "io/dataset/background.h"
#include "io/files/safetensors.h"
#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet {

// A WeightsInfo is what a weights file says in addition to its tensors.
struct WeightsInfo {
  UNetConfig config;
  std::optional<io::VolumeSize>
      size;  // field of view (x, y, z) that training cropped or padded to; none in other programs' files
  std::optional<io::VolumeSize> patch;            // part of it that training saw at once; none: all of it, or unknown
  std::optional<io::Background> background = {};  // what training subtracted from its images; none: unknown
  io::TaskPointer task = io::brats_task();        // BraTS's in files that do not say it
};

// Writes parameters and metadata: architecture, task, size, patch, background. The axes that steps between levels halve
// are written where they are not all. BraTS's task is written as channel
// order, label map and normalisation, as ever, and any other as JSON (io/task/task_json.h). The write is atomic. For
// weights that are not finite, throws NonFiniteError with the tensor's name and writes nothing.
void save_weights(const std::filesystem::path& path, const UNet& model, const io::VolumeSize& size,
                  const std::optional<io::VolumeSize>& patch = {}, const io::Background& background = {},
                  const io::TaskPointer& task = io::brats_task());

// Returns what the file holds. Without metadata the architecture is inferred from names and shapes, all steps halve all
// axes, and the task is `unnamed`; where both are present they must agree. Otherwise throws DataError, also as
// load_weights does.
WeightsInfo weights_info(const io::SafetensorsFile& file, const io::TaskPointer& unnamed = io::brats_task());

// Sets every parameter from the tensor of its name. Throws DataError with the file's name for a missing or superfluous
// tensor or a shape that differs.
void load_weights(const io::SafetensorsFile& file, UNet& model);

}  // namespace revunet
