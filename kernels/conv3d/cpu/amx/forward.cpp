#include "kernels/conv3d/cpu/amx/forward.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/ceil_div.h"
#include "kernels/conv3d/cpu/amx/item_loop.h"
#include "kernels/conv3d/cpu/amx/packed_weights.h"
#include "kernels/conv3d/cpu/amx/tile_products.h"
#include "kernels/conv3d/cpu/amx/vectors.h"

namespace revunet::amx {

namespace {

// So many positions are computed at a time: two tiles one above the other.
constexpr int64_t kResultPositions = 32;
// Weights of more bytes than these come from a cache further away, so several planes are computed with each pair of
// result tiles.
constexpr int64_t kWeightsBytes = 1 << 19;
constexpr int64_t kLeastPlanes = 4;  // of an item, which packs the planes next to them besides
// Packing a plane takes so long, in units of the time for its products: in f32, with 30 channels of 64 x 64 voxels.
constexpr double kPackingTime = 0.15;

// A Walk cuts the work into items: blocks of rows, through some planes, for some pairs of result tiles. How it is cut
// changes no bit of the result.
struct Walk {
  Walk(const Geometry& g, int parts, int64_t result_pairs, int64_t threads) : all_pairs(result_pairs) {
    const int64_t row_bytes = g.row_positions() * g.padded_channels() * parts * 2;
    const int64_t rows_that_fit = std::max<int64_t>(1, kPackedBytes / (g.k * row_bytes) - 2 * g.pad());
    row_blocks = ceil_div(g.H, rows_that_fit);
    rows = ceil_div(g.H, row_blocks);
    row_blocks = ceil_div(g.H, rows);
    planes = g.D;
    for (int64_t blocks = 2; blocks <= g.D / kLeastPlanes; ++blocks) {
      const int64_t fewer = ceil_div(g.D, blocks);
      if (duration(g, fewer, threads) < duration(g, planes, threads)) planes = fewer;
    }
    depth_blocks = ceil_div(g.D, planes);
    const int64_t spatial = g.N * row_blocks * depth_blocks;
    pair_blocks = spatial >= 2 * threads ? 1 : std::min(result_pairs, ceil_div(2 * threads, spatial));
    pairs = ceil_div(result_pairs, pair_blocks);
    pair_blocks = ceil_div(result_pairs, pairs);
    items = spatial * pair_blocks;
    // The last block and its taps read so far behind the last row.
    positions = (rows + 2 * g.pad()) * g.row_positions() + 2 * kResultPositions;
    plane_elements = positions * g.padded_channels() * parts;
    const int64_t weights_bytes = result_pairs * g.taps() * g.chunks() * parts * 2 * kTileElements * 2;
    const int64_t planes_that_fit = weights_bytes > kWeightsBytes ? kPackedBytes / (plane_elements * 2) : 0;
    planes_at_once = std::clamp<int64_t>(planes_that_fit - 2 * g.pad(), 1, planes);
    planes_kept = planes_at_once + 2 * g.pad();
  }

  // Returns how long the threads take, in planes that one computes, where an item has so many.
  double duration(const Geometry& g, int64_t item_planes, int64_t threads) const {
    const int64_t blocks = g.N * row_blocks * ceil_div(g.D, item_planes);
    const double packed_besides = kPackingTime * static_cast<double>(2 * g.pad());
    return static_cast<double>(ceil_div(blocks, threads)) * (static_cast<double>(item_planes) + packed_besides);
  }

