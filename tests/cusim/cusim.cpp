#include "tests/cusim/cusim.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/fiber.h"

namespace revunet::cusim {

namespace {

constexpr unsigned kWarp = 32;  // lanes

// This is a thread of a block, and then of the next block, because the race detector takes a fiber for one thread.
struct Thread {
  enum class State { ready, waiting, waiting_for_warp, done };
  State state = State::done;
  uint3 index{};
  std::unique_ptr<Fiber> fiber;  // once the thread is done, it waits at the top of run_threads()
  const char* file = nullptr;    // file of the barrier or of the exchange that it waits at
  int line = 0;
  unsigned number = 0;   // in its block
  size_t exchanges = 0;  // that it took part in, in this block
};

// What the lanes of a warp exchange. A lane may be one exchange ahead of another, which still reads the one before.
struct WarpMemory {
  std::vector<char> turns[2];
};

struct Scheduler {
  Order order = Order::forward;
  Fiber own;
  const std::function<void()>* kernel = nullptr;
  std::vector<Thread> threads;  // of the largest block so far
  Thread* current = nullptr;
  std::map<const void*, std::unique_ptr<char[]>> shared;
  std::vector<WarpMemory> warps;
  // The race detector takes these for the barrier and for the launch.
  char barrier = 0, block = 0;
};

Scheduler& scheduler() {
  static Scheduler instance;
  return instance;
}

// A fiber runs this: a thread of a block, then the next one that it is given.
void run_threads() {
  Scheduler& s = scheduler();
  Fiber* self = nullptr;
  {
    const Unwatched unwatched;
    self = s.current->fiber.get();
    self->arrived(&s.own);
  }
  for (;;) {
    acquire(&s.block);
    (*s.kernel)();
    {
      const Unwatched unwatched;
      release(&s.block);
      s.current->state = Thread::State::done;
    }
    self->switch_to(s.own);  // watched, as in sync_threads()
  }
}

void run(Thread& thread) {
  if (thread.state != Thread::State::ready) return;
  Scheduler& s = scheduler();
  s.current = &thread;
  threadIdx = thread.index;
  if (!thread.fiber) thread.fiber = std::make_unique<Fiber>(run_threads);
  s.own.switch_to(*thread.fiber);
}

// Marks the current thread as one that waits. Returns its fiber, which then switches to the scheduler.
Fiber* wait(Thread::State state, const char* file, int line) {
  Thread& self = *scheduler().current;
  self.state = state;
  self.file = file;
  self.line = line;
  return self.fiber.get();
}

std::string where(const Thread& t) {
  return std::string(t.file) + ":" + std::to_string(t.line);
}

void expect_one_barrier(std::span<const Thread> threads) {
  const Thread& first = threads.front();
  for (const Thread& t : threads) {
    if (t.state == Thread::State::done || first.state == Thread::State::done) {
      const Thread& waits = t.state == Thread::State::done ? first : t;
      throw std::logic_error("cusim: a thread has ended while others wait at the barrier " + where(waits));
    }
    if (t.line != first.line || std::strcmp(t.file, first.file) != 0) {
      throw std::logic_error("cusim: threads wait at different barriers, " + where(first) + " and " + where(t));
    }
  }
}

// Lets every warp go on whose lanes wait for each other. Returns whether there was one.
bool release_warps(std::span<Thread> threads) {
  const auto waits = [](const Thread& t) { return t.state == Thread::State::waiting_for_warp; };
  bool any = false;
  for (size_t first = 0; first < threads.size(); first += kWarp) {
    const std::span<Thread> warp = threads.subspan(first, std::min<size_t>(kWarp, threads.size() - first));
    const auto waiting = std::ranges::find_if(warp, waits);
    if (waiting == warp.end()) continue;
    const auto together = [&](const Thread& t) {
      return waits(t) && t.line == waiting->line && t.file == waiting->file;
    };
    if (warp.size() < kWarp || !std::ranges::all_of(warp, together)) {
      throw std::logic_error("cusim: not all 32 lanes of a warp take part at " + where(*waiting));
    }
    for (Thread& t : warp) t.state = Thread::State::ready;
    any = true;
  }
  return any;
}

std::vector<size_t> permutation(Order order, size_t count, uint32_t seed) {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  if (order == Order::reverse) std::ranges::reverse(indices);
  if (order == Order::shuffled) std::ranges::shuffle(indices, std::mt19937(seed));
  return indices;
}

// Threads that are not done wait in a kernel that was given up. They cannot be used again.
std::span<Thread> block_threads(size_t count) {
  std::vector<Thread>& all = scheduler().threads;
  if (std::ranges::any_of(all, [](const Thread& t) { return t.state != Thread::State::done; })) all.clear();
  if (all.size() < count) all.resize(count);
  return std::span(all).first(count);
}

void run_block(const std::vector<size_t>& order) {
  Scheduler& s = scheduler();
  const std::span<Thread> threads = block_threads(order.size());
  for (unsigned i = 0; i < threads.size(); ++i) {
    threads[i].state = Thread::State::ready;
    threads[i].index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    threads[i].number = i;
    threads[i].exchanges = 0;
  }
  s.shared.clear();
  s.warps.resize((threads.size() + kWarp - 1) / kWarp);
  release(&s.block);
  for (;;) {
    for (const size_t i : order) run(threads[i]);
    if (release_warps(threads)) continue;
    const auto done = std::ranges::count_if(threads, [](const Thread& t) { return t.state == Thread::State::done; });
    if (done == static_cast<int64_t>(threads.size())) break;
    expect_one_barrier(threads);
    for (Thread& t : threads) t.state = Thread::State::ready;
  }
  acquire(&s.block);
}

}  // namespace

void set_order(Order order) {
  scheduler().order = order;
}

void launch(dim3 grid, dim3 block, const std::function<void()>& kernel) {
  const Unwatched unwatched;
  Scheduler& s = scheduler();
  const size_t count = size_t{block.x} * block.y * block.z;
  if (count < 1 || count > 1024 || block.z > 64 || grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.y > 65535 ||
      grid.z > 65535) {
    throw std::logic_error("cusim: invalid launch of " + std::to_string(count) + " threads a block");
  }
  s.kernel = &kernel;
  gridDim = grid;
  blockDim = block;
  for (const size_t i : permutation(s.order, size_t{grid.x} * grid.y * grid.z, 0)) {
    blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                static_cast<unsigned>(i / grid.x / grid.y)};
    run_block(permutation(s.order, count, static_cast<uint32_t>(i)));
  }
  pass_kernel_time();
}

