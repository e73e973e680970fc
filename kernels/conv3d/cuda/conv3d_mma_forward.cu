// This is forward and backward_data of our own convolutions. backward_data is forward from dy to dx, with weights whose
// taps are in reverse and whose channels are swapped.
//
// A block computes a tile of 8 x 8 x 8 voxels, all channels of them. Each of its 8 warps has the voxels of one depth,
// as 4 matrices of 16 voxels (2 rows of 8) by 32 channels, whose sums stay in registers. The block goes through slices
// of x's channels (8 of f32, 16 of bf16): the slice of the tile with a border of one voxel lies in shared memory, and
// next to it that of 9 taps of one depth.
//
// A row of 8 voxels in shared memory serves the taps along H as one load: it is the lower or the upper half of A for
// three different outputs. So of every 48 products of (16, K) by (K, 8), 10 rows and 12 fragments of weights are
// loaded, 117 bytes a product.
#include "engine/cuda/launch.h"
#include "kernels/conv3d/cuda/conv3d_mma.h"
#include "kernels/conv3d/cuda/conv3d_mma_norm.h"
#include "kernels/conv3d/cuda/conv3d_mma_operands.h"

namespace revunet::cuda {

namespace {

constexpr int kTile = 8, kHalo = kTile + 2;  // voxels along D, H and W
constexpr int kHaloPacks = kHalo * kHalo * kHalo * kPacksOfSlice;
constexpr int kOutputs = 32;            // channels of the result that a block computes
constexpr int kColumns = kOutputs / 8;  // matrices of 8 of them
constexpr int kTaps = 27, kTapsOfDepth = 9;
constexpr int kTapPacks = kTapsOfDepth * kOutputs * kPacksOfSlice;
constexpr int kThreads = kTile * kWarp;
constexpr int64_t kArrangingThreads = 256;
constexpr int kBlocksPerMultiprocessor = 2;  // one loads while the other multiplies

// In shared memory, the weights of an output channel are in the row of this number. A lane's columns of the four
// matrices of sums are then 8 neighbouring channels.
__device__ int channel_of_row(int row) {
  const int matrix = row / 8, lane = row % 8 / 2;
  return lane * 8 + matrix * 2 + row % 2;
}

// Weights says where the products of input channel `in` and output channel `out` are in w (O, 27, I).
template <class T>
struct Weights {
  const T* w;
  int64_t O, I;
  bool backward_data;

  __device__ T at(int64_t out, int tap, int64_t in) const {
    const int64_t o = backward_data ? in : out, i = backward_data ? out : in;
    const int64_t from = (o * kTaps + (backward_data ? kTaps - 1 - tap : tap)) * I + i;
    return o < O && i < I ? w[from] : T(0.0f);
  }
};

// Sets to (slices, 27, rows, packs of a slice).
template <class T>
__global__ void __launch_bounds__(kArrangingThreads)
    arrange_kernel(Weights<T> weights, int64_t packs, OperandPack* to) {
  const int64_t i = grid_thread();
  if (i >= packs) return;
  const int64_t row = i / kPacksOfSlice % kOutputs, tap = i / (kPacksOfSlice * kOutputs) % kTaps;
  const int64_t slice = i / (kPacksOfSlice * kOutputs * kTaps);
  const int64_t first = (slice * kPacksOfSlice + i % kPacksOfSlice) * kPack<T>;
  StoredPack<T> pack;
  for (int c = 0; c < kPack<T>; ++c) {
    pack.channels[c] = weights.at(channel_of_row(static_cast<int>(row)), static_cast<int>(tap), first + c);
  }
  to[i] = operands_of(pack);
}

// A Tile is where a block's voxels begin.
struct Tile {
  int n, d, h, w;

