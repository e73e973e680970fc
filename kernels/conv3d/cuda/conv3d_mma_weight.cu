// This is backward_weight of our own convolutions: dw (O, 27, I) = sum over voxels of dy (O) x (I), moved by each tap.
//
// A block sums over a range of tiles of 8 x 16 voxels of one depth, for the 9 taps of one kd. It writes what it summed,
// and a second kernel adds the ranges in their order. Each of its 4 warps has 8 input channels, with all 32 output
// channels and 9 taps, whose sums stay in registers. A tile of dy and one of x, with a border of one voxel along H and
// W, lie in shared memory.
//
// The product's depth is along W. A row of dy is loaded once and kept in registers while the three rows of x pass by
// that it meets, and a row of x is loaded once for each of its three places along W. So of every 18 products of (16, K)
// by (K, 8), 4 fragments of dy and 3 of x are loaded, 100 bytes a product.
#include "engine/cuda/launch.h"
#include "kernels/conv3d/cuda/conv3d_mma.h"
#include "kernels/conv3d/cuda/conv3d_mma_norm.h"
#include "kernels/conv3d/cuda/conv3d_mma_operands.h"
#include "kernels/cuda/add_ranges.h"

namespace revunet::cuda {

namespace {

constexpr int kRows = 8, kColumns = 16;  // voxels of a tile along H and W
constexpr int kTaps = 27;
constexpr int kGroup = 8;  // channels that a matrix of 8 columns, or half of one of 16 rows, has
constexpr int kGroups = kMmaChannels / kGroup;
constexpr int kThreads = kGroups * kWarp;
constexpr int kBlocksPerMultiprocessor = 3;  // with 4, a thread has too few registers
// Enough to fill any device, and so many that each of the 132 multiprocessors of an H200 has 6 of their blocks.
constexpr int64_t kMostRanges = 264;

template <class T>
inline constexpr int kDepth = static_cast<int>(kMmaBytes / sizeof(T));  // voxels that a product sums over

// A GroupedTile is a tile of Rows x Columns voxels in shared memory: (groups of channels, rows, columns, channels of a
// group), so that the channels of a group of neighbouring voxels are neighbours.
template <class T, int Rows, int Columns>
struct GroupedTile {
  static constexpr int kPacksOfGroup = kGroup / kPack<T>, kPacksOfVoxel = kGroups * kPacksOfGroup;
  // 32 bytes more, so that the groups of a voxel are in different banks.
  static constexpr int kStride = Rows * Columns * kPacksOfGroup + 2;
  static constexpr int kPacks = kGroups * kStride;

  OperandPack* packs;

  // Fills it from a depth of an activation, whose voxel (h, w) is the first. All threads of the block take part.
  template <class From>
  __device__ void load(const From& from, int n, int d, int h, int w) const {
    static_assert(kWarp % kPacksOfVoxel == 0);  // so that a thread keeps to its channels
    const auto channels = from.channels(n, static_cast<int>(threadIdx.x) % kPacksOfVoxel);
    const auto load = [&](int i) {
      const int voxel = i / kPacksOfVoxel;
      return from.pack(channels, n, d, h + voxel / Columns, w + voxel % Columns);
    };
    copy_packs<kThreads, Rows * Columns * kPacksOfVoxel>(load, [&](int i, const OperandPack& pack) {
      const int voxel = i / kPacksOfVoxel, index = i % kPacksOfVoxel;
      packs[index / kPacksOfGroup * kStride + voxel * kPacksOfGroup + index % kPacksOfGroup] = pack;
    });
  }

  // Returns a group of channels of a voxel.
  __device__ const OperandPack* at(int group, int row, int column) const {
    return packs + group * kStride + (row * Columns + column) * kPacksOfGroup;
  }

  // Returns the word of f32 that a lane holds of a voxel: the channel of its row of A or column of B.
  __device__ static uint32_t word(const OperandPack* from, int voxel) {
    return reinterpret_cast<const uint32_t*>(from + voxel * kPacksOfGroup)[threadIdx.x / 4];
  }

