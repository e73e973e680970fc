// A prediction of a whole preprocessed volume in one pass, without a tape.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet {

// image (X, Y, Z, 4), sizes multiples of what the network takes -> probabilities (X, Y, Z, 3) of WT, TC, ET.
// Activations are of type `precision`.
std::vector<float> predict_whole_volume(const Context& ctx, const UNet& model, std::span<const float> image,
                                        const io::Size3& size, DType precision);

// The same on the device: image (1, X, Y, Z, 4) -> probabilities (1, X, Y, Z, 3), f32: rounded to bf16, those just
// above a threshold would lie on it. Consumes the image.
Tensor region_probabilities(const Context& ctx, const UNet& model, Tensor image);

// Labels (X, Y, Z) of those probabilities. NonFiniteError naming the case where they are NaN.
std::vector<uint8_t> labels_of(std::span<const float> probabilities, const std::string& case_name);

}  // namespace revunet