  __device__ Tile(const Extents& x, unsigned number) {
    const auto tiles = [](int extent) { return static_cast<unsigned>((extent + kTile - 1) / kTile); };
    const unsigned line = number / tiles(x.W), plane = line / tiles(x.H);
    w = static_cast<int>(number % tiles(x.W)) * kTile;
    h = static_cast<int>(line % tiles(x.H)) * kTile;
    d = static_cast<int>(plane % tiles(x.D)) * kTile;
    n = static_cast<int>(plane / tiles(x.D));
  }
};

// Fills halo (10, 10, 10, packs of a slice).
template <class X>
__device__ void fill_halo(const X& x, const Tile& tile, int slice, OperandPack* halo) {
  static_assert(kWarp % kPacksOfSlice == 0);  // so that a thread keeps to its channels
  const auto channels = x.channels(tile.n, slice * kPacksOfSlice + static_cast<int>(threadIdx.x) % kPacksOfSlice);
  const auto load = [&](int i) {
    const int voxel = i / kPacksOfSlice;
    return x.pack(channels, tile.n, tile.d + voxel / (kHalo * kHalo) - 1, tile.h + voxel / kHalo % kHalo - 1,
                  tile.w + voxel % kHalo - 1);
  };
  copy_packs<kThreads, kHaloPacks>(load, [&](int i, const OperandPack& pack) { halo[i] = pack; });
}

// Returns the two words of a row of operands that a lane holds. They are neighbours, because the order of channels in a
// sum is free as long as it is the same for both operands.
__device__ FragmentB words_of(const OperandPack* rows, int row) {
  return reinterpret_cast<const FragmentB*>(rows + row * kPacksOfSlice)[threadIdx.x % 4];
}

// Adds to the sums of one depth what 9 taps make of one depth of the halo.
template <class T>
__device__ void add_products(FragmentC (&sums)[kTile / 2][kColumns], const OperandPack* plane,
                             const OperandPack* taps) {
  const int g = static_cast<int>(threadIdx.x / 4);
  REVUNET_KEEP_LOOP
  for (int kw = 0; kw < 3; ++kw) {
    FragmentB rows[kHalo];
    REVUNET_UNROLL
    for (int h = 0; h < kHalo; ++h) rows[h] = words_of(plane, h * kHalo + g + kw);
    REVUNET_UNROLL
    for (int kh = 0; kh < 3; ++kh) {
      FragmentA a[kTile / 2];
      FragmentB b[kColumns];
      REVUNET_UNROLL
      for (int j = 0; j < kTile / 2; ++j) {
        const FragmentB &lower = rows[2 * j + kh], &upper = rows[2 * j + 1 + kh];
        a[j] = {{lower.words[0], upper.words[0], lower.words[1], upper.words[1]}};
      }
      REVUNET_UNROLL
      for (int n = 0; n < kColumns; ++n) b[n] = words_of(taps, (kh * 3 + kw) * kOutputs + n * 8 + g);
      multiply_add<T>(sums, a, b);
    }
  }
}

// Sets y = alpha sums + beta y in the tile's voxels of one depth.
template <class R>
__device__ void store(const FragmentC (&sums)[kTile / 2][kColumns], const Extents& x, const Tile& tile,
                      const Voxels<R>& y, float alpha, bool adds) {
  const int d = tile.d + static_cast<int>(threadIdx.y), w = tile.w + static_cast<int>(threadIdx.x / 4);
  const int64_t plane = int64_t{tile.n} * x.D + d, index = threadIdx.x % 4;
  if (index * 2 * kColumns >= y.stride) return;  // a voxel has fewer channels
  REVUNET_UNROLL
  for (int row = 0; row < kTile; ++row) {
    const int h = tile.h + row;
    const int64_t voxel = (plane * x.H + h) * x.W + w;
    if (h >= x.H || w >= x.W) continue;
    Channels<2 * kColumns> values{};
    if (adds) values = y.template load<2 * kColumns>(voxel, index);
    REVUNET_UNROLL
    for (int c = 0; c < 2 * kColumns; ++c) values[c] += alpha * sums[row / 2][c / 2].sums[row % 2 * 2 + c % 2];
    y.store(voxel, index, values);
  }
}

template <class X, class R>
__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    convolve_kernel(X x, const OperandPack* weights, Voxels<R> y, float alpha, bool adds) {
  REVUNET_SHARED(OperandPack, halo, kHaloPacks);
  REVUNET_SHARED(OperandPack, taps, kTapPacks);
  using T = typename X::Operand;
  const Tile tile(x, blockIdx.x);
  const int depth = static_cast<int>(threadIdx.y);
  const bool has_voxels = tile.d + depth < x.D;
  FragmentC sums[kTile / 2][kColumns] = {};
  for (int slice = 0; slice < slices_of<T>(x.C); ++slice) {
    fill_halo(x, tile, slice, halo);
    for (int kd = 0; kd < 3; ++kd) {
      const OperandPack* const from = weights + (slice * 3 + kd) * kTapPacks;
      copy_packs<kThreads, kTapPacks>([&](int i) { return from[i]; },
                                      [&](int i, const OperandPack& pack) { taps[i] = pack; });
      __syncthreads();
      if (has_voxels) add_products<T>(sums, halo + (depth + kd) * kHalo * kHalo * kPacksOfSlice, taps);
      __syncthreads();
    }
  }
  if (has_voxels) store(sums, x, tile, y, alpha, adds);
}

int64_t weight_packs(const ConvolutionProblem& p) {
  const int64_t in = p.direction == Direction::forward ? p.I : p.O;
  const int64_t slices = p.operands == DType::f32 ? slices_of<float>(in) : slices_of<bfloat16>(in);
  return slices * 3 * kTapPacks;
}

}  // namespace

bool mma_runs_here() {
  return has_tensor_core_code(convolve_kernel<Input<float>, float>);
}

int64_t mma_tiles(const ConvolutionProblem& p) {
  const auto tiles = [](int64_t extent) { return (extent + kTile - 1) / kTile; };
  return p.N * tiles(p.D) * tiles(p.H) * tiles(p.W);
}

size_t mma_convolve_workspace(const ConvolutionProblem& p) {
  return static_cast<size_t>(weight_packs(p)) * sizeof(OperandPack);
}

void mma_convolve(const Context& ctx, const ConvolutionProblem& p, const ConvolutionBuffers& buffers,
                  const NormedActivation* normed) {
  if (normed) expect_fits(*normed, p);
  const int64_t packs = weight_packs(p);
  Tensor arranged(ctx.for_workspace(), {packs * kPackBytes / size_of(DType::f32)}, DType::f32);
  auto* weights = reinterpret_cast<OperandPack*>(arranged.address());
  const bool backward = p.direction == Direction::backward_data;
  const auto blocks = static_cast<unsigned>(mma_tiles(p));
  dispatch_device_operands(p.result, p.operands, [&]<class R, class T>() {
    launch(ctx, blocks_for(packs, kArrangingThreads), dim3(kArrangingThreads), arrange_kernel<T>,
           Weights<T>{static_cast<const T*>(buffers.w), p.O, p.I, backward}, packs, weights);
    const Voxels<R> y{static_cast<R*>(buffers.result(p.direction)), backward ? p.I : p.O};
    const Input<T> plain(p, backward ? buffers.y : buffers.x, backward ? p.O : p.I);
    with_input<R>(ctx, p, plain, normed, [&]<class X>(const X& x) {
      launch(ctx, dim3(blocks), dim3(kWarp, kTile), convolve_kernel<X, R>, x, weights, y, static_cast<float>(p.alpha),
             p.beta != 0);
    });
  });
}

}  // namespace revunet::cuda
