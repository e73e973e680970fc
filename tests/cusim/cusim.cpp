#include "tests/cusim/cusim.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace revunet::cusim {

namespace {

constexpr size_t kStackBytes = size_t{64} << 10;  // of a fiber; below it lies a page that faults
constexpr size_t kGuardBytes = 4096;

// Around a jump AddressSanitizer would clear the whole stack's shadow, with a system call: here nothing is left behind.
#define NOT_SANITIZED __attribute__((noinline, no_sanitize("address", "thread")))

#if !defined(__SANITIZE_THREAD__)
[[noreturn]] NOT_SANITIZED void jump(void** place) {
  __builtin_longjmp(place, 1);
}
#endif

// A stack and where on it execution is. Switching tells the sanitizers.
class Fiber {
 public:
  Fiber() : entered_(true) {}  // the thread's own
  explicit Fiber(void (*entry)()) {
    void* memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<char*>(memory);
    mprotect(memory_, kGuardBytes, PROT_NONE);
    stack_ = memory_ + kGuardBytes;
    size_ = kStackBytes;
    getcontext(&context_);
    context_.uc_stack.ss_sp = memory_ + kGuardBytes;
    context_.uc_stack.ss_size = kStackBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, entry, 0);
#if defined(__SANITIZE_THREAD__)
    race_detection_ = __tsan_create_fiber(0);
#endif
  }
  ~Fiber() {
    if (!memory_) return;
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(race_detection_);
#endif
    munmap(memory_, kStackBytes + kGuardBytes);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  NOT_SANITIZED void switch_to(Fiber& other) {
#if defined(__SANITIZE_THREAD__)
    if (!race_detection_) race_detection_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(other.race_detection_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_stack_, other.stack_, other.size_);
#endif
#if defined(__SANITIZE_THREAD__)
    swapcontext(&context_, &other.context_);  // ThreadSanitizer knows no jumps between stacks
#else
    // Without the system calls of swapcontext, but for the first time.
    if (__builtin_setjmp(place_) == 0) {
      if (other.entered_) jump(other.place_);
      other.entered_ = true;
      setcontext(&other.context_);
    }
#endif
    arrived();
  }

  // First thing on a stack that was switched to. from: where the switch came from, when it is the first one here.
  void arrived([[maybe_unused]] Fiber* from = nullptr) {
#if defined(__SANITIZE_ADDRESS__)
    const void* stack = nullptr;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(fake_stack_, &stack, &size);
    if (from) {  // only here the thread's own stack is told
      from->stack_ = static_cast<const char*>(stack);
      from->size_ = size;
    }
#endif
  }

 private:
  ucontext_t context_{};
  void* place_[5]{};  // where __builtin_setjmp was
  bool entered_ = false;
  char* memory_ = nullptr;
  [[maybe_unused]] const char* stack_ = nullptr;
  [[maybe_unused]] size_t size_ = 0;
  [[maybe_unused]] void *fake_stack_ = nullptr, *race_detection_ = nullptr;
};

// Of a block, and after it of the next one: the race detector takes a fiber for one thread.
struct Thread {
  enum class State { ready, waiting, done };
  State state = State::done;
  uint3 index{};
  std::unique_ptr<Fiber> fiber;  // where the thread is done, at the top of run_threads()
  const char* file = nullptr;    // of the barrier that it waits at
  int line = 0;
};

struct SharedArray {
  std::unique_ptr<char[]> memory;
};

struct Scheduler {
  Order order = Order::forward;
  Fiber own;
  const std::function<void()>* kernel = nullptr;
  std::vector<Thread> threads;  // of the largest block so far
  Thread* current = nullptr;
  std::map<const void*, SharedArray> shared;
  // What the race detector takes for the barrier and for the launch.
  char barrier = 0, block = 0;
};

Scheduler& scheduler() {
  static Scheduler instance;
  return instance;
}

// Happens-before, for the race detector: all that was released is before what is acquired later.
void release([[maybe_unused]] char* what) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(what);
#endif
}
void acquire([[maybe_unused]] char* what) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(what);
#endif
}

// While it lives, the race detector looks away from this fiber: the simulator's own memory is not the kernel's.
class Unwatched {
 public:
#if defined(__SANITIZE_THREAD__)
  Unwatched() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unwatched() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unwatched() {}
#endif
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

// What a fiber does: a thread of a block, then the next one that it is given.
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
  if (thread.state == Thread::State::done) return;
  Scheduler& s = scheduler();
  s.current = &thread;
  threadIdx = thread.index;
  if (!thread.fiber) thread.fiber = std::make_unique<Fiber>(run_threads);
  thread.state = Thread::State::ready;
  s.own.switch_to(*thread.fiber);
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

std::vector<size_t> permutation(Order order, size_t count, uint32_t seed) {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  if (order == Order::reverse) std::ranges::reverse(indices);
  if (order == Order::shuffled) std::ranges::shuffle(indices, std::mt19937(seed));
  return indices;
}

// Threads that are not done wait in a kernel that was given up: they cannot be used again.
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
  }
  s.shared.clear();
  release(&s.block);
  for (;;) {
    for (const size_t i : order) run(threads[i]);
    const auto done = std::ranges::count_if(threads, [](const Thread& t) { return t.state == Thread::State::done; });
    if (done == static_cast<int64_t>(threads.size())) break;
    expect_one_barrier(threads);
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
}

void* shared(const void* key, size_t bytes) {
  const Unwatched unwatched;
  SharedArray& array = scheduler().shared[key];
  if (!array.memory) {
    array.memory = std::make_unique<char[]>(bytes);
    std::memset(array.memory.get(), 0xff, bytes);
  }
  return array.memory.get();
}

void sync_threads(const char* file, int line) {
  Scheduler& s = scheduler();
  Fiber* fiber = nullptr;
  {
    const Unwatched unwatched;
    Thread& self = *s.current;
    self.state = Thread::State::waiting;
    self.file = file;
    self.line = line;
    fiber = self.fiber.get();
    release(&s.barrier);
  }
  fiber->switch_to(s.own);  // watched: a fiber that is looked away from may not end
  acquire(&s.barrier);
}

}  // namespace revunet::cusim
