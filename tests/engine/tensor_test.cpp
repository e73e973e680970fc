#include "engine/tensor.h"

#include <limits>
#include <numeric>

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("labels are bytes: they come and go as they are, and nothing is computed with them") {
  Device device;
  const Context ctx{device};
  const std::vector<uint8_t> labels = {0, 1, 2, 4, 255, 0};
  const Tensor x = from_host(ctx, {{1, 1, 2, 3, 1}, DType::u8}, labels);
  CHECK(x.stored_bytes() == 6);
  CHECK(to_host_f32(x) == std::vector<float>(labels.begin(), labels.end()));
  CHECK(to_host_f32(from_host(ctx, {6}, DType::u8, std::vector<double>{0, 1, 2, 4, 255, 0})) == to_host_f32(x));
  for (const double bad : {-1.0, 0.5, 256.0, std::nan("")}) {
    CHECK_THROWS_WITH(from_host(ctx, {1}, DType::u8, std::vector<double>{bad}),
                      Catch::Matchers::ContainsSubstring("expected whole numbers in 0..255 for u8"));
  }
  CHECK_THROWS_AS(squared_norm(x), Error);
}

TEST_CASE("copies share memory, clones do not, and the last owner frees it") {
  Device device;
  const Context ctx{device};
  const std::vector<double> values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  Tensor x = from_host(ctx, {3, 4}, DType::f64, values);
  CHECK(x.unique());
  Tensor same = x, copied = clone(ctx, x);
  CHECK_FALSE(x.unique());
  same.data<double>()[4] = 40;
  CHECK(x.data<double>()[4] == 40);
  CHECK(copied.data<double>()[4] == 4);
  x = Tensor();
  CHECK(device.allocator().stats().requested == 2 * 12 * sizeof(double));
  CHECK(same.data<double>()[4] == 40);
  same = copied = Tensor();
  CHECK(device.allocator().stats().allocated == 0);
}

TEST_CASE("planes of a tensor are its memory, with the padding of its channels") {
  Device device(std::make_unique<HostResource>(), {.channel_bytes = 16});
  const Context ctx{device};
  std::vector<double> values(4 * 2 * 3 * 5);  // 5 channels are padded to 8
  std::iota(values.begin(), values.end(), 0.0);
  Tensor x = from_host(ctx, {{1, 4, 2, 3, 5}, DType::f32, Layout::activation}, values);
  const Tensor middle = x.planes(1, 2);
  CHECK(middle.shape() == Shape{1, 2, 2, 3, 5});
  CHECK(middle.channel_stride() == 8);
  CHECK(to_host_f64(middle) == std::vector<double>(values.begin() + 30, values.begin() + 90));
  Tensor last = middle.planes(1, 1);
  fill_zero(last);
  std::fill(values.begin() + 60, values.begin() + 90, 0.0);
  CHECK(to_host_f64(x) == values);
  CHECK_FALSE(x.unique());
  CHECK_THROWS_AS(x.planes(3, 2), Error);
  CHECK_THROWS_AS(x.planes(-1, 2), Error);
  CHECK_THROWS_AS(Tensor(ctx, {{2, 4, 2, 3, 5}, DType::f32, Layout::activation}).planes(0, 1), Error);  // two images
}

TEST_CASE("a wrong type, shape or range is an error that says so") {
  Device device;
  const Context ctx{device};
  Tensor x(ctx, {2, 3}, DType::f32);
  CHECK_THROWS_WITH(x.data<double>(), Catch::Matchers::ContainsSubstring("expected f64") &&
                                          Catch::Matchers::ContainsSubstring("got f32"));
  CHECK_THROWS_WITH(Tensor().data<float>(), Catch::Matchers::ContainsSubstring("undefined"));
  CHECK_THROWS_WITH((Shape{1, 0}), Catch::Matchers::ContainsSubstring("positive"));
  CHECK_THROWS_WITH(activation({2, 3}), Catch::Matchers::ContainsSubstring("(N, D, H, W, C)"));
}

TEST_CASE("non-finite elements are counted") {
  Device device;
  const std::vector<float> values{1, std::numeric_limits<float>::infinity(), 3,
                                  std::numeric_limits<float>::quiet_NaN()};
  CHECK(count_non_finite(from_host(Context{device}, {4}, DType::f32, values)) == 2);
}

// The device pads to 16 bytes of channels: 4 in f32 and 8 in bf16.
TEST_CASE("whether channels are padded is said when a tensor is made, whatever its tag and rank") {
  Device device = Device::meta(kCudaLayout);
  const Shape shape{2, 3, 1, 2, 5};
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    const Context ctx = Context{device}.with_tag(static_cast<Tag>(tag));
    INFO(name_of(ctx.tag));
    const Tensor padded(ctx, {shape, DType::f32, Layout::activation});
    CHECK(padded.channel_stride() == 8);
    CHECK(padded.stored_elements() == 2 * 3 * 1 * 2 * 8);
    CHECK(padded.elements() == 2 * 3 * 1 * 2 * 5);
    CHECK(Tensor(ctx, {{1, 1, 1, 1, 9}, DType::bf16, Layout::activation}).channel_stride() == 16);
    CHECK(clone(ctx, padded).spec() == padded.spec());
    CHECK(clone(ctx, padded).channel_stride() == 8);
    const Tensor dense(ctx, shape, DType::f32);
    CHECK(dense.channel_stride() == 5);
    CHECK(dense.layout() == Layout::dense);
    CHECK(dense.spec() != padded.spec());
  }
  const Context ctx{device};
  CHECK(Tensor(ctx, {3, 5}, DType::f32).stored_elements() == 15);
  CHECK(Tensor(ctx, {}, DType::f32).stored_elements() == 1);
  CHECK_THROWS_WITH(Tensor(ctx, {{3, 5}, DType::f32, Layout::activation}),
                    Catch::Matchers::ContainsSubstring("(N, D, H, W, C)"));
  CHECK((TensorSpec{{1, 2, 2, 2, 3}, DType::bf16, Layout::activation}).to_string() ==
        "bf16 (1, 2, 2, 2, 3) activation");
}
