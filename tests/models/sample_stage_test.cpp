// Tests what a step takes of a sample: all of its labels, and those of a window that is warped.
#include "models/sample_stage.h"
#include "kernels/warp_planes/warp_planes.h"
#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("a sample on the device has its labels, within the window and where the warp moves them") {
  const DType type = GENERATE(DType::f32, DType::bf16);
  Device device;
  const std::vector<uint8_t> labels = {0, 1, 2, 4, /* x = 1 */ 4, 2, 1, 0, /* x = 2 */ 2, 2, 0, 4, /* x = 3 */ 1,
                                       1, 4, 0};
  const std::vector<float> image(labels.size() * 4);
  HostSample sample{.size = {4, 2, 2}, .image = image, .labels = labels};
  const auto seen = [&] { return to_device({device}, sample, UNetConfig{}, type).labels; };

  CHECK(seen().spec() == TensorSpec{{1, 4, 2, 2, 1}, DType::u8});
  CHECK(to_host_f64(seen()) == std::vector<double>{0, 1, 2, 4, 4, 2, 1, 0, 2, 2, 0, 4, 1, 1, 4, 0});
  // The window begins at (1, 0, 1) of the mirrored volume, so it has x = 2 and x = 1 at z = 1: labels 2, 4, 2 and 0.
  sample.window = {.warp = {}, .low = {1, 0, 1}, .size = {2, 2, 1}};
  sample.window->warp.flip[0] = true;
  CHECK(seen().spec() == TensorSpec{{1, 2, 2, 1, 1}, DType::u8});
  CHECK(to_host_f64(seen()) == std::vector<double>{2, 4, 2, 0});
}
