// A caching allocator reports these events to an observer. Traces are made of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/memory/tag.h"

namespace revunet {

struct AllocationEvent {
  enum class Kind : uint8_t {
    segment,   // memory came from the resource
    allocate,  // a block was handed out
    free,      // a block was given back
    release,   // a segment went back to the resource
  };
  Kind kind;
  uintptr_t address;
  size_t requested;  // bytes; only for an allocation
  size_t size;       // bytes: an allocation's after rounding, or a segment's
  Tag tag;           // only for an allocation
  uint32_t layer;    // CachingAllocator::layer_name() knows it
  Phase phase;
  bool reused;  // an allocation came from a segment that existed already
  bool split;   // an allocation left a remainder of its block free
};

class AllocationObserver {
 public:
  virtual ~AllocationObserver() = default;
  virtual void on_event(const AllocationEvent& event) noexcept = 0;
};

}  // namespace revunet
