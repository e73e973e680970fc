// Tests things made ahead of their use: in order, a limited number at once, the first failure reported, and time spent
// waiting.
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "models/training/samples/read_ahead.h"
#include "tests/support/catch.h"

using revunet::ReadAhead;
using namespace std::chrono_literals;

TEST_CASE("what is made ahead comes in order, each made once, and none beyond the end", "[train]") {
  std::array<std::atomic<int>, 40> made{};
  ReadAhead<int64_t> ahead(
      [&](int64_t i) {
        ++made.at(static_cast<size_t>(i));
        std::this_thread::sleep_for(std::chrono::microseconds((i * 7919) % 11 * 100));  // later ones are ready first
        return i * i;
      },
      4);
  for (int64_t i = 0; i < 30; ++i) CHECK(ahead.get(i, 30) == i * i);
  CHECK(ahead.get(31, 32) == 31 * 31);  // after a pause, from anywhere
  for (size_t i = 0; i < made.size(); ++i) CHECK(made[i] == (i < 30 || i == 31));
}

TEST_CASE("at most depth things are made at once, and as many as that", "[train]") {
  for (const int depth : {1, 3}) {
    std::atomic<int> now{0}, most{0};
    ReadAhead<int> ahead(
        [&](int64_t) {
          const int count = ++now;
          for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
          }
          std::this_thread::sleep_for(5ms);
          --now;
          return 0;
        },
        depth);
    for (int64_t i = 0; i < 30; ++i) ahead.get(i, 30);
    CHECK(most <= depth);
    if (depth > 1) CHECK(most > 1);
  }
}

TEST_CASE("of several things that could not be made the first is reported, in its place", "[train]") {
  std::atomic<bool> later_failed{false};
  ReadAhead<int64_t> ahead(
      [&](int64_t i) {
        if (i == 2) {
          while (!later_failed) std::this_thread::sleep_for(1ms);  // it fails after the one behind it
          throw std::runtime_error("second");
        }
        if (i == 3) {
          later_failed = true;
          throw std::runtime_error("third");
        }
        return i;
      },
      3);
  CHECK(ahead.get(0, 5) == 0);
  CHECK(ahead.get(1, 5) == 1);
  CHECK_THROWS_WITH(ahead.get(2, 5), "second");
  CHECK_THROWS_WITH(ahead.get(3, 5), "third");
  CHECK(ahead.get(4, 5) == 4);
}

TEST_CASE("waiting for things that are not ready is counted, once", "[train]") {
  ReadAhead<int> slow(
      [](int64_t) {
        std::this_thread::sleep_for(200ms);
        return 0;
      },
      1);
  slow.get(0, 1);
  const double waited = slow.take_waited();
  CHECK(waited > 0.15);  // less than the sleep, because get may begin after its thread
  CHECK(slow.take_waited() == 0);

  std::atomic<bool> second_made{false};
  ReadAhead<int> ready(
      [&](int64_t i) {
        if (i == 1) {
          std::this_thread::sleep_for(200ms);
          second_made = true;
        }
        return 0;
      },
      2);
  ready.get(0, 2);
  ready.take_waited();
  while (!second_made) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(100ms);  // between made and ready, on a busy machine
  ready.get(1, 2);
  CHECK(ready.take_waited() < 0.1);  // not the 0.2 s that it took to make
}
