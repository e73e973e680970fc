#include "bench/predict/prediction_run.h"

#include <cmath>
#include <numeric>

#include "models/inference/whole_volume.h"
#include "models/sample_stage.h"

namespace revunet::bench {

PredictionRun::PredictionRun(Variant variant) : variant_(std::move(variant)), compute_(variant_.device) {
  model_ = make_network({device()}, variant_);
  image_ = random_image(variant_);
}

PassSeconds PredictionRun::pass() {
  set_cpu_threads(variant_.threads);
  const Context ctx{device()};
  CostClock clock;
  Tensor image = volume_on_device(ctx, image_, {variant_.size[0], variant_.size[1], variant_.size[2]},
                                  variant_.model.in_channels, activation_type(variant_.precision));
  device().memory().synchronize();
  const Cost input = clock.lap();
  const Tensor probabilities = predict_on_device(ctx, *model_, std::move(image), OutputKind::regions);
  device().memory().synchronize();
  const Cost forward = clock.lap();
  const std::vector<float> values = to_host_f32(probabilities);
  const Cost output = clock.cost();
  mean_probability_ = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  REVUNET_EXPECTS(std::isfinite(mean_probability_), NonFiniteError, "[{}] expected probabilities, got NaN",
                  variant_.name);
  compute_.save_algorithms();
  return {input.seconds, forward.seconds, output.seconds, forward.cpu_seconds};
}

}  // namespace revunet::bench
