// Networks in safetensors files: the reference's names and shapes, and what a prediction needs to know in the metadata.
//
// Rule: this is the door where weights change layout: (O, I, kD, kH, kW) in files, (O, kD, kH, kW, I) in memory.
#pragma once

#include <filesystem>
#include <optional>

#include "io/dataset/background.h"
#include "io/files/safetensors.h"
#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet {

// What a weights file says besides its tensors.
struct WeightsInfo {
  UNetConfig config;
  std::optional<io::VolumeSize>
      size;  // field of view (x, y, z) that training cropped or padded to; none in foreign files
  std::optional<io::VolumeSize> patch;  // of the field of view that training saw at once; none: all of it, or not known
  std::optional<io::Background> background = {};  // what training subtracted from its images; none: not known
};

// Writes parameters and metadata: architecture, channel order, label map, normalisation, size, patch,
// background. Atomic.
// NonFiniteError naming the tensor, and nothing written, for weights that are not finite.
void save_weights(const std::filesystem::path& path, const UNet& model, const io::VolumeSize& size,
                  const std::optional<io::VolumeSize>& patch = {}, const io::Background& background = {});

// What the file holds. Without metadata the architecture is inferred from names and shapes; where both are there they
// must agree. DataError otherwise, and as load_weights.
WeightsInfo weights_info(const io::SafetensorsFile& file);

// Sets every parameter from the tensor of its name. DataError naming the file for a missing or superfluous tensor or
// a shape that differs.
void load_weights(const io::SafetensorsFile& file, UNet& model);

}  // namespace revunet
