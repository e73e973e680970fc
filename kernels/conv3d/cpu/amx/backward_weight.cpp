#include "kernels/conv3d/cpu/amx/backward_weight.h"

#include <algorithm>
#include <cstring>

#include "kernels/ceil_div.h"
#include "kernels/conv3d/cpu/amx/item_loop.h"
#include "kernels/conv3d/cpu/amx/tile_products.h"
#include "kernels/conv3d/cpu/amx/vectors.h"

namespace revunet::amx {

namespace {

constexpr int64_t kBlock = 32;  // channels of x and of dy whose products are held in tiles
constexpr int64_t kBlockElements = kBlock * kBlock;
constexpr int64_t kMaxSlabs = 16;         // enough to keep many threads busy
constexpr int64_t kMinSlabVoxels = 4096;  // below this, a partial sum costs more than sharing it saves

// A Walk cuts the work into slabs of x's planes, each with sums of its own, blocks of rows, and groups of dy's
// channels. A thread computes a range of slabs, so that planes of dy which two of them need are packed once.
struct Walk {
  Walk(const Geometry& x, const Geometry& dy, int parts, int64_t threads)
      : x_blocks(x.chunks()), dy_blocks(dy.chunks()), copies(x.width_taps() > 1 ? 2 : 1) {
    const int64_t planes = x.N * x.D;
    slabs = std::clamp<int64_t>(planes * x.H * x.W / kMinSlabVoxels, 1, std::min(kMaxSlabs, planes));
    const int64_t groups = std::min(dy_blocks, ceil_div(2 * threads, slabs));
    dy_blocks_at_once = ceil_div(dy_blocks, groups);
    dy_groups = ceil_div(dy_blocks, dy_blocks_at_once);
    slab_ranges = std::min(slabs, ceil_div(2 * threads, dy_groups));

    row_positions = ceil_div(x.row_positions(), 2) * 2;  // whole pairs
    // The number of rows orders the sums, so it follows from the shape alone. Two blocks of dy count, although a thread
    // may pack more, and then takes somewhat more memory: the more rows, the less often sums are loaded and stored.
    const int64_t dy_row = x.k * std::min<int64_t>(dy_blocks, 2) * kBlock, x_row = copies * x.padded_channels();
    const int64_t values_that_fit = kPackedBytes / (row_positions * parts * 2) - 2 * x.pad() * x_row;
    rows = ceil_div(x.H, ceil_div(x.H, std::max<int64_t>(1, values_that_fit / (dy_row + x_row))));
    vectors = ceil_div(rows * row_positions, kTileDepth);
    // Row 2 pad of the kernel is read as far as the last vector of positions.
    x_pairs = (vectors * kTileDepth + 2 * x.pad() * (row_positions + 1)) / 2 + 1;
    dy_positions =
        ((vectors + 1) | 1) * kTileDepth;  // an odd number of cache lines spreads channels over a cache's sets
    x_part_elements = x.padded_channels() * x_pairs * 2;
    dy_part_elements = dy_blocks_at_once * kBlock * dy_positions;
    x_copy_elements = parts * x_part_elements;
    dy_plane_elements = parts * dy_part_elements;
    elements = copies * x_copy_elements + x.k * dy_plane_elements;
    slab_elements = dy_blocks * x_blocks * x.taps() * kBlockElements;
  }

  int64_t x_blocks, dy_blocks, copies, slabs, slab_ranges, dy_blocks_at_once, dy_groups;
  int64_t rows, row_positions, vectors, x_pairs, dy_positions;
  int64_t x_part_elements, x_copy_elements;     // of x: (copies, parts, blocks of 16 channels, x_pairs, 16, 2)
  int64_t dy_part_elements, dy_plane_elements;  // of dy: (planes, parts, channels, dy_positions)
  int64_t elements;                             // packed by a thread
  int64_t slab_elements;  // (blocks of dy, blocks of x, taps, 32, 32): channels of dy by channels of x
};

REVUNET_BEGIN_AVX512

// Packs a row of voxels as channels (stride `positions`) of voxels. Voxels behind the last one are zero.
template <int Parts>
void pack_channels(const float* row, int64_t W, int64_t stride, int64_t channels, int64_t positions,
                   int64_t part_elements, bfloat16* to) {
  for (int64_t w = 0; w < W; w += kTileDepth) {
    for (int64_t c = 0; c < channels; c += 16) {
      __m512i pairs[Parts][16];
      for (int64_t pair = 0; pair < 16; ++pair) {
        const int64_t voxel = w + 2 * pair;
        const float* from = row + voxel * stride + c;
        const __m512 even = voxel < W ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
        const __m512 odd = voxel + 1 < W ? _mm512_loadu_ps(from + stride) : _mm512_setzero_ps();
        __m512i parts[Parts];
        split<Parts>(even, odd, parts);
        for (int part = 0; part < Parts; ++part) pairs[part][pair] = in_turn(parts[part]);
      }
      for (int part = 0; part < Parts; ++part) {
        transpose(pairs[part]);
        for (int64_t i = 0; i < 16; ++i) {
          _mm512_storeu_si512(to + part * part_elements + (c + i) * positions + w, pairs[part][i]);
        }
      }
    }
  }
}

// Packs pairs of voxels of a row, the first of which is `first` (-1: a margin of zero before voxel 0).
template <int Parts>
void pack_pairs(const float* row, int64_t W, int64_t channels, int64_t first, int64_t count, int64_t pairs,
                int64_t part_elements, bfloat16* to) {
  for (int64_t pair = 0; pair < count; ++pair, to += 2 * 16) {
    const int64_t voxel = first + 2 * pair;
    for (int64_t c = 0; c < channels; c += 16) {
      const auto value = [&](int64_t v) {
        return v >= 0 && v < W ? _mm512_loadu_ps(row + v * channels + c) : _mm512_setzero_ps();
      };
      const __m512 even = value(voxel), odd = value(voxel + 1);
      __m512i parts[Parts];
      split<Parts>(even, odd, parts);
      for (int part = 0; part < Parts; ++part) {
        _mm512_storeu_si512(to + part * part_elements + c * pairs * 2, in_turn(parts[part]));
      }
    }
  }
}

REVUNET_END_AVX512

// Rows of x are packed as pairs of positions of channels, and rows of dy as channels of positions. A tap along a row
// moves x by one position, which tears pairs apart. So there is a second copy of x, whose pairs begin one position
// later, and every tile begins at a cache line.
template <int Parts>
class WeightGradient {
 public:
  WeightGradient(const InputRows& x, const InputRows& dy, const Walk& walk)
      : x_(x), dy_(dy), g_(x.geometry()), walk_(walk) {}

