// Tests the instructions of a warp (kernels/cuda/mma.h) in the simulator: against products of whole matrices, with the
// layout of fragments as the PTX ISA states it, and that they catch a lane that does not take part.
#include "kernels/cuda/mma.h"

#include <random>
#include <vector>

#include "tests/cusim/cusim.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::cuda;
using Catch::Matchers::ContainsSubstring;

namespace {

// Where element i of a lane's fragment lies, in the words of the PTX ISA, "Matrix Fragments for mma.m16n8k8" (.tf32)
// and "for mma.m16n8k16" (.bf16).
struct Place {
  unsigned row, column;
};
template <class T>
Place place_in_a(unsigned lane, unsigned i) {
  const unsigned group = lane >> 2, thread_in_group = lane % 4;
  if (std::is_same_v<T, float>)
    return {i == 0 || i == 2 ? group : group + 8, i < 2 ? thread_in_group : thread_in_group + 4};
  return {i < 2 || (4 <= i && i < 6) ? group : group + 8, thread_in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
}
template <class T>
Place place_in_b(unsigned lane, unsigned i) {
  const unsigned group = lane >> 2, thread_in_group = lane % 4;
  if (std::is_same_v<T, float>) return {i == 0 ? thread_in_group : thread_in_group + 4, group};
  return {thread_in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0), group};
}
Place place_in_c(unsigned lane, unsigned i) {
  return {i < 2 ? lane >> 2 : (lane >> 2) + 8, lane % 4 * 2 + (i & 1)};
}

// Returns word `at` of a fragment whose element i has the value element(i).
template <class T, class F>
uint32_t word(unsigned at, F element) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(element(at));
  } else {
    const auto half = [&](unsigned i) { return uint32_t{std::bit_cast<uint16_t>(bfloat16(element(i)))}; };
    return half(2 * at) | half(2 * at + 1) << 16;
  }
}

struct Matrix {
  unsigned rows, columns;
  std::vector<float> values = std::vector<float>(size_t{rows} * columns);
  float& operator[](const Place& p) { return values[size_t{p.row} * columns + p.column]; }
};

// Returns whole numbers, which TF32 and bf16 hold, and whose sums of products f32 holds.
Matrix whole_numbers(unsigned rows, unsigned columns, unsigned seed) {
  Matrix m{rows, columns};
  std::mt19937 random(seed);
  for (float& v : m.values) v = static_cast<float>(static_cast<int>(random() % 41) - 20);
  return m;
}

// Sets C (16 M, 8 N) += A (16 M, K) B (K, 8 N) by one warp.
template <class T, int M, int N>
void multiply(Matrix& a, Matrix& b, Matrix& c) {
  FragmentA fa[M];
  FragmentB fb[N];
  FragmentC fc[M][N];
  const unsigned lane = threadIdx.x;
  const auto moved = [](Place p, int rows, int columns) {
    return Place{p.row + static_cast<unsigned>(rows), p.column + static_cast<unsigned>(columns)};
  };
  const auto for_each_sum = [&](auto f) {
    for (int m = 0; m < M; ++m) {
      for (int n = 0; n < N; ++n) {
        for (unsigned i = 0; i < 4; ++i) f(c[moved(place_in_c(lane, i), 16 * m, 8 * n)], fc[m][n].sums[i]);
      }
    }
  };
  for (int m = 0; m < M; ++m) {
    for (unsigned w = 0; w < 4; ++w)
      fa[m].words[w] = word<T>(w, [&](unsigned i) { return a[moved(place_in_a<T>(lane, i), 16 * m, 0)]; });
  }
  for (int n = 0; n < N; ++n) {
    for (unsigned w = 0; w < 2; ++w)
      fb[n].words[w] = word<T>(w, [&](unsigned i) { return b[moved(place_in_b<T>(lane, i), 0, 8 * n)]; });
  }
  for_each_sum([](float value, float& sum) { sum = value; });
  multiply_add<T>(fc, fa, fb);
  for_each_sum([](float& value, float sum) { value = sum; });
}

template <class T, int M, int N>
void check_product() {
  constexpr unsigned K = kMmaBytes / sizeof(T);
  Matrix a = whole_numbers(16 * M, K, 1), b = whole_numbers(K, 8 * N, 2), c = whole_numbers(16 * M, 8 * N, 3);
  Matrix expected = c;
  for (unsigned row = 0; row < c.rows; ++row) {
    for (unsigned column = 0; column < c.columns; ++column) {
      for (unsigned k = 0; k < K; ++k) expected[{row, column}] += a[{row, k}] * b[{k, column}];
    }
  }
  cusim::launch(dim3(1), dim3(32), [&] { multiply<T, M, N>(a, b, c); });
  CHECK(c.values == expected.values);
}

