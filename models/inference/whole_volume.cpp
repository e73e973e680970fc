#include "models/inference/whole_volume.h"

#include "kernels/sigmoid/sigmoid.h"
#include "models/sample_stage.h"

namespace revunet {

Tensor region_probabilities(const Context& ctx, const UNet& model, Tensor image) {
  const PhaseScope phase(ctx, Phase::evaluation);
  const Context inference = ctx.without_tape();
  const Tensor logits = model.forward(inference, Variable(std::move(image))).value;
  const bool wide = compute_type(logits.dtype()) == logits.dtype();
  Tensor probabilities =
      wide ? logits : Tensor(inference, {logits.shape(), compute_type(logits.dtype()), logits.layout()});
  sigmoid_forward(inference, logits, probabilities);
  return probabilities;
}

std::vector<float> predict_whole_volume(const Context& ctx, const UNet& model, std::span<const float> image,
                                        const io::Size3& size, DType precision) {
  const PhaseScope phase(ctx, Phase::evaluation);
  return to_host_f32(
      region_probabilities(ctx, model, volume_on_device(ctx, image, size, model.config().in_channels, precision)));
}

std::vector<uint8_t> labels_of(std::span<const float> probabilities, const io::Task& task,
                               const std::string& case_name) {
  try {
    return task.labels_of(probabilities);
  } catch (const NonFiniteError& e) {
    throw NonFiniteError(
        fmt::format("[{}] expected probabilities, got NaN from these weights ({}); use weights of an "
                    "earlier epoch",
                    case_name, e.what()));
  }
}

}  // namespace revunet
