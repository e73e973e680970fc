// These functions say whether the tensors of a weights file are those of a network, and of which.
//
// Rule: where a few tensors contradict all others, those few are wrong, and the message names them.
#pragma once

#include <vector>

#include "io/files/safetensors.h"
#include "io/task/task.h"
#include "models/unet.h"

namespace revunet {

// Returns the shape in files, (O, I, kD, kH, kW), of a parameter of this shape in memory, (O, kD, kH, kW, I).
std::vector<int64_t> file_shape(const Shape& shape);

// Returns the network whose names the tensors have, with the channels that most of their shapes have. Throws DataError
// for a file that is no network's, and for a network with another number of modalities or outputs than the task's.
UNetConfig config_of_tensors(const io::SafetensorsFile& file, const io::Task& task);

// Throws DataError with the file and the tensor, for a tensor that is missing, has another shape than the network's, or
// does not belong to the network.
void expect_tensors(const io::SafetensorsFile& file, const UNet& model);
void expect_tensors(const io::SafetensorsFile& file, const UNetConfig& config);

}  // namespace revunet
