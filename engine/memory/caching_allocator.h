// A caching allocator: freed blocks stay in their segments and are handed out again.
//
// Rule: not thread-safe. One Context, one thread, one stream; a block freed in program order may be reused by the next
// allocation, because work on the one stream runs in that order too.
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

// All in bytes. requested: what callers asked for. allocated: the same, rounded up to kAllocationAlignment.
// reserved: segments taken from the resource. cached: reserved - allocated, free for reuse.
struct MemoryStats {
  size_t requested = 0, allocated = 0, reserved = 0;
  size_t peak_requested = 0, peak_allocated = 0, peak_reserved = 0;
  std::array<size_t, kTagCount> by_tag{};       // allocated now
  std::array<size_t, kTagCount> peak_by_tag{};  // each tag's own peak
  std::array<size_t, kTagCount> at_peak{};      // by tag at the moment of peak_allocated: sums to it
  size_t cached() const { return reserved - allocated; }
  size_t operator[](Tag tag) const { return by_tag[static_cast<size_t>(tag)]; }
};

// How long the caller keeps a block. Large blocks of the two kinds lie in segments of their own.
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

  // Never returns nullptr. Contents are unspecified. When the resource refuses, cached segments are released, then a
  // segment for this request alone is asked for, then a larger free block than is good is split; then OutOfMemoryError,
  // with the request, what the device has, and what is allocated by tag and by layer.
  Block* allocate(size_t bytes, Tag tag, Lifetime lifetime);
  void free(Block* block) noexcept;

  // Never reserves more than this; by default, what the resource has.
  void set_limit(size_t bytes) { limit_ = bytes; }

  // Gives segments that are wholly free back to the resource.
  void release_cached() noexcept;

  // Names what allocations from now on belong to, and returns what they belonged to before. Use LayerScope.
  uint32_t enter_layer(uint32_t layer) { return std::exchange(layer_, layer); }
  uint32_t current_layer() const { return layer_; }
  uint32_t layer(std::string_view name);
  // Likewise the phase: use PhaseScope.
  Phase enter_phase(Phase phase) { return std::exchange(phase_, phase); }
  const std::string& layer_name(uint32_t layer) const { return layer_names_[layer]; }
  // Allocated bytes by layer at the moment of stats().peak_allocated; they sum to it.
  const std::vector<size_t>& layers_at_peak() const { return layers_at_peak_; }

  // Every event from now on goes to `observer`, which outlives the allocator or is taken away with nullptr.
  void observe(AllocationObserver* observer) { observer_ = observer; }

  const MemoryStats& stats() const { return stats_; }
  // Peaks start anew from what is allocated now.
  void reset_peak();

 private:
  // Then by age of the segment: addresses come from the resource, and what is reused must not depend on them.
  struct BySizeThenPlace {
    bool operator()(const Block* a, const Block* b) const;
  };
  using FreeBlocks = std::set<Block*, BySizeThenPlace>;

  // The smallest free block of at least `size` bytes, no longer listed as free; or nullptr. well_fitting:
  // nor one that should be left for a larger request.
  Block* take_free(size_t pool, size_t size, bool well_fitting);
  // A wholly free segment of at most 1.25 `size` bytes, or as large as one made for `size`, from the other pool of
  // large requests: what stays and what passes have their peaks at different times of a step. A segment that fits worse
  // would have its rest pinned. Or nullptr.
  Block* adopt_segment(size_t pool, size_t size);
  Block* new_segment(size_t bytes, size_t pool);
  void* take_memory(size_t bytes);
  [[noreturn]] void refuse(size_t bytes, Tag tag) const;
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
