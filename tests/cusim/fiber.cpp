#include "tests/cusim/fiber.h"

#include <sys/mman.h>

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
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

constexpr size_t kStackBytes = size_t{64} << 10;  // per fiber; below it lies a page that faults
constexpr size_t kGuardBytes = 4096;

// Around a jump AddressSanitizer would clear the whole stack's shadow, with a system call. Here nothing is left behind.
#define NOT_SANITIZED __attribute__((noinline, no_sanitize("address", "thread")))

#if !defined(__SANITIZE_THREAD__)
[[noreturn]] NOT_SANITIZED void jump(void** place) {
  __builtin_longjmp(place, 1);
}
#endif

}  // namespace

Fiber::Fiber(void (*entry)()) {
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

Fiber::~Fiber() {
  if (!memory_) return;
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(race_detection_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  // A kernel that was given up leaves marks around its variables, which the next stack at this place must not find.
  __asan_unpoison_memory_region(stack_, size_);
#endif
  munmap(memory_, kStackBytes + kGuardBytes);
}

NOT_SANITIZED void Fiber::switch_to(Fiber& other) {
#if defined(__SANITIZE_THREAD__)
  if (!race_detection_) race_detection_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(other.race_detection_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_stack_, other.stack_, other.size_);
#endif
#if defined(__SANITIZE_THREAD__)
  swapcontext(&context_, &other.context_);  // ThreadSanitizer does not follow jumps between stacks
#else
  // After the first time this avoids the system calls of swapcontext.
  if (__builtin_setjmp(place_) == 0) {
    if (other.entered_) jump(other.place_);
    other.entered_ = true;
    setcontext(&other.context_);
  }
#endif
  arrived();
}

void Fiber::arrived([[maybe_unused]] Fiber* from) {
#if defined(__SANITIZE_ADDRESS__)
  const void* stack = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &stack, &size);
  if (from) {  // only now is the thread's own stack known
    from->stack_ = static_cast<const char*>(stack);
    from->size_ = size;
  }
#endif
}

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

#if defined(__SANITIZE_THREAD__)
Unwatched::Unwatched() {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}
Unwatched::~Unwatched() {
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
Unwatched::Unwatched() = default;
Unwatched::~Unwatched() = default;
#endif

}  // namespace revunet::cusim
