// Tests the simulator itself: what it runs, and the faults that it must catch.

#include "tests/cusim/cusim.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

namespace {

// Sums 64 values as a tree in shared memory. Each flaw is one that a kernel may have.
enum class Flaw { none, missing_barrier, unwritten, divergent, shared_overrun, global_overrun };

void tree_sum(const float* x, float* sum, Flaw flaw) {
  REVUNET_SHARED(float, shared, 64);
  const unsigned t = threadIdx.x;
  if (flaw != Flaw::unwritten || t != 7) shared[t] = x[t];
  if (flaw == Flaw::divergent && t >= 60) return;
  if (flaw != Flaw::missing_barrier) __syncthreads();
  for (unsigned half = 32; half > 0; half /= 2) {
    if (t < half) shared[t] += shared[t + half];
    if (flaw != Flaw::missing_barrier || half != 32) __syncthreads();
  }
  if (flaw == Flaw::shared_overrun && t == 63) shared[t + 1] = 0;
  if (t == 0) *sum = shared[0] + (flaw == Flaw::global_overrun ? x[64] : 0.0f);
}

float run(Flaw flaw, cusim::Order order = cusim::Order::forward) {
  std::vector<float> x(64);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  float sum = 0;
  cusim::set_order(order);
  cusim::launch(dim3(1), dim3(64), [&] { tree_sum(x.data(), &sum, flaw); });
  cusim::set_order(cusim::Order::forward);
  return sum;
}

}  // namespace

TEST_CASE("the simulator runs threads to their barriers, in any order", "[cusim]") {
  for (const cusim::Order order : {cusim::Order::forward, cusim::Order::reverse, cusim::Order::shuffled}) {
    CHECK(run(Flaw::none, order) == 2016);  // 63 * 64 / 2
  }
  std::vector<int> seen(3 * 4 * 5 * 6);
  cusim::launch(dim3(3, 4), dim3(5, 6), [&] {
    const unsigned block = blockIdx.y * gridDim.x + blockIdx.x, thread = threadIdx.y * blockDim.x + threadIdx.x;
    ++seen[block * 30 + thread];
  });
  CHECK(seen == std::vector<int>(seen.size(), 1));
}

TEST_CASE("the simulator catches what kernels get wrong", "[cusim]") {
  CHECK(std::isnan(run(Flaw::unwritten)));
  // The error names the barrier that others wait at.
  CHECK_THROWS_WITH(run(Flaw::divergent),
                    ContainsSubstring("a thread has ended while others wait") && ContainsSubstring("simulator_test.cpp"));
  CHECK(run(Flaw::none) == 2016);  // the next launch is not affected
  // Without its barrier the first thread reads what later ones have yet to write. ThreadSanitizer reports it in any
  // order.
  CHECK(run(Flaw::missing_barrier, cusim::Order::forward) != 2016);
  CHECK_THROWS_WITH(cusim::launch(dim3(1), dim3(2048), [] {}), ContainsSubstring("invalid launch"));
}

// These cases are hidden, because a sanitizer ends the process. tests/cusim/CMakeLists.txt runs them where it must do
// so.
TEST_CASE("flaw: missing barrier", "[.flaw]") {
  run(Flaw::missing_barrier, cusim::Order::forward);
}
TEST_CASE("flaw: missing barrier, threads in reverse", "[.flaw]") {
  run(Flaw::missing_barrier, cusim::Order::reverse);
}
TEST_CASE("flaw: shared overrun", "[.flaw]") {
  run(Flaw::shared_overrun);
}
TEST_CASE("flaw: global overrun", "[.flaw]") {
  run(Flaw::global_overrun);
}
