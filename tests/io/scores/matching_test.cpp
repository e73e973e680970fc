// Tests matchings of the largest weight against all matchings there are.
#include "io/scores/matching.h"

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using revunet::test::near;

namespace {

double weight_of(const std::vector<WeightedPair>& pairs) {
  double sum = 0;
  for (const WeightedPair& p : pairs) sum += p.weight;
  return sum;
}

// Tries every subset of the pairs from `first` on in which no element occurs twice.
double largest_weight(const std::vector<WeightedPair>& pairs, size_t first, std::set<int32_t> lefts,
                      std::set<int32_t> rights) {
  if (first == pairs.size()) return 0;
  const WeightedPair& p = pairs[first];
  const double without = largest_weight(pairs, first + 1, lefts, rights);
  if (!lefts.insert(p.left).second || !rights.insert(p.right).second) return without;
  return std::max(without, p.weight + largest_weight(pairs, first + 1, std::move(lefts), std::move(rights)));
}

}  // namespace

TEST_CASE("a matching takes the pairs that weigh most together, not the heaviest first", "[lesions]") {
  // 0 and 0 weigh most, but 0 with 1 and 1 with 0 weigh more together. 5 and 7 are connected to nothing else.
  const std::vector<WeightedPair> got = heaviest_matching({{0, 0, 0.9}, {0, 1, 0.6}, {1, 0, 0.5}, {5, 7, 0.1}});
  REQUIRE(got.size() == 3);
  CHECK((got[0].left == 0 && got[0].right == 1));
  CHECK((got[1].left == 1 && got[1].right == 0));
  CHECK((got[2].left == 5 && got[2].right == 7));
  CHECK(heaviest_matching({}).empty());
}

TEST_CASE("no matching of random pairs weighs more, and no element is matched twice", "[lesions]") {
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    const auto left = static_cast<int32_t>(1 + random() % 5), right = static_cast<int32_t>(1 + random() % 5);
    std::vector<WeightedPair> pairs;
    for (int32_t l = 0; l < left; ++l) {
      for (int32_t r = 0; r < right; ++r) {
        if (random() % 100 < 55) {
          pairs.push_back({l, r, 0.001 * static_cast<double>(1 + random() % 1000)});
        }
      }
    }
    const std::vector<WeightedPair> got = heaviest_matching(pairs);
    std::set<int32_t> lefts, rights;
    for (const WeightedPair& p : got) CHECK((lefts.insert(p.left).second && rights.insert(p.right).second));
    CHECK(weight_of(got) == near(largest_weight(pairs, 0, {}, {}), 1e-12));
  }
}
