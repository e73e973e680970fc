// Tests which channels dropout drops: how many, and always the same ones for the same key.
#include "kernels/channel_dropout/channel_dropout.h"

#include <cmath>
#include <set>

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("channels are dropped at the rate, and the others scaled so that the mean stays") {
  constexpr int64_t channels = 20000;
  for (const double rate : {0.1, 0.5, 0.9}) {
    const ChannelDropout dropout{rate, dropout_key(3, 5, 7)};
    int64_t dropped = 0;
    for (int64_t c = 0; c < channels; ++c) {
      const double s = dropout_scale(dropout, c);
      if (s == 0) ++dropped;
      if (s != 0) CHECK(s == 1 / (1 - rate));
    }
    const double sigma = std::sqrt(rate * (1 - rate) * channels);  // binomial
    CHECK(std::abs(static_cast<double>(dropped) - rate * channels) < 5 * sigma);
  }
  for (int64_t c = 0; c < 100; ++c) CHECK(dropout_scale({}, c) == 1);
}

TEST_CASE("each sample, layer and seed has channels of its own, the same ones every time") {
  const auto mask = [](uint64_t seed, int64_t sample, int64_t layer) {
    std::string dropped;
    for (int64_t c = 0; c < 64; ++c)
      dropped += dropout_scale({0.5, dropout_key(seed, sample, layer)}, c) == 0 ? '1' : '0';
    return dropped;
  };
  std::set<std::string> masks;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    for (int64_t sample = 0; sample < 8; ++sample) {
      for (int64_t layer = 0; layer < 8; ++layer) masks.insert(mask(seed, sample, layer));
    }
  }
  CHECK(masks.size() == 4 * 8 * 8);  // the chance that two are alike is below 2^-48
  CHECK(mask(1, 2, 3) == mask(1, 2, 3));
}

TEST_CASE("channel_dropout refuses a rate that drops everything, and to subtract") {
  Device device;
  const Context ctx{device};
  Tensor y = zeros(ctx, {8}, DType::f32);
  CHECK_THROWS_AS(channel_dropout(ctx, y, {1.0, 0}, y, Write::overwrite), UsageError);
  CHECK_THROWS_AS(channel_dropout(ctx, y, {0.5, 0}, y, Write::subtract), Error);
}
