// Tests that sums over voxels do not depend on how many blocks a device runs at once.
#include "kernels/cuda/resident_blocks.h"

#include "engine/cuda/cuda_device.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/kernels/op_case_run.h"

using namespace revunet;
using namespace revunet::test;

namespace {

__global__ void count_blocks_kernel(int64_t* blocks) {
  if (threadIdx.x == 0 && threadIdx.y == 0) ++*blocks;  // the simulation runs one block after another
}

// Returns the number of blocks that take so many ranges of 256 voxels in turn, for one pack per voxel.
int64_t blocks_in_turn(const Context& ctx, int64_t ranges) {
  int64_t blocks = 0;
  const cuda::VoxelGrid g{ranges * 256, 1, 256, dim3(static_cast<unsigned>(ranges)), dim3(1, 256)};
  cuda::launch_in_turn(ctx, g, count_blocks_kernel, &blocks);
  return blocks;
}

}  // namespace

TEST_CASE("a kernel has as many blocks as the device runs at once, but no more than ranges", "[cusim]") {
  cusim::set_multiprocessors(3);
  Device device = cuda::make_device(0);
  const Context ctx{device};
  CHECK(blocks_in_turn(ctx, 7) == 3 * cusim::kBlocksAtOnce);
  CHECK(blocks_in_turn(ctx, 5) == 5);
  cusim::set_multiprocessors(1);
  CHECK(blocks_in_turn(ctx, 7) == 3 * cusim::kBlocksAtOnce);  // the device was asked before
}

// With one multiprocessor, test_cusim compares the same cases with f64.
TEST_CASE("CUDA kernels have the same bits whatever the number of multiprocessors", "[cusim]") {
  const DType dtype = GENERATE(DType::f32, DType::bf16);
  for_each_test_case([&](const OpCase& c) {
    const auto run = [&, arguments = arguments_of(c)](int multiprocessors) {
      cusim::set_multiprocessors(multiprocessors);
      Device device = cuda::make_device(0);
      return run_case(device, c, dtype, arguments, true);
    };
    const Result one = run(1);
    for (const int multiprocessors : {2, 132}) {
      const Result other = run(multiprocessors);
      CHECK(other.outputs == one.outputs);
      CHECK(other.gradients == one.gradients);
    }
    cusim::set_multiprocessors(1);
  });
}