// Sums 8 products of a and 1 in every lane of as many warps as the block has.
float sum_of_eight(float a, unsigned missing_lane = 32) {
  float sum = 0;
  const auto kernel = [&] {
    if (threadIdx.x == missing_lane) return;
    const uint32_t one = std::bit_cast<uint32_t>(1.0f), word_a = std::bit_cast<uint32_t>(a);
    const FragmentA fa[1] = {{{word_a, word_a, word_a, word_a}}};
    const FragmentB fb[1] = {{{one, one}}};
    FragmentC fc[1][1] = {};
    for (unsigned i = 0; i <= threadIdx.y; ++i) multiply_add<float>(fc, fa, fb);  // the warps differ
    if (threadIdx.x == 5 && threadIdx.y == 0) sum = fc[0][0].sums[0];
  };
  cusim::launch(dim3(1), dim3(32, 2), kernel);
  return sum;
}

}  // namespace

TEST_CASE("a warp's products are those of its matrices, whatever the order of their threads", "[cusim]") {
  for (const cusim::Order order : {cusim::Order::forward, cusim::Order::reverse, cusim::Order::shuffled}) {
    cusim::set_order(order);
    check_product<float, 1, 1>();
    check_product<bfloat16, 1, 1>();
    check_product<float, 2, 3>();
    check_product<bfloat16, 4, 4>();
  }
  cusim::set_order(cusim::Order::forward);
}

TEST_CASE("products of f32 are in TF32: what is not rounded to it before loses bits", "[cusim]") {
  constexpr float kTie = 1 + 1.0f / (1 << 11);  // half-way between 1 and the next TF32
  CHECK(sum_of_eight(kTie) == 8);
  CHECK(round_to_tf32(kTie) == 1 + 1.0f / (1 << 10));
  CHECK(round_to_tf32(-kTie) == -1 - 1.0f / (1 << 10));
  CHECK(round_to_tf32(1 + 1.0f / (1 << 12)) == 1);
  CHECK(round_to_tf32(2 - 1.0f / (1 << 20)) == 2);
  CHECK(sum_of_eight(round_to_tf32(kTie)) == 8 + 8.0f / (1 << 10));
  // Memory that nothing has written stays NaN.
  CHECK(std::isnan(round_to_tf32(std::bit_cast<float>(0xffffffffu))));
  CHECK(std::isnan(sum_of_eight(std::bit_cast<float>(0xffffffffu))));
}

TEST_CASE("matrices are loaded transposed: each lane gets two rows of its column", "[cusim]") {
  std::vector<bfloat16> rows(4 * 8 * 8);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = bfloat16(static_cast<float>(i));  // exact up to 256
  std::vector<uint32_t> got(32 * 4), expected(32 * 4);
  cusim::launch(dim3(1), dim3(32), [&] {
    uint32_t words[4];
    load_transposed(words, rows.data() + size_t{threadIdx.x} * 8);
    for (unsigned i = 0; i < 4; ++i) got[threadIdx.x * 4 + i] = words[i];
  });
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned first = i * 64 + lane % 4 * 2 * 8 + lane / 4;
      expected[lane * 4 + i] = word<bfloat16>(0, [&](unsigned half) { return static_cast<float>(first + half * 8); });
    }
  }
  CHECK(got == expected);
}

TEST_CASE("the simulator catches a warp that is not whole", "[cusim]") {
  CHECK_THROWS_WITH(sum_of_eight(1, 31),
                    ContainsSubstring("not all 32 lanes of a warp take part at ") && ContainsSubstring("mma_test.cpp"));
  CHECK_THROWS_WITH(sum_of_eight(1, 0), ContainsSubstring("not all 32 lanes"));
  CHECK(sum_of_eight(1) == 8);  // the next launch is not affected
  const auto lanes_differ = [] {
    const FragmentA a[1] = {};
    const FragmentB b[1] = {};
    FragmentC c[1][1] = {};
    if (threadIdx.x < 16) {
      multiply_add<float>(c, a, b);
    } else {
      multiply_add<float>(c, a, b);
    }
  };
  CHECK_THROWS_WITH(cusim::launch(dim3(1), dim3(32), lanes_differ), ContainsSubstring("not all 32 lanes"));
  const auto some_at_barrier = [] {
    const FragmentA a[1] = {};
    const FragmentB b[1] = {};
    FragmentC c[1][1] = {};
    if (threadIdx.x == 3) __syncthreads();
    multiply_add<float>(c, a, b);
  };
  CHECK_THROWS_WITH(cusim::launch(dim3(1), dim3(32), some_at_barrier), ContainsSubstring("not all 32 lanes"));
  CHECK_THROWS_WITH(cusim::launch(dim3(1), dim3(24), lanes_differ), ContainsSubstring("not all 32 lanes"));
}

// It is hidden, because ThreadSanitizer ends the process (tests/cusim/CMakeLists.txt).
TEST_CASE("flaw: a warp's products taken for a barrier", "[.flaw]") {
  std::vector<float> read(32);
  cusim::launch(dim3(1), dim3(32), [&] {
    REVUNET_SHARED(float, shared, 32);
    const FragmentA a[1] = {};
    const FragmentB b[1] = {};
    FragmentC c[1][1] = {};
    shared[threadIdx.x] = 1;
    multiply_add<float>(c, a, b);
    read[threadIdx.x] = shared[31 - threadIdx.x];
  });
}
