// The caching allocator keeps freed blocks in their segments and hands them out again.
//
// Rule: it is not thread-safe. It serves one Context, one thread and one stream. The next allocation may reuse a block
// that was freed before it in program order, because work on the one stream runs in that order too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/memory/allocation_observer.h"
#include "engine/memory/resource.h"
#include "engine/memory/tag.h"

namespace revunet {

// All numbers are bytes. requested: what callers asked for. allocated: the same, rounded up to kAllocationAlignment.
// reserved: segments taken from the resource. cached: reserved - allocated, free for reuse.
struct MemoryStats {
  size_t requested = 0, allocated = 0, reserved = 0;
  size_t peak_requested = 0, peak_allocated = 0, peak_reserved = 0;
  std::array<size_t, kTagCount> by_tag{};       // allocated now
  std::array<size_t, kTagCount> peak_by_tag{};  // each tag's own peak
  std::array<size_t, kTagCount> at_peak{};      // by tag at the moment of peak_allocated, which is their sum
  size_t cached() const { return reserved - allocated; }
  size_t operator[](Tag tag) const { return by_tag[static_cast<size_t>(tag)]; }
};

// A Lifetime says how long the caller keeps a block. Large blocks of the two kinds lie in separate segments.
enum class Lifetime : uint8_t {
  staying,  // most of a step or longer
  passing,  // the work of one layer: scratch and workspace
};

class CachingAllocator {
 public:
  static constexpr size_t kPools = 4;  // by size and lifetime of a request

  struct Segment;
  struct Block {
    std::byte* data;
    size_t size;       // rounded
    size_t requested;  // as asked; 0 while free
    Tag tag;
    uint32_t layer;
    bool free;
    Segment* segment;
    std::list<Block>::iterator self;  // neighbours in the segment are neighbours in its list
  };

  explicit CachingAllocator(MemoryResource& resource) : resource_(resource) {}
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  // Never returns nullptr. The contents are unspecified. When the resource refuses, the allocator tries three things in
  // order: it releases cached segments, asks for a segment for this request alone, and splits a larger free block than
  // is good. If all fail it throws OutOfMemoryError, with the request, the device's capacity, and what is allocated by
  // tag and by layer.
  Block* allocate(size_t bytes, Tag tag, Lifetime lifetime);
  void free(Block* block) noexcept;

  // Sets the most bytes to reserve. By default this is what the resource has.
  void set_limit(size_t bytes) { limit_ = bytes; }

  // A frugal allocator gives cached segments back before it reserves more than ever before. It reserves less where
  // blocks of other sizes are wanted at other times, and goes to the resource a few times a step.
  void set_frugal(bool frugal) { frugal_ = frugal; }

  // Throws OutOfMemoryError for a library that found no memory of its own on the device, outside this allocator.
  [[noreturn]] void refuse_library(std::string_view library) const;

  // Gives segments that are wholly free back to the resource.
  void release_cached() noexcept;

  // Names the layer that allocations belong to from now on, and returns the one before. Use LayerScope.
  uint32_t enter_layer(uint32_t layer) { return std::exchange(layer_, layer); }
  uint32_t current_layer() const { return layer_; }
  uint32_t layer(std::string_view name);
  // Does the same for the phase. Use PhaseScope.
  Phase enter_phase(Phase phase) { return std::exchange(phase_, phase); }
  const std::string& layer_name(uint32_t layer) const { return layer_names_[layer]; }
  // Returns the allocated bytes by layer at the moment of stats().peak_allocated, which is their sum.
  const std::vector<size_t>& layers_at_peak() const { return layers_at_peak_; }

  // Reports every event from now on to `observer`. It outlives the allocator, or is removed by passing nullptr.
  void observe(AllocationObserver* observer) { observer_ = observer; }

  const MemoryStats& stats() const { return stats_; }
  // Restarts the peaks from what is allocated now.
  void reset_peak();

 private:
  // Blocks of equal size are ordered by the age of their segment. They are not ordered by address, because addresses
  // come from the resource, and the choice of a block must not depend on them.
  struct BySizeThenPlace {
    bool operator()(const Block* a, const Block* b) const;
  };
  using FreeBlocks = std::set<Block*, BySizeThenPlace>;

  // Takes the smallest free block of at least `size` bytes off the list of free blocks, or returns nullptr. With
  // well_fitting, it leaves blocks that should be kept for a larger request.
  Block* take_free(size_t pool, size_t size, bool well_fitting);
  // Takes a wholly free segment from the other pool of large requests, or returns nullptr. The segment has at most 1.25
  // `size` bytes, or is as large as one made for `size`: the rest of a larger segment would be pinned. The two pools
  // can lend to each other because they have their peaks at different times of a step.
  Block* adopt_segment(size_t pool, size_t size);
  Block* new_segment(size_t bytes, size_t pool);
  void* take_memory(size_t bytes);
  [[noreturn]] void refuse(const std::string& request) const;
  void split(Block* block, size_t bytes);
  Block* merge_with_next(Block* block);
  void account(const Block& block);
  void tell(AllocationEvent::Kind kind, const void* data, size_t size, const Block* block = nullptr,
            bool reused = false, bool split = false) noexcept;

  MemoryResource& resource_;
  std::list<Segment> segments_;
  std::array<FreeBlocks, kPools> free_;
  MemoryStats stats_;
  size_t limit_ = ~size_t{0};
  bool frugal_ = false;
  size_t most_reserved_ = 0;  // so far
  uint32_t layer_ = 0;
  Phase phase_ = Phase::setup;
  std::vector<std::string> layer_names_ = {"none"};
  std::vector<size_t> by_layer_ = {0}, layers_at_peak_ = {0};
  AllocationObserver* observer_ = nullptr;
  uint64_t segments_made_ = 0;
};

struct CachingAllocator::Segment {
  void* data;
  size_t size;
  size_t pool;
  uint64_t number;          // in the order in which segments were made
  std::list<Block> blocks;  // in address order, covering the segment
};

}  // namespace revunet
