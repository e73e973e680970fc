// This file has times, and what is quoted of several of them. Rule: the median stands for a benchmark, minimum and
// maximum for its noise.
#pragma once

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

namespace revunet::bench {

using Json = nlohmann::ordered_json;

// A Cost is what running something took.
struct Cost {
  double seconds;      // wall-clock time
  double cpu_seconds;  // of all threads; steadier where others use the machine, but counts threads that wait spinning
};

// A CostClock runs from its construction.
class CostClock {
 public:
  Cost cost() const {
    const std::clock_t cpu_end = std::clock();
    return {std::chrono::duration<double>(Clock::now() - begin_).count(),
            static_cast<double>(cpu_end - cpu_begin_) / CLOCKS_PER_SEC};
  }
  // Returns the cost so far, and starts again.
  Cost lap() {
    const Cost cost = this->cost();
    *this = {};
    return cost;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
  std::clock_t cpu_begin_ = std::clock();
};

template <class F>
Cost cost_of(F&& f) {
  const CostClock clock;
  f();
  return clock.cost();
}

struct Summary {
  double median, minimum, maximum;
};

// Throws Error for no values. An even number of values has the mean of the middle two as its median.
Summary summarise(std::vector<double> values);

// Takes the ratio within each round first, then the median over rounds, so that what disturbs a whole round cancels.
Summary summarise_ratios(const std::vector<double>& by_round, const std::vector<double>& base_by_round);

Json to_json(const Summary& summary);

}  // namespace revunet::bench
