// Tests on a CUDA device that samples keep their values on their way to it, beside the work of the step before.
#include "models/sample_upload.h"

#include "tests/cuda/test_device.h"

using namespace revunet;

TEST_CASE("samples that are copied beside a CUDA device's work have the values that the host gave", "[cuda]") {
  if (!test::has_cuda_device()) return;
  Device device = cuda::make_device(0);
  const Context ctx{device};
  constexpr int64_t kEdge = 32, kVoxels = kEdge * kEdge * kEdge;
  // Every voxel of sample n has its own value.
  std::vector<std::vector<float>> images;
  for (int64_t n = 0; n < 4; ++n) {
    std::vector<float>& image = images.emplace_back(4 * kVoxels);
    for (int64_t i = 0; i < 4 * kVoxels; ++i) image[static_cast<size_t>(i)] = static_cast<float>(4 * i + n);
  }
  const std::vector<uint8_t> labels(kVoxels, 4);
  const auto sample = [&](size_t n) { return HostSample{{kEdge, kEdge, kEdge}, images[n], labels}; };
  SampleUpload upload(device, UNetConfig{}, DType::f32);
  std::vector<Tensor> seen;
  for (size_t n = 0; n < images.size(); ++n) {
    const auto number = static_cast<int64_t>(n);
    upload.expect(number);
    const DeviceSample taken = upload.take(ctx, sample(n), number);
    if (n + 1 < images.size()) upload.fill(number + 1, sample(n + 1));
    upload.begin_next(ctx, number + 1);
    for (int i = 0; i < 20; ++i) clone(ctx, taken.image);  // is work that the copy runs beside
    seen.push_back(clone(ctx, taken.image));
    CHECK(to_host_f64(taken.labels) == std::vector<double>(kVoxels, 4));
    CHECK(upload.waited().has_value() == (n > 0));
  }
  for (size_t n = 0; n < images.size(); ++n) CHECK(to_host_f32(seen[n]) == images[n]);
}
