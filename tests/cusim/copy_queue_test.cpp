// Tests what is copied to a CUDA device beside its other work. Streams are held in turn, so that each runs as late as
// CUDA allows, and a wait that is missing shows in the values.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/event.h"
#include "models/sample_upload.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/held_streams.h"
#include "tests/support/catch.h"

using namespace revunet;
using test::Held;
using test::HeldStreams;

namespace {

constexpr std::array<int64_t, 3> kSize = {3, 2, 2};
constexpr int64_t kVoxels = 12, kChannels = 4;

// Sample n has the voxel values 100 n + index, which bf16 holds exactly up to 256, and one label everywhere.
struct Values {
  explicit Values(int64_t n) : image(kVoxels * kChannels), labels(kVoxels, n % 2 == 0 ? 4 : 2) {
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(50 * n + static_cast<int64_t>(i));
  }
  HostSample sample(bool warped) const {
    HostSample s{kSize, image, labels};
    if (warped) s.window = SampleWindow{.warp = {}, .low = {}, .size = kSize};
    return s;
  }
  std::vector<float> image;
  std::vector<uint8_t> labels;
};

}  // namespace

TEST_CASE("a stream that is held runs when something waits for it, and not before", "[cusim]") {
  const HeldStreams held(Held::second);
  Device device = cuda::make_device(0);
  auto queue = device.memory().make_copy_queue(1, sizeof(float));
  const Context ctx{device};
  Tensor x = from_host(ctx, {1}, DType::f32, std::vector<float>{1}), before(ctx, {1}, DType::f32),
         after(ctx, {1}, DType::f32);
  *reinterpret_cast<float*>(queue->buffer(0).data()) = 2;
  queue->copy(x.address(), 0, 0, sizeof(float));
  copy(x, before);  // nothing makes it wait
  queue->join();
  copy(x, after);
  CHECK(to_host_f64(before) == std::vector<double>{1});
  CHECK(to_host_f64(after) == std::vector<double>{2});
}

TEST_CASE("samples come to the device beside its work with the values that they have, whichever stream is late",
          "[cusim]") {
#if defined(__SANITIZE_ADDRESS__)
  // The allocator marks what is freed. Work that is held back may still use that, as CUDA allows in a stream's order.
  WARN("skipped under sanitizers, which would report memory that is freed in stream order: the device's stream held");
  const Held held = GENERATE(Held::none, Held::second);
#else
  const Held held = GENERATE(Held::none, Held::compute, Held::second, Held::both);
#endif
  const bool warped = GENERATE(false, true), filled = GENERATE(false, true);
  const DType type = GENERATE(DType::f32, DType::bf16);
  CAPTURE(held, warped, filled, type);
  {
    const HeldStreams streams(held);
    Device device = cuda::make_device(0);
    const Context ctx{device};
    constexpr int64_t kSamples = 5;
    std::vector<Tensor> images, labels;
    {
      SampleUpload upload(device, UNetConfig{}, type);
      for (int64_t n = 0; n < kSamples; ++n) {
        const Values values(n), next(n + 1);
        upload.expect(n);
        const DeviceSample seen = upload.take(ctx, values.sample(warped), n);
        images.push_back(clone(ctx, seen.image));  // is forward
        labels.push_back(clone(ctx, seen.labels));
        if (filled) upload.fill(n + 1, next.sample(warped));
        upload.begin_next(ctx, n + 1);
        images.back() = clone(ctx, seen.image);  // is backward
      }
    }
    for (int64_t n = 0; n < kSamples; ++n) {
      CAPTURE(n);
      const Values expected(n);
      CHECK(to_host_f32(images[static_cast<size_t>(n)]) == expected.image);
      CHECK(to_host_f64(labels[static_cast<size_t>(n)]) == std::vector<double>(kVoxels, n % 2 == 0 ? 4 : 2));
    }
  }
  CHECK(cusim::live_objects() == 0);
}

TEST_CASE("the time without work is counted from the end of the work before to the beginning of what needs the sample",
          "[cusim]") {
  Device device = cuda::make_device(0);
  auto queue = device.memory().make_copy_queue(1, 1);
  CHECK(queue->waited() == std::nullopt);
  queue->join();
  CHECK(queue->waited() == std::nullopt);
  queue->expect();
  cusim::pass_time(40);
  queue->join();
  CHECK_THAT(queue->waited().value(), Catch::Matchers::WithinAbs(0.041, 1e-9));  // recording takes 1 ms there
}