  // Returns kDepth voxels from (row, column) on as columns of A, whose rows are the 16 channels of two groups.
  __device__ FragmentA fragment_a(int half, int row, int column) const {
    FragmentA a;
    if constexpr (std::is_same_v<T, float>) {
      const OperandPack *lower = at(2 * half, row, column), *upper = at(2 * half + 1, row, column);
      const int t = static_cast<int>(threadIdx.x % 4);
      a = {{word(lower, t), word(upper, t), word(lower, t + 4), word(upper, t + 4)}};
    } else {
      const int lane = static_cast<int>(threadIdx.x), matrix = lane / 8;
      const OperandPack* from = at(2 * half + matrix % 2, row, column + matrix / 2 * 8 + lane % 8);
      load_transposed(a.words, reinterpret_cast<const bfloat16*>(from));
    }
    return a;
  }
  // Returns them as rows of B, whose columns are the 8 channels of a group.
  __device__ FragmentB fragment_b(int group, int row, int column) const {
    FragmentB b;
    if constexpr (std::is_same_v<T, float>) {
      const OperandPack* from = at(group, row, column);
      const int t = static_cast<int>(threadIdx.x % 4);
      b = {{word(from, t), word(from, t + 4)}};
    } else {
      const OperandPack* from = at(group, row, column + static_cast<int>(threadIdx.x % 16));
      load_transposed(b.words, reinterpret_cast<const bfloat16*>(from));
    }
    return b;
  }
};

template <class T>
using TileOfX = GroupedTile<T, kRows + 2, kColumns + 2>;
template <class T>
using TileOfDy = GroupedTile<T, kRows, kColumns>;

// These are the sums of one lane: by kh, half of the output channels, and kw.
using Sums = FragmentC[3][2][3];

template <class T>
__device__ void add_products(Sums& sums, const TileOfX<T>& x, const TileOfDy<T>& dy) {
  const int group = static_cast<int>(threadIdx.y);
  REVUNET_KEEP_LOOP
  for (int column = 0; column < kColumns; column += kDepth<T>) {
    FragmentA rows[3][2];  // of dy: the last three
    REVUNET_UNROLL
    for (int row = 0; row < kRows + 2; ++row) {  // of x
      if (row < kRows) {
        for (int half = 0; half < 2; ++half) rows[row % 3][half] = dy.fragment_a(half, row, column);
      }
      FragmentB b[3];
      for (int kw = 0; kw < 3; ++kw) b[kw] = x.fragment_b(group, row, column + kw);
      REVUNET_UNROLL
      for (int kh = 0; kh < 3; ++kh) {
        const int from = row - kh;
        if (from >= 0 && from < kRows) multiply_add<T>(sums[kh], rows[from % 3], b);
      }
    }
  }
}

// Writes the taps of kd to (O, 27, I).
__device__ void store(const Sums& sums, int kd, int64_t O, int64_t I, float* to) {
  const int g = static_cast<int>(threadIdx.x / 4), t = static_cast<int>(threadIdx.x % 4);
  REVUNET_UNROLL
  for (int kh = 0; kh < 3; ++kh) {
    REVUNET_UNROLL
    for (int kw = 0; kw < 3; ++kw) {
      REVUNET_UNROLL
      for (int k = 0; k < 8; ++k) {
        const int half = k / 4, lower = k % 4 / 2;
        const int64_t o = half * 16 + lower * 8 + g, i = static_cast<int64_t>(threadIdx.y) * kGroup + 2 * t + k % 2;
        if (o < O && i < I) to[(o * kTaps + (kd * 3 + kh) * 3 + kw) * I + i] = sums[kh][half][kw].sums[k % 4];
      }
    }
  }
}

// A TileGrid numbers the tiles of a volume. 32 bits are enough for them, and divide faster.
struct TileGrid {
  unsigned D, rows, columns, tiles;  // depths, tiles along H and W, and all of them

