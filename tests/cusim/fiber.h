// Execution switches between these stacks, and sanitizers are told so: to ThreadSanitizer each is a thread.
#pragma once

#include <ucontext.h>

#include <cstddef>

namespace revunet::cusim {

// A Fiber is a stack, and where on it execution is.
class Fiber {
 public:
  Fiber() : entered_(true) {}  // the thread's own
  explicit Fiber(void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void switch_to(Fiber& other);
  // Called first on a stack that was switched to. from is where the switch came from, when this stack runs for the
  // first time.
  void arrived(Fiber* from = nullptr);

 private:
  ucontext_t context_{};
  void* place_[5]{};  // where __builtin_setjmp was
  bool entered_ = false;
  char* memory_ = nullptr;
  const char* stack_ = nullptr;  // the rest for the sanitizers
  size_t size_ = 0;
  void *fake_stack_ = nullptr, *race_detection_ = nullptr;
};

// These state happens-before for ThreadSanitizer: all that was released is before what is acquired later.
void release(char* what);
void acquire(char* what);

// While it lives, ThreadSanitizer ignores this fiber, because the simulator's own memory is not the kernel's. It must
// not be alive where fibers switch, because an ignored fiber may not end.
class Unwatched {
 public:
  Unwatched();
  ~Unwatched();
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

}  // namespace revunet::cusim
