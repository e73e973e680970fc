// Tests probabilities of exclusive classes against closed forms.
#include "models/inference/whole_volume.h"

#include <cmath>

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("logits of classes become probabilities whose sum is 1, however large they are") {
  const float third = std::log(2.0f);
  std::vector<float> values = {0, 0, 0, third, 0, 0, 1e30f, 1e30f, -1e30f, -3e38f, 3e38f, 0};
  softmax_voxels(values, 3);
  const std::vector<float> wanted = {1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 0.5f, 0.25f, 0.25f, 0.5f, 0.5f, 0, 0, 1, 0};
  // An exponential, a sum and a quotient round four times.
  for (size_t i = 0; i < values.size(); ++i) CHECK(values[i] == Approx(wanted[i]).epsilon(4 * 1.2e-7).margin(0));
}
