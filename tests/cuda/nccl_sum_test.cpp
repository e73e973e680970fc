// Tests NCCL's calls as they are made, with the one process that a test is.
#include "engine/cuda/nccl_communicator.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("a sum over one CUDA device has the values that were given, and those of nobody are zero", "[cuda]") {
  if (!has_cuda_device()) return;
  ChosenDevice device;
  const Context ctx{device.get()};
  const auto process = sole_process();
  const auto sums = cuda::make_nccl_communicator(*process, device.get());
  CHECK(sums->gather("text") == std::vector<std::string>{"text"});
  const auto span_of = [](Tensor& x) { return std::span(x.data<float>(), static_cast<size_t>(x.elements())); };
  const std::vector<float> first = {1.5f, -2, 3}, second(100'000, 0.1f);
  for (const int contributors : {1, 0}) {
    Tensor a = from_host(ctx, {3}, DType::f32, std::span<const float>(first)),
           b = from_host(ctx, {100'000}, DType::f32, std::span<const float>(second)),
           staging(ctx, {100'003}, DType::f32);
    auto sum = sums->begin_sum({span_of(a), span_of(b)}, span_of(staging), contributors);
    sums->wait(sum);
    const auto expected = [&](std::vector<float> values) {
      if (contributors == 0) std::ranges::fill(values, 0.0f);
      return values;
    };
    CHECK(to_host_f32(a) == expected(first));
    CHECK(to_host_f32(b) == expected(second));
  }
}
