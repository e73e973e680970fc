#include "models/training/round_exchange.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "engine/distributed/agreement.h"
#include "engine/error.h"

namespace revunet {

namespace {

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

// The text holds the number of regions, Dice and whether there is a score of each region, and labels where they are
// drawn.
std::string packed(const ScoredCase& c, bool with_labels) {
  std::string text;
  const auto add = [&](const void* bytes, size_t size) { text.append(static_cast<const char*>(bytes), size); };
  const size_t regions = c.dice.size();
  add(&regions, sizeof(regions));
  add(c.dice.data(), regions * sizeof(double));
  for (const std::optional<double>& score : c.scores) text += score ? '1' : '0';
  if (with_labels) add(c.labels.data(), c.labels.size());
  return text;
}

ScoredCase unpacked(const std::string& text) {
  ScoredCase c;
  size_t regions = 0, at = sizeof(regions);
  REVUNET_EXPECTS(text.size() >= at, Error, "[validation] expected the scores of another process, got {} bytes",
                  text.size());
  std::memcpy(&regions, text.data(), sizeof(regions));
  c.dice.resize(regions);
  std::memcpy(c.dice.data(), text.data() + at, regions * sizeof(double));
  at += regions * sizeof(double);
  for (size_t r = 0; r < regions; ++r, ++at) {
    c.scores.push_back(text.at(at) == '1' ? std::optional(c.dice[r]) : std::nullopt);
  }
  c.labels.assign(text.begin() + static_cast<std::ptrdiff_t>(at), text.end());
  return c;
}

}  // namespace

std::vector<RegionValues> exchange_losses(Communicator* processes, int64_t count, std::span<const double> own) {
  if (!processes) return {RegionValues(own.begin(), own.end())};
  const std::vector<std::string> texts =
      processes->gather(std::string(reinterpret_cast<const char*>(own.data()), own.size_bytes()));
  std::vector<RegionValues> losses(static_cast<size_t>(count));
  bool failed = false;
  for (size_t rank = 0; rank < losses.size(); ++rank) {
    losses[rank].resize(texts.at(rank).size() / sizeof(double));
    std::memcpy(losses[rank].data(), texts[rank].data(), losses[rank].size() * sizeof(double));
    failed = failed || !all_finite(losses[rank]);
  }
  if (failed && all_finite(own)) agree(processes, [] {});  // another says which tensor is not finite
  return losses;
}

std::vector<ScoredCase> exchange_scores(Communicator* processes, int64_t first, int64_t end, ScoredCase* own,
                                        bool with_labels) {
  std::vector<ScoredCase> cases;
  if (!processes) {
    cases.push_back(std::move(*own));
    return cases;
  }
  const std::vector<std::string> texts = processes->gather(own ? packed(*own, with_labels) : "");
  for (int64_t number = first; number < end; ++number) {
    const auto rank = static_cast<size_t>(number % std::ssize(texts));
    cases.push_back(static_cast<int>(rank) == processes->rank() ? std::move(*own) : unpacked(texts[rank]));
  }
  return cases;
}

}  // namespace revunet
