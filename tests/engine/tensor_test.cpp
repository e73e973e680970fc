#include "engine/tensor.h"

#include <limits>

#include "tests/support/catch.h"

using namespace revunet;

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