  // Sets the sums of a range of slabs and of a group of dy's channels. `packed` has room for walk.elements, `row` for
  // two rows of values, and `sums` has those of all slabs.
  void run(int64_t range, int64_t dy_group, bfloat16* packed, float* row, float* sums) const {
    const int64_t first_block = dy_group * walk_.dy_blocks_at_once, pad = g_.pad();
    const int64_t blocks = std::min(walk_.dy_blocks_at_once, walk_.dy_blocks - first_block);
    Group group{first_block, blocks, nullptr};
    const int64_t first_slab = walk_.slabs * range / walk_.slab_ranges;
    const int64_t begin = first_plane(first_slab), end = first_plane(walk_.slabs * (range + 1) / walk_.slab_ranges);
    for (int64_t h0 = 0; h0 < g_.H; h0 += walk_.rows) {
      const Rows rows{h0, std::min(g_.H, h0 + walk_.rows)};
      // Margins stay zero. Rows outside of the volume, and those that a last and smaller block lacks, are set to zero.
      if (h0 == 0 || rows.h1 == g_.H) {
        std::memset(packed, 0, static_cast<size_t>(walk_.elements) * sizeof(bfloat16));
      }
      int64_t next_slab = first_slab;
      for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t n = plane / g_.D, d = plane % g_.D;
        const bool first = plane == begin || d == 0, begins_slab = plane == first_plane(next_slab);
        if (begins_slab) group.sums = sums + next_slab++ * walk_.slab_elements + offset_of(group);
        for (int64_t of_dy = first ? d - pad : d + pad; of_dy <= d + pad; ++of_dy) {
          if (of_dy >= 0 && of_dy < g_.D) pack_dy(n, of_dy, rows, group, dy_plane(packed, of_dy), row);
        }
        pack_x(n, d, rows, packed, row);
        add_plane(d, rows, begins_slab && h0 == 0, packed, group);
      }
    }
  }

 private:
  struct Rows {
    int64_t h0, h1;
  };
  struct Group {
    int64_t first_block, blocks;
    float* sums;
  };

  // Planes of all images have one numbering.
  int64_t first_plane(int64_t slab) const { return g_.N * g_.D * slab / walk_.slabs; }

  int64_t offset_of(const Group& group) const {
    return group.first_block * walk_.x_blocks * g_.taps() * kBlockElements;
  }

  bfloat16* dy_plane(bfloat16* packed, int64_t d) const {
    return packed + walk_.copies * walk_.x_copy_elements + d % g_.k * walk_.dy_plane_elements;
  }

  void pack_x(int64_t n, int64_t d, const Rows& rows, bfloat16* to, float* row) const {
    const int64_t pairs = walk_.row_positions / 2;
    for (int64_t h = std::max<int64_t>(0, rows.h0 - g_.pad()); h < std::min(g_.H, rows.h1 + g_.pad()); ++h) {
      x_.read(n, d, h, row, row + x_.row_values());
      bfloat16* to_row = to + (h - rows.h0 + g_.pad()) * pairs * 2 * 16;
      for (int64_t copy = 0; copy < walk_.copies; ++copy, to_row += walk_.x_copy_elements) {
        pack_pairs<Parts>(row, g_.W, g_.padded_channels(), copy - g_.margin(), pairs, walk_.x_pairs,
                          walk_.x_part_elements, to_row);
      }
    }
  }

