// Tests that samples which other threads write reach the device in their order, on a device whose memory is the host's.
#include "models/sample_upload.h"

#include <future>

#include "models/training/samples/read_ahead.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::array<int64_t, 3> kSize = {2, 2, 2};

Device device_ahead() {
  return Device(std::make_unique<HostResource>(), {.channel_bytes = 16, .samples_ahead = true});
}

struct Values {
  explicit Values(int64_t n) : image(32, static_cast<float>(n)), labels(8, 1) {}
  HostSample sample() const { return {kSize, image, labels}; }
  std::vector<float> image;
  std::vector<uint8_t> labels;
};

}  // namespace

TEST_CASE("samples that threads fill are taken in their order, from the number at which a run goes on") {
  const int64_t first = GENERATE(0, 7), threads = GENERATE(1, 3);
  Device device = device_ahead();
  const Context ctx{device};
  SampleUpload upload(device, UNetConfig{}, DType::f32);
  ReadAhead<int64_t> ahead(
      [&](int64_t n) {
        upload.fill(n, Values(n).sample());
        return n;
      },
      threads);
  struct Closing {
    SampleUpload& upload;
    ~Closing() { upload.close(); }  // before `ahead` waits for its threads
  } closing{upload};
  const Values unfilled(-1);
  for (int64_t n = first; n < first + 20; ++n) {
    upload.expect(n);
    ahead.get(n, first + 20);
    const DeviceSample seen = upload.take(ctx, n == first ? Values(n).sample() : unfilled.sample(), n);
    upload.begin_next(ctx, n + 1);
    CHECK(to_host_f32(seen.image) == std::vector<float>(32, static_cast<float>(n)));
    CHECK(upload.waited().has_value() == (n != first));
  }
}

TEST_CASE("a thread that waits for its buffer ends when nobody will take samples any more") {
  Device device = device_ahead();
  SampleUpload upload(device, UNetConfig{}, DType::f32);
  const Values values(3);
  auto waiting = std::async(std::launch::async, [&] { upload.fill(3, values.sample()); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  upload.close();
  waiting.get();
}

TEST_CASE("a sample of another size than the first is refused") {
  Device device = device_ahead();
  SampleUpload upload(device, UNetConfig{}, DType::f32);
  const Values values(0);
  upload.take({device}, values.sample(), 0);
  const HostSample other{{4, 2, 1}, values.image, values.labels};
  CHECK_THROWS_WITH(upload.take({device}, other, 1),
                    ContainsSubstring("expected samples that are all alike, as the first one, f32 (1, 2, 2, 2, 4)"));
}