  int64_t rows, planes, pairs;                    // of an item: rows, planes, and pairs of result tiles
  int64_t row_blocks, depth_blocks, pair_blocks;  // so many items lie side by side
  int64_t all_pairs, items;
  int64_t planes_at_once;  // computed one after another with the weights of a pair of result tiles
  int64_t planes_kept;     // packed
  int64_t positions;       // of a packed plane
  int64_t plane_elements;  // bf16 of a packed plane: (parts, chunks, positions, 32)
};

// An Item is what one thread does at a time.
struct Item {
  Item(const Geometry& g, const Walk& walk, int64_t index) {
    const int64_t pair_block = index % walk.pair_blocks, row_block = index / walk.pair_blocks % walk.row_blocks;
    const int64_t depth_block = index / (walk.pair_blocks * walk.row_blocks) % walk.depth_blocks;
    n = index / (walk.pair_blocks * walk.row_blocks * walk.depth_blocks);
    h0 = row_block * walk.rows;
    h1 = std::min(g.H, h0 + walk.rows);
    d0 = depth_block * walk.planes;
    d1 = std::min(g.D, d0 + walk.planes);
    pair0 = pair_block * walk.pairs;
    pair1 = std::min(walk.all_pairs, pair0 + walk.pairs);
  }
  int64_t n, d0, d1, h0, h1, pair0, pair1;
};

// A Delivery says what becomes of sums.
struct Delivery {
  const float* bias;
  Write mode;
};

// Undelivered is what is left to deliver of the sums of a block of positions. A processor does that while its tiles
// add up the next block.
template <class Y>
struct Undelivered {
  const float* sums = nullptr;
  int64_t positions = 0, column = 0;  // those left, and where in its row the next one is
  Y* voxel = nullptr;                 // the next one
  int64_t channels = 0;
  Delivery delivery;
};

// The sums of a thread's blocks have two places in turn, as the last block is delivered while the next is summed up.
template <class Y>
struct Pending {
  alignas(64) float sums[2][kResultPositions * kResultChannels];
  int64_t blocks = 0;
  Undelivered<Y> last;
};

REVUNET_BEGIN_AVX512

template <int Parts>
void pack_row(const float* row, const Geometry& g, int64_t positions, bfloat16* to) {
  const int64_t chunks = g.chunks();
  for (int64_t w = 0; w < g.W; ++w) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk, row += kTileDepth) {
      __m512i parts[Parts];
      split<Parts>(_mm512_loadu_ps(row), _mm512_loadu_ps(row + 16), parts);
      for (int part = 0; part < Parts; ++part) {
        _mm512_storeu_si512(to + ((part * chunks + chunk) * positions + w) * kTileDepth, parts[part]);
      }
    }
  }
}

template <class Y>
void deliver(const float* sums, int64_t channels, const Delivery& delivery, Y* y) {
  for (int64_t c = 0; c < channels; c += 16) {
    const __mmask16 lanes = first_lanes(channels - c);
    __m512 value = _mm512_loadu_ps(sums + c);
    if (delivery.mode == Write::add) value = _mm512_add_ps(load(y + c, lanes), value);
    if (delivery.mode == Write::subtract) value = _mm512_sub_ps(load(y + c, lanes), value);
    if (delivery.bias) value = _mm512_add_ps(value, load(delivery.bias + c, lanes));
    store(y + c, lanes, value);
  }
}

REVUNET_END_AVX512

template <int Parts, class Y>
class Convolution {
 public:
  Convolution(const InputRows& x, const PackedWeights& weights, const Walk& walk, const Delivery& delivery, Y* y)
      : x_(x), g_(x.geometry()), weights_(weights), walk_(walk), delivery_(delivery), y_(y) {
    for (int64_t chunk = 0; chunk < g_.chunks(); ++chunk) {
      for (int64_t tap = 0; tap < g_.k * g_.width_taps(); ++tap) {
        const int64_t position = tap / g_.width_taps() * g_.row_positions() + tap % g_.width_taps();
        steps_.push_back((chunk * walk.positions + position) * kTileDepth);
      }
    }
    positions_per_step_ = ceil_div(kResultPositions, static_cast<int64_t>(steps_.size()) * g_.k);
  }

  // `planes` has room for the planes that are kept, `row` for two rows of values.
  void run(const Item& item, bfloat16* planes, float* row) const {
    const int64_t pad = g_.pad();
    std::memset(planes, 0, static_cast<size_t>(walk_.planes_kept * walk_.plane_elements) * sizeof(bfloat16));
    for (int64_t d = std::max<int64_t>(0, item.d0 - pad); d < item.d0 + pad; ++d) pack_plane(item, d, planes, row);
    Pending<Y> pending;
    for (int64_t d0 = item.d0; d0 < item.d1; d0 += walk_.planes_at_once) {
      const int64_t d1 = std::min(item.d1, d0 + walk_.planes_at_once);
      for (int64_t d = d0; d < d1; ++d) pack_plane(item, d + pad, planes, row);
      for (int64_t pair = item.pair0; pair < item.pair1; ++pair) {
        for (int64_t d = d0; d < d1; ++d) convolve_plane(item, d, pair, planes, pending);
      }
    }
    deliver_next(pending.last, kResultPositions);
  }

 private:
  bfloat16* slot(bfloat16* planes, int64_t d) const { return planes + d % walk_.planes_kept * walk_.plane_elements; }