  void pack_dy(int64_t n, int64_t d, const Rows& rows, const Group& group, bfloat16* to, float* row) const {
    for (int64_t h = rows.h0; h < rows.h1; ++h) {
      dy_.read(n, d, h, row, row + dy_.row_values());
      pack_channels<Parts>(row + group.first_block * kBlock, g_.W, dy_.geometry().padded_channels(),
                           group.blocks * kBlock, walk_.dy_positions, walk_.dy_part_elements,
                           to + (h - rows.h0) * walk_.row_positions);
    }
  }

  // Adds the products of a plane of x and those planes of dy whose kernels reach it. The first ones start the sums.
  void add_plane(int64_t d, const Rows& rows, bool first, bfloat16* packed, const Group& group) const {
    const int64_t vectors = ceil_div((rows.h1 - rows.h0) * walk_.row_positions, kTileDepth), width = g_.width_taps();
    float* sums = group.sums;
    for (int64_t dy_block = 0; dy_block < group.blocks; ++dy_block) {
      for (int64_t x_block = 0; x_block < walk_.x_blocks; ++x_block) {
        for (int64_t tap = 0; tap < g_.taps(); ++tap, sums += kBlockElements) {
          const int64_t of_dy = d - (tap / (g_.k * width) - g_.pad());
          const bool inside = of_dy >= 0 && of_dy < g_.D;
          if (!inside && !first) continue;
          const int64_t height_tap = tap / width % g_.k, width_tap = tap % width;
          const int64_t pair = (height_tap * walk_.row_positions + width_tap) / 2;
          const bfloat16* dy = dy_plane(packed, inside ? of_dy : d) + dy_block * kBlock * walk_.dy_positions;
          const bfloat16* x =
              packed + width_tap % 2 * walk_.x_copy_elements + (x_block * kBlock * walk_.x_pairs + pair * 16) * 2;
          first ? zero_sums() : load_sums(sums, kBlock);
          for (int64_t v = 0; inside && v < vectors; ++v) {
            add_products<Parts>(
                {dy + v * kTileDepth, walk_.dy_part_elements, 16 * walk_.dy_positions, walk_.dy_positions * 2},
                {x + v * kTileElements, walk_.x_part_elements, 16 * walk_.x_pairs * 2, kTileDepth * 2});
          }
          store_sums(sums, kBlock);
        }
      }
    }
  }

  const InputRows &x_, &dy_;
  const Geometry& g_;
  const Walk& walk_;
};

// Adds the slabs' sums in order to the block of dweight.
void add_slabs(const Geometry& g, const Walk& walk, int64_t O, const float* sums, int64_t o0, int64_t i0,
               Tensor& dweight) {
  const int64_t taps = g.k * g.k * g.k, I = g.voxel_channels, I_all = dweight.shape()[4];
  float* dw = dweight.data<float>();
#pragma omp parallel for collapse(2)
  for (int64_t o = 0; o < O; ++o) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      // Folded, the taps along a row are channels.
      const int64_t of_tap = g.folded ? tap / g.k : tap, first = g.folded ? tap % g.k * I : 0;
      float* to = dw + ((o0 + o) * taps + tap) * I_all + i0;
      for (int64_t i = 0; i < I; i += kBlock) {
        const int64_t block = (o / kBlock * walk.x_blocks + i / kBlock) * g.taps() + of_tap;
        const float* from = sums + block * kBlockElements + o % kBlock * kBlock + first;
        const int64_t count = std::min(kBlock, I - i);
        float of_slabs[kBlock] = {};
        for (int64_t slab = 0; slab < walk.slabs; ++slab, from += walk.slab_elements) {
          for (int64_t c = 0; c < count; ++c) of_slabs[c] += from[c];
        }
        for (int64_t c = 0; c < count; ++c) to[i + c] += of_slabs[c];
      }
    }
  }
}

}  // namespace

void add_weight_gradient(const Context& ctx, const InputRows& x, const InputRows& dy, DType operands, Tensor& dweight,
                         int64_t o0, int64_t i0) {
  const Geometry& g = x.geometry();
  const int parts = parts_of(operands);
  const Walk walk(g, dy.geometry(), parts, cpu_threads());
  Tensor sums(ctx.for_workspace(), {walk.slabs, walk.slab_elements}, DType::f32);
  ItemLoop loop(ctx, walk.slab_ranges * walk.dy_groups, walk.elements, 2 * std::max(x.row_values(), dy.row_values()));
  if (!ctx.device.computes()) return;
  const auto run = [&]<int Parts>() {
    const WeightGradient<Parts> gradient(x, dy, walk);
    loop.run([&](int64_t i, bfloat16* packed, float* row) {
      gradient.run(i / walk.dy_groups, i % walk.dy_groups, packed, row, sums.data<float>());
    });
  };
  parts == 1 ? run.template operator()<1>() : run.template operator()<3>();
  add_slabs(g, walk, dy.geometry().voxel_channels, sums.data<float>(), o0, i0, dweight);
}

}  // namespace revunet::amx
