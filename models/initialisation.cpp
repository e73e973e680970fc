#include "models/initialisation.h"

#include <cmath>

#include "engine/rng.h"

namespace revunet {

namespace {

void fill_uniform(Tensor& x, double bound, Rng rng) {
  std::vector<double> values(static_cast<size_t>(x.elements()));
  for (double& v : values) v = rng.uniform(-bound, bound);
  assign(x, values);
}

void fill(Tensor& x, double value) {
  assign(x, std::vector<double>(static_cast<size_t>(x.elements()), value));
}

}  // namespace

void initialise(UNet& model, uint64_t seed) {
  if (!model.parameters().front()->value.device().computes()) return;
  double bound = 0;  // of the last convolution, for the bias that follows
  uint64_t random_sequence = 0;
  for (const auto& p : model.parameters()) {
    const Shape& shape = p->value.shape();
    const bool norm = p->name.find("gn") != std::string::npos;
    if (norm) {
      fill(p->value, p->name.ends_with("weight") ? 1.0 : 0.0);
    } else {
      if (shape.rank() == 5) bound = 1.0 / std::sqrt(static_cast<double>(shape.elements() / shape[0]));
      fill_uniform(p->value, bound, Rng(seed, random_sequence));
    }
    ++random_sequence;
  }
}

}  // namespace revunet
