#include "models/inference/whole_volume.h"

#include <algorithm>
#include <cmath>

#include "kernels/sigmoid/sigmoid.h"
#include "models/sample_stage.h"

namespace revunet {

OutputKind outputs_of(const io::Task& task) {
  return task.exclusive() ? OutputKind::classes : OutputKind::regions;
}

Tensor predict_on_device(const Context& ctx, const UNet& model, Tensor image, OutputKind outputs) {
  const PhaseScope phase(ctx, Phase::evaluation);
  const Context inference = ctx.without_tape();
  const Tensor logits = model.forward(inference, Variable(std::move(image))).value;
  if (outputs == OutputKind::classes) return logits;
  const bool wide = compute_type(logits.dtype()) == logits.dtype();
  Tensor probabilities =
      wide ? logits : Tensor(inference, {logits.shape(), compute_type(logits.dtype()), logits.layout()});
  sigmoid_forward(inference, logits, probabilities);
  return probabilities;
}

std::vector<float> predict_whole_volume(const Context& ctx, const UNet& model, std::span<const float> image,
                                        const io::Size3& size, DType precision, OutputKind outputs) {
  const PhaseScope phase(ctx, Phase::evaluation);
  std::vector<float> values = to_host_f32(predict_on_device(
      ctx, model, volume_on_device(ctx, image, size, model.config().in_channels, precision), outputs));
  if (outputs == OutputKind::classes) softmax_voxels(values, model.config().out_channels);
  return values;
}

void softmax_voxels(std::span<float> logits, int64_t classes) {
  const int64_t voxels = std::ssize(logits) / classes;
#pragma omp parallel for schedule(static)
  for (int64_t v = 0; v < voxels; ++v) {
    const std::span<float> z = logits.subspan(static_cast<size_t>(v * classes), static_cast<size_t>(classes));
    const float greatest = std::ranges::max(z);
    float sum = 0;
    for (float& value : z) {
      value = std::exp(value - greatest);
      sum += value;
    }
    for (float& value : z) value /= sum;
  }
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