  explicit TileGrid(const ConvolutionProblem& p)
      : D(static_cast<unsigned>(p.D)),
        rows(static_cast<unsigned>((p.H + kRows - 1) / kRows)),
        columns(static_cast<unsigned>((p.W + kColumns - 1) / kColumns)),
        tiles(static_cast<unsigned>(p.N) * D * rows * columns) {}

  // Returns the tiles that each of so many ranges has at most.
  unsigned range(int64_t ranges) const { return static_cast<unsigned>((tiles + ranges - 1) / ranges); }
};

// Block (kd, r) sums the taps of kd over tiles [r * range, (r + 1) * range). partial is (ranges, O, 27, I).
template <class X, class T = typename X::Operand>
__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    weight_kernel(X x, Input<T> dy, TileGrid grid, unsigned range, float* partial) {
  REVUNET_SHARED(OperandPack, x_packs, TileOfX<T>::kPacks);
  REVUNET_SHARED(OperandPack, dy_packs, TileOfDy<T>::kPacks);
  const TileOfX<T> x_tile{x_packs};
  const TileOfDy<T> dy_tile{dy_packs};
  const int kd = static_cast<int>(blockIdx.x);
  const unsigned begin = blockIdx.y * range, end = std::min(begin + range, grid.tiles);
  Sums sums = {};
  for (unsigned tile = begin; tile < end; ++tile) {
    const unsigned line = tile / grid.columns, plane = line / grid.rows;
    const int w = static_cast<int>(tile % grid.columns) * kColumns, h = static_cast<int>(line % grid.rows) * kRows;
    const int d = static_cast<int>(plane % grid.D), n = static_cast<int>(plane / grid.D);
    if (d + kd < 1 || d + kd > x.D) continue;  // x is outside of the volume
    x_tile.load(x, n, d + kd - 1, h - 1, w - 1);
    dy_tile.load(dy, n, d, h, w);
    __syncthreads();
    add_products(sums, x_tile, dy_tile);
    __syncthreads();
  }
  store(sums, kd, dy.C, x.C, partial + static_cast<int64_t>(blockIdx.y) * dy.C * kTaps * x.C);
}

}  // namespace

int64_t mma_weight_ranges(const ConvolutionProblem& p, size_t workspace) {
  const TileGrid grid(p);
  const auto fit = static_cast<int64_t>(workspace / mma_weight_workspace(p, 1));
  const int64_t most = std::min({int64_t{grid.tiles}, fit, kMostRanges});
  if (most == 0) return 0;
  const int64_t range = grid.range(most);
  return (grid.tiles + range - 1) / range;  // so that none is empty
}

size_t mma_weight_workspace(const ConvolutionProblem& p, int64_t ranges) {
  return static_cast<size_t>(ranges * p.result_elements()) * sizeof(float);
}

void mma_backward_weight(const Context& ctx, const ConvolutionProblem& p, const ConvolutionBuffers& buffers,
                         int64_t ranges, const NormedActivation* normed) {
  if (normed) expect_fits(*normed, p);
  const TileGrid grid(p);
  const int64_t elements = p.result_elements();
  Tensor partial(ctx.for_workspace(), {ranges, elements}, DType::f32);
  const DType loaded = normed ? normed->x().dtype() : p.operands;
  dispatch_device_operands(loaded, p.operands, [&]<class S, class T>() {
    const Input<T> plain(p, buffers.x, p.I), dy(p, buffers.y, p.O);
    with_input<S>(ctx, p, plain, normed, [&]<class X>(const X& x) {
      launch(ctx, dim3(3, static_cast<unsigned>(ranges)), dim3(kWarp, kGroups), weight_kernel<X>, x, dy, grid,
             grid.range(ranges), partial.data<float>());
    });
    add_ranges<32, 8>(ctx, ranges, elements, partial.data<float>(), static_cast<T*>(buffers.w));
  });
}

}  // namespace revunet::cuda
