#include "engine/memory/caching_allocator.h"

#include <algorithm>
#include <vector>

#include "engine/error.h"
#include "engine/memory/allocation_table.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace revunet {

namespace {

constexpr size_t kMiB = size_t{1} << 20;
// Segments are taken from the resource in multiples of this size, so that few distinct sizes go back and forth.
constexpr size_t kSegmentRounding = 2 * kMiB;

size_t round_up(size_t bytes, size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

constexpr size_t kSmallRequest = kMiB, kSmallSegment = 2 * kMiB;
constexpr size_t kMediumRequest = 4 * kMiB, kMediumSegment = 16 * kMiB;

// Small and medium requests share segments, so that a bias of 240 bytes does not cost a whole one. Large requests have
// segments made for them, in two pools: one for what stays for most of a step, and one for what is soon freed. So a
// small tensor that stays never sits in the middle of memory which a large scratch tensor wants again. Only segments
// that are wholly free move between the two pools.
enum Pool : size_t { small, medium, large_staying, large_passing };

Pool pool_of(size_t size, Lifetime lifetime) {
  if (size <= kSmallRequest) return small;
  if (size <= kMediumRequest) return medium;
  return lifetime == Lifetime::passing ? large_passing : large_staying;
}

size_t segment_size(size_t pool, size_t request) {
  const size_t least = pool == small ? kSmallSegment : pool == medium ? kMediumSegment : request;
  return round_up(least, kSegmentRounding);
}

// A segment made for the request always fits it, however much rounding adds. Otherwise it would never be used again.
bool fits_well(size_t block, size_t request) {
  return block <= std::max(request + request / 4, round_up(request, kSegmentRounding));
}

// Tensors that stay follow the same rule: each takes a block of about its own size. All large ones of a frugal allocator
// do, because it gives larger blocks back.
bool would_fragment(size_t pool, bool frugal, size_t block, size_t request) {
  return (pool == large_staying || (frugal && pool == large_passing)) && !fits_well(block, request);
}

// With AddressSanitizer, an access to free memory is an error.
void poison([[maybe_unused]] const MemoryResource& resource, [[maybe_unused]] void* data,
            [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  if (resource.on_host()) __asan_poison_memory_region(data, bytes);
#endif
}
void unpoison([[maybe_unused]] const MemoryResource& resource, [[maybe_unused]] void* data,
              [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  if (resource.on_host()) __asan_unpoison_memory_region(data, bytes);
#endif
}

}  // namespace

bool CachingAllocator::BySizeThenPlace::operator()(const Block* a, const Block* b) const {
  if (a->size != b->size) return a->size < b->size;
  // A block that is only a size to look up has no segment. It sorts before all others.
  const uint64_t of_a = a->segment ? a->segment->number + 1 : 0, of_b = b->segment ? b->segment->number + 1 : 0;
  return of_a != of_b ? of_a < of_b : a->data < b->data;
}

CachingAllocator::~CachingAllocator() {
  release_cached();
}

CachingAllocator::Block* CachingAllocator::allocate(size_t bytes, Tag tag, Lifetime lifetime) {
  const size_t size = round_up(std::max<size_t>(bytes, 1), kAllocationAlignment);
  const size_t pool = pool_of(size, lifetime);
  Block* block = take_free(pool, size, true);
  if (!block) block = adopt_segment(pool, size);
  const bool reused = block;
  if (!block) block = new_segment(size, pool);
  if (!block) {
    release_cached();
    block = new_segment(size, pool);
  }
  if (!block) block = take_free(pool, size, false);
  if (!block) refuse(fmt::format("{:.1f} MiB for {} in {}", mib(bytes), name_of(tag), layer_names_[layer_]));
  const bool splits = block->size > size;
  if (splits) split(block, size);
  block->free = false;
  block->requested = bytes;
  block->tag = tag;
  block->layer = layer_;
  unpoison(resource_, block->data, bytes);
  account(*block);
  tell(AllocationEvent::Kind::allocate, block->data, block->size, block, reused, splits);
  return block;
}

void CachingAllocator::free(Block* block) noexcept {
  tell(AllocationEvent::Kind::free, block->data, block->size, block);
  stats_.requested -= block->requested;
  stats_.allocated -= block->size;
  stats_.by_tag[static_cast<size_t>(block->tag)] -= block->size;
  by_layer_[block->layer] -= block->size;
  poison(resource_, block->data, block->size);
  block->free = true;
  block->requested = 0;

  FreeBlocks& pool = free_[block->segment->pool];
  std::list<Block>& blocks = block->segment->blocks;
  if (const auto next = std::next(block->self); next != blocks.end() && next->free) {
    pool.erase(&*next);
    merge_with_next(block);
  }
  if (block->self != blocks.begin() && std::prev(block->self)->free) {
    Block* previous = &*std::prev(block->self);
    pool.erase(previous);
    block = merge_with_next(previous);
  }
  pool.insert(block);
}

void CachingAllocator::release_cached() noexcept {
  for (auto segment = segments_.begin(); segment != segments_.end();) {
    Block& first = segment->blocks.front();
    if (!first.free || first.size != segment->size) {
      ++segment;
      continue;
    }
    free_[segment->pool].erase(&first);
    unpoison(resource_, segment->data, segment->size);
    resource_.deallocate(segment->data, segment->size);
    tell(AllocationEvent::Kind::release, segment->data, segment->size);
    stats_.reserved -= segment->size;
    segment = segments_.erase(segment);
  }
}

void CachingAllocator::reset_peak() {
  stats_.peak_requested = stats_.requested;
  stats_.peak_allocated = stats_.allocated;
  stats_.peak_reserved = stats_.reserved;
  stats_.peak_by_tag = stats_.at_peak = stats_.by_tag;
  layers_at_peak_ = by_layer_;
}

CachingAllocator::Block* CachingAllocator::take_free(size_t pool, size_t size, bool well_fitting) {
  Block key{};
  key.size = size;
  const auto found = free_[pool].lower_bound(&key);
  if (found == free_[pool].end() || (well_fitting && would_fragment(pool, frugal_, (*found)->size, size))) return nullptr;
  Block* block = *found;
  free_[pool].erase(found);
  return block;
}

CachingAllocator::Block* CachingAllocator::adopt_segment(size_t pool, size_t size) {
  if (pool != large_staying && pool != large_passing) return nullptr;
  FreeBlocks& others = free_[pool == large_staying ? large_passing : large_staying];
  Block key{};
  key.size = size;
  for (auto found = others.lower_bound(&key); found != others.end() && fits_well((*found)->size, size); ++found) {
    Block* block = *found;
    if (block->size != block->segment->size) continue;
    others.erase(found);
    block->segment->pool = pool;
    return block;
  }
  return nullptr;
}

CachingAllocator::Block* CachingAllocator::new_segment(size_t bytes, size_t pool) {
  size_t size = segment_size(pool, bytes);
  if (frugal_ && stats_.reserved + size > most_reserved_) release_cached();
  void* data = take_memory(size);
  if (!data && size > round_up(bytes, kSegmentRounding)) {  // serves this request alone, with no room to share
    size = round_up(bytes, kSegmentRounding);
    data = take_memory(size);
  }
  if (!data) return nullptr;
  poison(resource_, data, size);
  Segment& segment = segments_.emplace_back(Segment{data, size, pool, segments_made_++, {}});
  Block& block =
      segment.blocks.emplace_back(Block{static_cast<std::byte*>(data), size, 0, Tag::other, 0, true, &segment, {}});
  block.self = segment.blocks.begin();
  tell(AllocationEvent::Kind::segment, data, size);
  stats_.reserved += size;
  stats_.peak_reserved = std::max(stats_.peak_reserved, stats_.reserved);
  most_reserved_ = std::max(most_reserved_, stats_.reserved);
  return &block;
}

void* CachingAllocator::take_memory(size_t bytes) {
  return stats_.reserved + bytes <= limit_ ? resource_.allocate(bytes) : nullptr;
}

void CachingAllocator::refuse_library(std::string_view library) const {
  refuse(fmt::format("memory for {} outside of the allocator (a smaller `memory-limit` leaves more)", library));
}

void CachingAllocator::refuse(const std::string& request) const {
  const auto device = resource_.capacity();
  size_t capacity = device ? stats_.reserved + device->free : 0;
  std::string text;
  if (device)
    text = fmt::format("; the device has {:.1f} MiB, {:.1f} MiB of them free", mib(device->total), mib(device->free));
  if (limit_ != ~size_t{0}) {
    text += fmt::format("; the limit is {:.1f} MiB", mib(limit_));
    capacity = device ? std::min(capacity, limit_) : limit_;
  }
  throw OutOfMemoryError(
      fmt::format("[memory] expected {}, got none: {:.1f} MiB are allocated and {:.1f} MiB reserved{}\n{}", request,
                  mib(stats_.allocated), mib(stats_.reserved), text,
                  allocation_table(stats_.by_tag, layer_names_, by_layer_)),
      capacity);
}

void CachingAllocator::split(Block* block, size_t bytes) {
  std::list<Block>& blocks = block->segment->blocks;
  const auto rest =
      blocks.insert(std::next(block->self),
                    Block{block->data + bytes, block->size - bytes, 0, Tag::other, 0, true, block->segment, {}});
  rest->self = rest;
  block->size = bytes;
  free_[block->segment->pool].insert(&*rest);
}

CachingAllocator::Block* CachingAllocator::merge_with_next(Block* block) {
  const auto next = std::next(block->self);
  block->size += next->size;
  block->segment->blocks.erase(next);
  return block;
}

void CachingAllocator::account(const Block& block) {
  const auto tag = static_cast<size_t>(block.tag);
  stats_.requested += block.requested;
  stats_.allocated += block.size;
  stats_.by_tag[tag] += block.size;
  by_layer_[block.layer] += block.size;
  stats_.peak_requested = std::max(stats_.peak_requested, stats_.requested);
  stats_.peak_by_tag[tag] = std::max(stats_.peak_by_tag[tag], stats_.by_tag[tag]);
  if (stats_.allocated > stats_.peak_allocated) {
    stats_.peak_allocated = stats_.allocated;
    stats_.at_peak = stats_.by_tag;
    layers_at_peak_ = by_layer_;
  }
}

uint32_t CachingAllocator::layer(std::string_view name) {
  const auto found = std::ranges::find(layer_names_, name);
  if (found != layer_names_.end()) return static_cast<uint32_t>(found - layer_names_.begin());
  layer_names_.emplace_back(name);
  by_layer_.push_back(0);
  layers_at_peak_.push_back(0);
  return static_cast<uint32_t>(layer_names_.size() - 1);
}

void CachingAllocator::tell(AllocationEvent::Kind kind, const void* data, size_t size, const Block* block, bool reused,
                            bool split) noexcept {
  if (!observer_) return;
  observer_->on_event({kind, reinterpret_cast<uintptr_t>(data), block ? block->requested : 0, size,
                       block ? block->tag : Tag::other, block ? block->layer : 0, phase_, reused, split});
}

}  // namespace revunet
