// What every op is handed: the device, the tape (nullptr: inference), and the tag and the lifetime of the memory that
// it returns.
#pragma once

#include "engine/device.h"
#include "engine/memory/tag.h"

namespace revunet {

class Tape;

struct Context {
  Device& device;
  Tape* tape = nullptr;
  Tag tag = Tag::other;
  Lifetime lifetime = Lifetime::staying;

  // Whoever says what memory is for says how long it is kept too.
  Context with_tag(Tag t, Lifetime kept = Lifetime::staying) const { return {device, tape, t, kept}; }
  // For memory that one call of an op works with and gives back.
  Context for_workspace() const { return with_tag(Tag::workspace, Lifetime::passing); }
  Context with_tape(Tape* t) const { return {device, t, tag, lifetime}; }
  Context without_tape() const { return with_tape(nullptr); }
};

// While it lives, allocations belong to the layer `name`: the tape node that they are made for, or "parameters",
// "input" and the like.
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

// While it lives, allocation events are of this phase.
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
