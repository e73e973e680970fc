// This file predicts a whole preprocessed volume in one pass, without a tape.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet {

// OutputKind says what a network's outputs are.
enum class OutputKind {
  regions,  // each has its own probability
  classes,  // exclusive: probabilities of a voxel have the sum 1
};
OutputKind outputs_of(const io::Task& task);

// Takes image (X, Y, Z, in_channels), whose sizes are multiples of what the network takes. Returns probabilities (X, Y,
// Z, out_channels). Activations are of type `precision`.
std::vector<float> predict_whole_volume(const Context& ctx, const UNet& model, std::span<const float> image,
                                        const io::Size3& size, DType precision, OutputKind outputs);

// Runs the network on the device: image (1, X, Y, Z, in_channels) -> (1, X, Y, Z, out_channels), probabilities of
// regions or logits of classes. Probabilities are f32, because those just above a threshold would round to the
// threshold in bf16. Consumes the image.
Tensor predict_on_device(const Context& ctx, const UNet& model, Tensor image, OutputKind outputs);

// Turns logits (V, classes) into probabilities, in place. Exponentials are of differences from the largest logit, so
// nothing overflows.
void softmax_voxels(std::span<float> logits, int64_t classes);

// Returns labels (X, Y, Z) for those probabilities. Throws NonFiniteError with the case's name where they are NaN.
std::vector<uint8_t> labels_of(std::span<const float> probabilities, const io::Task& task,
                               const std::string& case_name);

}  // namespace revunet
