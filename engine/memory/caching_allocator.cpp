#include "engine/memory/caching_allocator.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace revunet {

namespace {

constexpr size_t kMiB = size_t{1} << 20;
// Requests up to this size share segments, so that a bias of 240 bytes does not cost a segment of its own.
constexpr size_t kSmallRequest = kMiB;
constexpr size_t kSmallSegment = 2 * kMiB;
// Large segments are rounded to this, so that the resource hands back few distinct sizes.
constexpr size_t kLargeSegmentRounding = 2 * kMiB;

size_t round_up(size_t bytes, size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

double mib(size_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kMiB);
}

}  // namespace

std::string peak_report(const MemoryStats& stats) {
  std::vector<size_t> order(kTagCount);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return stats.at_peak[i]; });
  std::string report = fmt::format("peak {:.1f} MiB allocated, {:.1f} MiB reserved", mib(stats.peak_allocated),
                                   mib(stats.peak_reserved));
  for (const size_t i : order) {
    if (stats.at_peak[i]) report += fmt::format("\n  {:<18}{:>10.1f} MiB", kTagNames[i], mib(stats.at_peak[i]));
  }
  return report;
}

CachingAllocator::~CachingAllocator() {
  release_cached();
}

CachingAllocator::Block* CachingAllocator::allocate(size_t bytes, Tag tag) {
  const size_t size = round_up(std::max<size_t>(bytes, 1), kAllocationAlignment);
  const bool small = size <= kSmallRequest;
  FreeBlocks& pool = small ? free_small_ : free_large_;

  Block key{};
  key.size = size;
  const auto found = pool.lower_bound(&key);
  Block* block = nullptr;
  if (found != pool.end()) {
    block = *found;
    pool.erase(found);
  } else {
    block = new_segment(size, small);
    if (!block) {
      release_cached();
      block = new_segment(size, small);
    }
    REVUNET_EXPECTS(block, OutOfMemoryError,
                    "[memory] expected {:.1f} MiB for {}, but the device refused with {:.1f} MiB allocated and {:.1f} "
                    "MiB reserved; use a smaller --size or --patch, fewer --channels or the reversible model\n{}",
                    mib(bytes), name_of(tag), mib(stats_.allocated), mib(stats_.reserved), peak_report(stats_));
  }
  if (block->size > size) split(block, size);
  block->free = false;
  block->requested = bytes;
  block->tag = tag;
  ASAN_UNPOISON_MEMORY_REGION(block->data, bytes);
  account(*block);
  return block;
}

void CachingAllocator::free(Block* block) noexcept {
  stats_.requested -= block->requested;
  stats_.allocated -= block->size;
  stats_.by_tag[static_cast<size_t>(block->tag)] -= block->size;
  ASAN_POISON_MEMORY_REGION(block->data, block->size);
  block->free = true;
  block->requested = 0;

  FreeBlocks& pool = block->segment->small ? free_small_ : free_large_;
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
    (segment->small ? free_small_ : free_large_).erase(&first);
    ASAN_UNPOISON_MEMORY_REGION(segment->data, segment->size);
    resource_.deallocate(segment->data, segment->size);
    stats_.reserved -= segment->size;
    segment = segments_.erase(segment);
  }
}

void CachingAllocator::reset_peak() {
  stats_.peak_requested = stats_.requested;
  stats_.peak_allocated = stats_.allocated;
  stats_.peak_reserved = stats_.reserved;
  stats_.peak_by_tag = stats_.at_peak = stats_.by_tag;
}

CachingAllocator::Block* CachingAllocator::new_segment(size_t bytes, bool small) {
  const size_t size = small ? kSmallSegment : round_up(bytes, kLargeSegmentRounding);
  void* data = resource_.allocate(size);
  if (!data) return nullptr;
  ASAN_POISON_MEMORY_REGION(data, size);
  Segment& segment = segments_.emplace_back(Segment{data, size, small, {}});
  Block& block =
      segment.blocks.emplace_back(Block{static_cast<std::byte*>(data), size, 0, Tag::other, true, &segment, {}});
  block.self = segment.blocks.begin();
  stats_.reserved += size;
  stats_.peak_reserved = std::max(stats_.peak_reserved, stats_.reserved);
  return &block;
}

void CachingAllocator::split(Block* block, size_t bytes) {
  std::list<Block>& blocks = block->segment->blocks;
  const auto rest = blocks.insert(
      std::next(block->self), Block{block->data + bytes, block->size - bytes, 0, Tag::other, true, block->segment, {}});
  rest->self = rest;
  block->size = bytes;
  (block->segment->small ? free_small_ : free_large_).insert(&*rest);
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
  stats_.peak_requested = std::max(stats_.peak_requested, stats_.requested);
  stats_.peak_by_tag[tag] = std::max(stats_.peak_by_tag[tag], stats_.by_tag[tag]);
  if (stats_.allocated > stats_.peak_allocated) {
    stats_.peak_allocated = stats_.allocated;
    stats_.at_peak = stats_.by_tag;
  }
}

}  // namespace revunet