void* shared(const void* key, size_t bytes) {
  const Unwatched unwatched;
  std::unique_ptr<char[]>& memory = scheduler().shared[key];
  if (!memory) {
    memory = std::make_unique<char[]>(bytes);
    std::memset(memory.get(), 0xff, bytes);
  }
  return memory.get();
}

void sync_threads(const char* file, int line) {
  Scheduler& s = scheduler();
  Fiber* fiber = nullptr;
  {
    const Unwatched unwatched;
    fiber = wait(Thread::State::waiting, file, line);
    release(&s.barrier);
  }
  fiber->switch_to(s.own);  // watched: a fiber that is looked away from may not end
  acquire(&s.barrier);
}

const void* exchange(const void* mine, size_t bytes, const char* file, int line) {
  Scheduler& s = scheduler();
  Fiber* fiber = nullptr;
  const char* all = nullptr;
  {
    const Unwatched unwatched;
    Thread& self = *s.current;
    std::vector<char>& memory = s.warps[self.number / kWarp].turns[self.exchanges++ % 2];
    if (memory.size() < kWarp * bytes) memory.resize(kWarp * bytes);
    std::memcpy(memory.data() + self.number % kWarp * bytes, mine, bytes);
    fiber = wait(Thread::State::waiting_for_warp, file, line);
    all = memory.data();
  }
  fiber->switch_to(s.own);
  return all;
}

}  // namespace revunet::cusim
