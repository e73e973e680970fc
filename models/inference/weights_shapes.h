// Whether the tensors of a weights file are those of a network, and of which.
//
// Rule: where a few tensors contradict all others, those few are the ones that are wrong, and they are named.
#pragma once

#include <vector>

#include "io/files/safetensors.h"
#include "models/unet.h"

namespace revunet {

// The shape in files, (O, I, kD, kH, kW), of a parameter of this shape in memory, (O, kD, kH, kW, I).
std::vector<int64_t> file_shape(const Shape& shape);

// The network whose names the tensors have, with the channels that most of their shapes have. DataError for a file that
// is no network's, and for a network of another number of modalities or regions.
UNetConfig config_of_tensors(const io::SafetensorsFile& file);

// DataError, naming the file and the tensor, for one that is missing, has another shape than the network's, or is none
// of the network's.
void expect_tensors(const io::SafetensorsFile& file, const UNet& model);
void expect_tensors(const io::SafetensorsFile& file, const UNetConfig& config);

}  // namespace revunet
