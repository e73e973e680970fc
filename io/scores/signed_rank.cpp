#include "io/scores/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace revunet::io {
namespace {

constexpr size_t most_exact = 50, most_exact_with_ties = 13;  // differences

struct Ranks {
  std::vector<int64_t> doubled;       // of each difference that is not 0, two times its rank, which is then whole
  double positive = 0, negative = 0;  // sums of ranks
  double ties = 0;                    // sum over ties of t^3 - t, for the variance
};

Ranks ranks_of(std::vector<double> differences) {
  std::erase(differences, 0.0);
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  Ranks ranks;
  for (size_t first = 0, end = 0; first < differences.size(); first = end) {
    while (end < differences.size() && std::abs(differences[end]) == std::abs(differences[first])) ++end;
    const auto doubled = static_cast<int64_t>(first + 1 + end);  // ranks first + 1 to end, of which this is the mean
    for (size_t i = first; i < end; ++i) {
      ranks.doubled.push_back(doubled);
      (differences[i] > 0 ? ranks.positive : ranks.negative) += static_cast<double>(doubled) / 2;
    }
    const auto tied = static_cast<double>(end - first);
    ranks.ties += tied * tied * tied - tied;
  }
  return ranks;
}

// Returns the chance of a sum of positive ranks as small as `statistic`, where each sign is as likely as the other:
// counts of subsets by their sum, rank after rank.
double exact_tail(const std::vector<int64_t>& doubled, double statistic) {
  const int64_t total = std::accumulate(doubled.begin(), doubled.end(), int64_t{0});
  std::vector<double> chance(static_cast<size_t>(total) + 1);  // of each doubled sum
  chance[0] = 1;
  for (const int64_t rank : doubled) {
    for (int64_t sum = total; sum >= 0; --sum) {
      const double with = sum >= rank ? chance[static_cast<size_t>(sum - rank)] : 0;
      chance[static_cast<size_t>(sum)] = (chance[static_cast<size_t>(sum)] + with) / 2;
    }
  }
  const auto last = static_cast<int64_t>(2 * statistic);
  return std::accumulate(chance.begin(), chance.begin() + last + 1, 0.0);
}

double normal_p(const Ranks& ranks) {
  const auto n = static_cast<double>(ranks.doubled.size());
  const double mean = n * (n + 1) / 4, variance = (n * (n + 1) * (2 * n + 1) - ranks.ties / 2) / 24;
  return std::erfc(std::abs(ranks.positive - mean) / std::sqrt(variance) / std::numbers::sqrt2);
}

}  // namespace

SignedRank signed_rank_test(const std::vector<double>& differences) {
  const Ranks ranks = ranks_of(differences);
  if (ranks.doubled.empty()) return {};
  const bool plain = ranks.ties == 0 && ranks.doubled.size() == differences.size();
  SignedRank result{.statistic = std::min(ranks.positive, ranks.negative)};
  result.exact = differences.size() <= (plain ? most_exact : most_exact_with_ties);
  result.p = result.exact ? std::min(1.0, 2 * exact_tail(ranks.doubled, result.statistic)) : normal_p(ranks);
  return result;
}

}  // namespace revunet::io