  void pack_plane(const Item& item, int64_t d, bfloat16* planes, float* row) const {
    if (d >= g_.D) return;
    for (int64_t h = std::max<int64_t>(0, item.h0 - g_.pad()); h < std::min(g_.H, item.h1 + g_.pad()); ++h) {
      x_.read(item.n, d, h, row, row + x_.row_values());
      const int64_t position = (h - item.h0 + g_.pad()) * g_.row_positions() + g_.margin();
      pack_row<Parts>(row, g_, walk_.positions, slot(planes, d) + position * kTileDepth);
    }
  }

  // Leaves the last block undelivered.
  void convolve_plane(const Item& item, int64_t d, int64_t pair, bfloat16* planes, Pending<Y>& pending) const {
    const int64_t row = g_.row_positions(), positions = (item.h1 - item.h0 - 1) * row + g_.W;
    const int64_t channels = weights_.result_channels(), first = pair * kResultChannels;
    const Delivery delivery{delivery_.bias ? delivery_.bias + first : nullptr, delivery_.mode};
    Y* plane = y_ + ((item.n * g_.D + d) * g_.H + item.h0) * g_.W * channels + first;
    for (int64_t position = 0; position < positions; position += kResultPositions) {
      float* sums = pending.sums[pending.blocks++ % 2];
      positions - position > kTileRows ? sum_up<2>(d, pair, position, planes, sums, pending.last)
                                       : sum_up<1>(d, pair, position, planes, sums, pending.last);
      const int64_t h = position / row, column = position % row;
      pending.last = {.sums = sums,
                      .positions = std::min(kResultPositions, positions - position),
                      .column = column,
                      .voxel = plane + (h * g_.W + std::min(column, g_.W)) * channels,
                      .channels = std::min(kResultChannels, channels - first),
                      .delivery = delivery};
    }
  }

  template <int Tiles>
  void sum_up(int64_t d, int64_t pair, int64_t position, bfloat16* planes, float* sums, Undelivered<Y>& last) const {
    const int64_t part_stride = g_.chunks() * walk_.positions * kTileDepth;
    zero_sums<Tiles>();
    for (int64_t depth_tap = 0; depth_tap < g_.k; ++depth_tap) {
      const int64_t from = d + depth_tap - g_.pad();
      if (from < 0 || from >= g_.D) continue;
      const bfloat16* a = slot(planes, from) + position * kTileDepth;
      const bfloat16* b = weights_.plane(pair, depth_tap);
      for (const int64_t step : steps_) {
        add_products<Parts, Tiles>({a + step, part_stride, kTileElements, kTileDepth * 2},
                                   {b, 2 * kTileElements, kTileElements, kTileDepth * 2});
        b += Parts * 2 * kTileElements;
        deliver_next(last, positions_per_step_);
      }
    }
    deliver_next(last, last.positions);
    store_sums<Tiles>(sums, kResultChannels);
  }

  void deliver_next(Undelivered<Y>& last, int64_t count) const {
    for (; count > 0 && last.positions > 0; --count, --last.positions, last.sums += kResultChannels) {
      if (last.column < g_.W) {  // else a margin
        deliver(last.sums, last.channels, last.delivery, last.voxel);
        last.voxel += weights_.result_channels();
      }
      if (++last.column == g_.row_positions()) last.column = 0;
    }
  }

  const InputRows& x_;
  const Geometry& g_;
  const PackedWeights& weights_;
  const Walk& walk_;
  Delivery delivery_;
  Y* y_;
  int64_t positions_per_step_;
  std::vector<int64_t> steps_;  // elements between a position and the one that a tap and a chunk of channels multiply
};

}  // namespace

void convolve(const Context& ctx, const InputRows& x, DType operands, const Tensor& weight, const WeightBlock& block,
              bool transposed, const float* bias, Tensor& y, Write mode) {
  const Geometry& g = x.geometry();
  const int parts = parts_of(operands);
  const PackedWeights weights(ctx, weight, block, transposed, g, parts);
  const Walk walk(g, parts, weights.result_pairs(), cpu_threads());
  ItemLoop loop(ctx, walk.items, walk.planes_kept * walk.plane_elements, 2 * x.row_values());
  if (!ctx.device.computes()) return;
  const auto run = [&]<int Parts, class Y>() {
    const Convolution<Parts, Y> convolution(x, weights, walk, {bias, mode}, y.data<Y>());
    loop.run([&](int64_t i, bfloat16* planes, float* row) { convolution.run(Item(g, walk, i), planes, row); });
  };
  const bool f32_result = y.dtype() == DType::f32;
  if (parts == 3) return run.template operator()<3, float>();
  f32_result ? run.template operator()<1, float>() : run.template operator()<1, bfloat16>();
}

}  // namespace revunet::amx
