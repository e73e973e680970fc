// Tests what regions labels become: WT 1, 2, 4, TC 1, 4, ET 4.
#include "kernels/expand_regions/expand_regions.h"

#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("labels become WT, TC and ET, in every type") {
  Device device;
  const Context ctx{device};
  const std::vector<uint8_t> labels = {4, 0, 1, 2};
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    Tensor regions(ctx, {{1, 1, 2, 2, 3}, dtype, Layout::activation});
    expand_regions(ctx, from_host(ctx, {{1, 1, 2, 2, 1}, DType::u8}, labels), regions);
    CHECK(to_host_f32(regions) == std::vector<float>{1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0});
  }
}

TEST_CASE("regions of other labels than bytes, and of another number, are refused") {
  Device device;
  const Context ctx{device};
  const auto expand = [&](const TensorSpec& labels, const Shape& regions) {
    Tensor result(ctx, {regions, DType::f32, Layout::activation});
    expand_regions(ctx, zeros(ctx, labels), result);
  };
  CHECK_NOTHROW(expand({{1, 2, 2, 2, 1}, DType::u8}, {1, 2, 2, 2, 3}));
  CHECK_THROWS_WITH(
      expand({{1, 2, 2, 2, 1}, DType::f32}, {1, 2, 2, 2, 3}),
      ContainsSubstring("expected 3 regions and labels u8 (1, 2, 2, 2, 1), got") && ContainsSubstring("labels f32"));
  CHECK_THROWS_AS(expand({{1, 2, 2, 2, 1}, DType::u8}, {1, 2, 2, 2, 4}), Error);
  CHECK_THROWS_AS(expand({{1, 2, 2, 1, 1}, DType::u8}, {1, 2, 2, 2, 3}), Error);
}
