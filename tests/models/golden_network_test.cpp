// Tests the networks against PyTorch: output, every gradient, ten Adam steps, and the full-size ones at 64^3.
#include "engine/rng.h"
#include "tests/models/golden_networks.h"

using namespace revunet;
using namespace revunet::test;
using revunet::load_weights;

namespace {

// Parameter k holds float32((2u - 1) * bound) with u from random sequence k, in file order (hashed_weights of
// make_golden.py).
double hashed_uniform(uint64_t random_sequence, uint64_t i) {
  return 2 * (static_cast<double>(splitmix64((random_sequence << 40) + i) >> 11) * 0x1.0p-53) - 1;
}

io::SafetensorsFile hashed_weights(const UNet& model) {
  io::SafetensorsFile weights;
  uint64_t random_sequence = 0;
  for (const auto& p : model.parameters()) {
    const Shape& s = p->value.shape();
    const bool convolution = s.rank() == 5;
    std::vector<int64_t> shape(s.dims().begin(), s.dims().end());
    if (convolution) shape = {s[0], s[4], s[1], s[2], s[3]};
    const double fan_in = static_cast<double>(s.elements() / s[0]);
    std::vector<float> values(static_cast<size_t>(s.elements()));
    for (size_t i = 0; i < values.size(); ++i) {
      const double u = hashed_uniform(random_sequence, i);
      const double v = p->name.ends_with("bias") ? 0.1 * u : convolution ? u * std::sqrt(3.0 / fan_in) : 1 + 0.1 * u;
      values[i] = static_cast<float>(v);
    }
    weights.add(p->name, io::HostTensor::from_f32(shape, values));
    ++random_sequence;
  }
  return weights;
}

constexpr int64_t kSide = 64;

// These are the formulas of make_golden.py, in channels-last order.
Tensor hashed_image(const Context& ctx, DType dtype) {
  // The type is float, not double, because GCC 12 at -O3 vectorises a rounding to float and back wrongly.
  std::vector<float> values(static_cast<size_t>(kSide * kSide * kSide * 4));
  const int64_t voxels = kSide * kSide * kSide;
  for (int64_t c = 0; c < 4; ++c) {
    for (int64_t v = 0; v < voxels; ++v) {
      const double u = hashed_uniform(1000, static_cast<uint64_t>(c * voxels + v));
      values[static_cast<size_t>(v * 4 + c)] = static_cast<float>(u * std::sqrt(3.0));
    }
  }
  return from_host(ctx, {{1, kSide, kSide, kSide, 4}, dtype, Layout::activation}, std::span<const float>(values));
}

CodedTarget nested_balls(const Context& ctx) {
  std::vector<double> values;
  const double centre = (kSide - 1) / 2.0;
  for (int64_t x = 0; x < kSide; ++x) {
    for (int64_t y = 0; y < kSide; ++y) {
      for (int64_t z = 0; z < kSide; ++z) {
        const auto square = [&](int64_t i) {
          return (static_cast<double>(i) - centre) * (static_cast<double>(i) - centre);
        };
        const double r2 = square(x) + square(y) + square(z);
        for (const double share : {0.40, 0.25, 0.12}) values.push_back(r2 <= share * kSide * (share * kSide) ? 1 : 0);
      }
    }
  }
  return coded_target(ctx, {1, kSide, kSide, kSide, 3}, values);
}

double norm(const Tensor& x) {
  double sum = 0;
  for (const double v : to_host_f64(x)) sum += v * v;
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("tiny networks: output, losses and every gradient are PyTorch's") {
  const DType dtype = GENERATE(DType::f64, DType::f32, DType::bf16);
  const MemoryMode mode = GENERATE(from_range(kMemoryModes));
  for (const Network& network : tiny_networks()) {
    Device device;
    check_one_step(device, network, dtype, mode);
  }
}

TEST_CASE("tiny networks in mixed precision: as near to PyTorch as bf16 is") {
  const MemoryMode mode = {GENERATE(Activations::reversible, Activations::stored), Skips::reversible};
  for (const Network& network : tiny_networks()) {
    if (network.config.kind == ModelKind::baseline) continue;  // it has no mixed precision
    Device device;
    check_one_step(device, network, DType::f32, mode, Operands::bf16);
  }
}

TEST_CASE("tiny networks: ten Adam steps follow PyTorch's loss curve") {
#if defined(__SANITIZE_ADDRESS__)
  WARN("skipped under sanitizers, where it would take half a minute: f64");
  const DType dtype = DType::f32;
#else
  const DType dtype = GENERATE(DType::f64, DType::f32);
#endif
  for (const Network& network : tiny_networks()) {
    Device device;
    check_ten_steps(device, network, dtype);
  }
}

TEST_CASE("full-size networks at 64^3 have PyTorch's output and gradient norms") {
  struct FullSize {
    std::string file;
    UNetConfig config;
    int64_t parameters;
  };
  UNetConfig deeper = default_config(ModelKind::reversible);
  deeper.encoder_depth = 2;
  const std::vector<FullSize> networks = {
      {"revunet_full_e1d1.safetensors", default_config(ModelKind::reversible), 12365283},
      {"revunet_full_e2d1.safetensors", deeper, 0},
      {"baseline_full.safetensors", default_config(ModelKind::baseline), 12425253}};
#if defined(__SANITIZE_ADDRESS__)
  WARN("skipped under sanitizers, where they would take minutes: all but revunet_full_e1d1 in f32");
  const size_t last = 1;
  const DType dtype = DType::f32;
#else
  const size_t last = networks.size();
  const DType dtype = GENERATE(DType::f64, DType::f32);
#endif
  for (size_t i = 0; i < last; ++i) {
    const Tolerances tolerance = tolerances(dtype, networks[i].config);
    const Golden golden(networks[i].file);
    INFO(networks[i].file << ", " << name_of(dtype));
    Device device;
    const Context ctx{device};
    const auto model = make_unet(ctx, networks[i].config, dtype, 0);
    if (networks[i].parameters) CHECK(model->parameter_count() == networks[i].parameters);
    load_weights(hashed_weights(*model), *model);
    const Pass pass = run(ctx, *model, hashed_image(ctx, dtype), nested_balls(ctx), true);
    golden.check_close(pass.losses, "region_losses_f64", tolerance.scalar);

    const std::vector<double> probabilities = to_host_f64(pass.probabilities);
    std::vector<double> sampled, mean(3);
    for (size_t v = 0; v < probabilities.size(); ++v) {
      mean[v % 3] += probabilities[v] / static_cast<double>(kSide * kSide * kSide);
      const size_t voxel = v / 3, x = voxel / (kSide * kSide), y = voxel / kSide % kSide, z = voxel % kSide;
      if (x % 8 == 0 && y % 8 == 0 && z % 8 == 0) sampled.push_back(probabilities[v]);
    }
    golden.check_close(from_host(ctx, {1, 8, 8, 8, 3}, DType::f64, std::span<const double>(sampled)),
                       "output_every_8th", tolerance.tensor);
    golden.check_close(from_host(ctx, {3}, DType::f64, std::span<const double>(mean)), "output_mean_f64",
                       tolerance.scalar);
    std::vector<std::pair<double, std::string>> errors;
    for (const auto& p : model->parameters()) {
      const double expected = golden.file().at("grad_norm_f64." + p->name + "_f64").to_f64().at(0);
      errors.emplace_back(std::abs(norm(p->gradient) / expected - 1), p->name);
    }
    // Norms are stored in f64.
    check_gradients(std::move(errors), dtype == DType::f64 ? Tolerances{1, 1, 1e-9, 1e-9, 1} : tolerance);
  }
}
