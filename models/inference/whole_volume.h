// This file predicts a whole preprocessed volume in one pass, without a tape.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet {

// Takes image (X, Y, Z, in_channels), whose sizes are multiples of what the network takes. Returns probabilities (X, Y,
// Z, out_channels) of the regions. Activations are of type `precision`.
std::vector<float> predict_whole_volume(const Context& ctx, const UNet& model, std::span<const float> image,
                                        const io::Size3& size, DType precision);

// Does the same on the device: image (1, X, Y, Z, in_channels) -> probabilities (1, X, Y, Z, out_channels). They are
// f32, because probabilities just above a threshold would round to the threshold in bf16. Consumes the image.
Tensor region_probabilities(const Context& ctx, const UNet& model, Tensor image);

// Returns labels (X, Y, Z) for those probabilities. Throws NonFiniteError with the case's name where they are NaN.
std::vector<uint8_t> labels_of(std::span<const float> probabilities, const io::Task& task,
                               const std::string& case_name);

}  // namespace revunet
