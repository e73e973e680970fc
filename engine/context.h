// A Context is what every op is handed: the device, the tape (nullptr at inference), and the tag and the lifetime of
// the memory that the op returns.
#pragma once

#include "engine/device.h"
#include "engine/memory/tag.h"

namespace revunet {

class Communicator;
class Tape;

struct Context {
  Device& device;
  Tape* tape = nullptr;
  Tag tag = Tag::other;
  Lifetime lifetime = Lifetime::staying;
  Communicator* processes = nullptr;  // of the run; nullptr: this process is the only one

  // The caller who says what memory is for also says how long it is kept.
  Context with_tag(Tag t, Lifetime kept = Lifetime::staying) const { return {device, tape, t, kept, processes}; }
  // The copy is for memory that one call of an op works with and gives back.
  Context for_workspace() const { return with_tag(Tag::workspace, Lifetime::passing); }
  Context with_tape(Tape* t) const { return {device, t, tag, lifetime, processes}; }
  Context without_tape() const { return with_tape(nullptr); }
};

// While a LayerScope lives, allocations belong to the layer `name`: the tape node that they are made for, or
// "parameters", "input" and the like.
class LayerScope {
 public:
  LayerScope(const Context& ctx, std::string_view name) : LayerScope(ctx, ctx.device.allocator().layer(name)) {}
  LayerScope(const Context& ctx, uint32_t layer)
      : allocator_(ctx.device.allocator()), before_(allocator_.enter_layer(layer)) {}
  ~LayerScope() { allocator_.enter_layer(before_); }
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

 private:
  CachingAllocator& allocator_;
  uint32_t before_;
};

// While a PhaseScope lives, allocation events belong to this phase.
class PhaseScope {
 public:
  PhaseScope(const Context& ctx, Phase phase)
      : allocator_(ctx.device.allocator()), before_(allocator_.enter_phase(phase)) {}
  ~PhaseScope() { allocator_.enter_phase(before_); }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  CachingAllocator& allocator_;
  Phase before_;
};

}  // namespace revunet
