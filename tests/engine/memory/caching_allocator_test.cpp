#include "engine/memory/caching_allocator.h"

#include <cstring>
#include <map>
#include <numeric>
#include <vector>

#include "engine/error.h"
#include "engine/rng.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Counts live allocations, so that a leak shows.
class CountingResource : public HostResource {
 public:
  void* allocate(size_t bytes) override {
    void* p = HostResource::allocate(bytes);
    out_[p] = bytes;
    return p;
  }
  void deallocate(void* p, size_t bytes) noexcept override {
    CHECK(out_.at(p) == bytes);
    out_.erase(p);
    HostResource::deallocate(p, bytes);
  }
  size_t out() const {
    return std::accumulate(out_.begin(), out_.end(), size_t{0}, [](size_t s, const auto& e) { return s + e.second; });
  }

 private:
  std::map<void*, size_t> out_;
};

}  // namespace

TEST_CASE("requested, allocated, cached and reserved bytes are kept apart") {
  CountingResource resource;
  CachingAllocator allocator(resource);
  auto* a = allocator.allocate(100, Tag::parameter, Lifetime::staying);
  CHECK(allocator.stats().requested == 100);
  CHECK(allocator.stats().allocated == 512);
  CHECK(allocator.stats().reserved == 2 * kMiB);
  CHECK(allocator.stats().cached() == 2 * kMiB - 512);
  CHECK(resource.out() == allocator.stats().reserved);
  auto* b = allocator.allocate(3 * kMiB + 1, Tag::workspace, Lifetime::passing);
  CHECK(allocator.stats().allocated == 512 + 3 * kMiB + 512);
  CHECK(allocator.stats().reserved == 2 * kMiB + 16 * kMiB);
  allocator.free(a);
  allocator.free(b);
  CHECK(allocator.stats().requested == 0);
  CHECK(allocator.stats().allocated == 0);
  CHECK(allocator.stats().reserved == 18 * kMiB);
  allocator.release_cached();
  CHECK(allocator.stats().reserved == 0);
  CHECK(resource.out() == 0);
}

TEST_CASE("a freed block is handed out again, and neighbours merge") {
  CountingResource resource;
  CachingAllocator allocator(resource);
  auto* whole = allocator.allocate(80 * kMiB, Tag::workspace, Lifetime::passing);
  std::byte* data = whole->data;
  allocator.free(whole);
  auto* a = allocator.allocate(40 * kMiB, Tag::workspace, Lifetime::passing);
  auto* b = allocator.allocate(20 * kMiB, Tag::workspace, Lifetime::passing);
  auto* c = allocator.allocate(20 * kMiB, Tag::workspace, Lifetime::passing);
  CHECK(a->data == data);
  CHECK(b->data == data + 40 * kMiB);
  CHECK(c->data == data + 60 * kMiB);
  CHECK(allocator.stats().reserved == 80 * kMiB);
  allocator.free(a);
  allocator.free(c);
  allocator.free(b);  // joins both sides
  auto* again = allocator.allocate(80 * kMiB, Tag::workspace, Lifetime::passing);
  CHECK(again->data == data);
  CHECK(allocator.stats().reserved == 80 * kMiB);
  allocator.free(again);
}

TEST_CASE("the snapshot by tag is taken at the moment of the total peak") {
  HostResource resource;
  CachingAllocator allocator(resource);
  auto* p = allocator.allocate(4 * kMiB, Tag::parameter, Lifetime::staying);
  auto* w = allocator.allocate(6 * kMiB, Tag::workspace, Lifetime::passing);
  allocator.free(w);
  auto* g = allocator.allocate(5 * kMiB, Tag::gradient, Lifetime::staying);
  const MemoryStats& stats = allocator.stats();
  CHECK(stats.peak_allocated == 10 * kMiB);
  CHECK(stats.at_peak[static_cast<size_t>(Tag::parameter)] == 4 * kMiB);
  CHECK(stats.at_peak[static_cast<size_t>(Tag::workspace)] == 6 * kMiB);
  CHECK(stats.at_peak[static_cast<size_t>(Tag::gradient)] == 0);
  CHECK(stats.peak_by_tag[static_cast<size_t>(Tag::gradient)] == 5 * kMiB);
  CHECK(stats[Tag::workspace] == 0);
  allocator.reset_peak();
  CHECK(stats.peak_allocated == 9 * kMiB);
  CHECK(stats.at_peak[static_cast<size_t>(Tag::gradient)] == 5 * kMiB);
  allocator.free(p);
  allocator.free(g);
}

TEST_CASE("on refusal cached segments are released, then the request fails with a report") {
  HostResource host;
  CachingAllocator allocator(host);
  allocator.set_limit(160 * kMiB);
  auto* a = allocator.allocate(60 * kMiB, Tag::workspace, Lifetime::passing);
  allocator.enter_layer(allocator.layer("the pool"));
  auto* b = allocator.allocate(60 * kMiB, Tag::saved_activation, Lifetime::staying);
  allocator.enter_layer(allocator.layer("the convolution"));
  allocator.free(a);
  auto* c =
      allocator.allocate(100 * kMiB, Tag::workspace, Lifetime::passing);  // fits only once a's segment is given back
  CHECK(allocator.stats().reserved == 160 * kMiB);
  try {
    allocator.allocate(2 * kMiB, Tag::gradient, Lifetime::staying);
    FAIL("expected no memory for it");
  } catch (const OutOfMemoryError& e) {
    CHECK(e.capacity == 160 * kMiB);
    const std::string message = e.what();
    CHECK_THAT(message, Catch::Matchers::ContainsSubstring(
                            "expected 2.0 MiB for gradient in the convolution, got none: 160.0 MiB are "
                            "allocated and 160.0 MiB reserved; the limit is 160.0 MiB"));
    // The largest tag and the largest layer come first.
    for (const auto& [first, second] :
         {std::pair{"  workspace ", "  saved_activation "}, {"  the conv", "  the pool"}}) {
      CHECK(message.find(first) < message.find(second));
      CHECK(message.find(second) != std::string::npos);
    }
  }
  CHECK(allocator.stats().allocated == 160 * kMiB);  // the failed request left nothing behind
  allocator.free(b);
  allocator.free(c);
}

TEST_CASE("a request whose shared segment is refused gets one of its own") {
  HostResource host;
  CachingAllocator allocator(host);
  allocator.set_limit(8 * kMiB);
  auto* a = allocator.allocate(3 * kMiB, Tag::parameter, Lifetime::staying);
  CHECK(allocator.stats().reserved == 4 * kMiB);
  allocator.free(a);
}

TEST_CASE("what stays leaves larger blocks for larger requests, unless there is nothing else") {
  HostResource host;
  CachingAllocator allocator(host);
  allocator.set_limit(150 * kMiB);
  auto* large = allocator.allocate(100 * kMiB, Tag::saved_activation, Lifetime::staying);
  auto* other = allocator.allocate(20 * kMiB, Tag::saved_activation, Lifetime::staying);
  std::byte* data = large->data;
  allocator.free(large);
  auto* little = allocator.allocate(20 * kMiB, Tag::sequence_output, Lifetime::staying);  // a segment of its own
  CHECK(allocator.stats().reserved == 140 * kMiB);
  large = allocator.allocate(90 * kMiB, Tag::saved_activation, Lifetime::staying);
  CHECK(large->data == data);
  CHECK(allocator.stats().reserved == 140 * kMiB);
  allocator.free(other);
  allocator.free(little);
  allocator.free(large);
  auto* b = allocator.allocate(81 * kMiB, Tag::saved_activation, Lifetime::staying);
  auto* scratch = allocator.allocate(40 * kMiB, Tag::workspace, Lifetime::passing);  // releases what is free
  CHECK(allocator.stats().reserved == 140 * kMiB);
  auto* last = allocator.allocate(12 * kMiB, Tag::input,
                                  Lifetime::staying);  // no room for a segment: the rest of the 100 MiB after all
  CHECK(last->data == data + 81 * kMiB);
  allocator.free(last);
  allocator.free(b);
  allocator.free(scratch);
}

TEST_CASE("a request of any size and lifetime gets the same memory again once it was freed") {
  for (const Lifetime lifetime : {Lifetime::staying, Lifetime::passing}) {
    for (size_t bytes = 1; bytes < 20 * kMiB; bytes += 37'649) {  // over all pools and roundings
      CountingResource resource;
      CachingAllocator allocator(resource);
      allocator.free(allocator.allocate(bytes, Tag::other, lifetime));
      const size_t reserved = allocator.stats().reserved;
      allocator.free(allocator.allocate(bytes, Tag::other, lifetime));
      INFO(bytes << " bytes, " << (lifetime == Lifetime::staying ? "staying" : "passing"));
      REQUIRE(allocator.stats().reserved == reserved);
    }
  }
}

TEST_CASE("memory of what stayed serves what passes once it is wholly free, if it fits well") {
  CountingResource resource;
  CachingAllocator allocator(resource);
  auto* kept = allocator.allocate(100 * kMiB, Tag::saved_activation, Lifetime::staying);
  std::byte* const place = kept->data;
  allocator.free(kept);
  auto* passing = allocator.allocate(90 * kMiB, Tag::backward_scratch, Lifetime::passing);
  CHECK(passing->data == place);
  CHECK(allocator.stats().reserved == 100 * kMiB);
  allocator.free(passing);
  // It also goes the other way, but not where more than a quarter of the request would be left over.
  auto* staying = allocator.allocate(80 * kMiB, Tag::sequence_output, Lifetime::staying);
  CHECK(staying->data == place);
  CHECK(allocator.stats().reserved == 100 * kMiB);
  allocator.free(allocator.allocate(100 * kMiB, Tag::forward_scratch, Lifetime::passing));
  CHECK(allocator.stats().reserved == 200 * kMiB);
  allocator.free(allocator.allocate(70 * kMiB, Tag::sequence_output, Lifetime::staying));
  CHECK(allocator.stats().reserved == 270 * kMiB);
  allocator.free(staying);
}

TEST_CASE("a frugal allocator gives cached segments back before it reserves more than ever before") {
  CountingResource resource;
  CachingAllocator allocator(resource);
  allocator.set_frugal(true);
  const auto cycle = [&] {
    auto* a = allocator.allocate(100 * kMiB, Tag::sequence_output, Lifetime::staying);
    allocator.free(a);
    auto* b = allocator.allocate(40 * kMiB, Tag::workspace, Lifetime::passing);
    auto* c = allocator.allocate(50 * kMiB, Tag::input, Lifetime::staying);
    allocator.free(b);
    allocator.free(c);
  };
  cycle();
  CHECK(allocator.stats().peak_reserved == 100 * kMiB);  // 190 without it
  cycle();
  CHECK(allocator.stats().peak_reserved == 100 * kMiB);
  CHECK(resource.out() == allocator.stats().reserved);
  allocator.release_cached();
}

TEST_CASE("where a large block lies follows from its lifetime, whatever its tag") {
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    INFO(name_of(static_cast<Tag>(tag)));
    CountingResource resource;
    CachingAllocator allocator(resource);
    const auto allocate = [&](size_t mib, Lifetime lifetime) {
      return allocator.allocate(mib * kMiB, static_cast<Tag>(tag), lifetime);
    };
    // This is a segment of 100 MiB for what passes, of which half is in use.
    auto* first = allocate(100, Lifetime::passing);
    allocator.free(first);
    first = allocate(50, Lifetime::passing);
    auto* staying = allocate(50, Lifetime::staying);  // not in the other half
    CHECK(allocator.stats().reserved == 150 * kMiB);
    auto* passing = allocate(50, Lifetime::passing);  // there
    CHECK(allocator.stats().reserved == 150 * kMiB);
    for (auto* block : {first, staying, passing}) allocator.free(block);
  }
}

TEST_CASE("what is reused does not depend on the addresses that the resource hands out") {
  // This is like SimulatedResource, but its addresses descend.
  class Descending : public MemoryResource {
   public:
    void* allocate(size_t bytes) override { return reinterpret_cast<void*>(next_ -= bytes); }
    void deallocate(void*, size_t) noexcept override {}
    DeviceKind kind() const override { return DeviceKind::meta; }

   private:
    uintptr_t next_ = uintptr_t{1} << 46;
  };
  const auto reserved_on = [](MemoryResource& resource) {
    CachingAllocator allocator(resource);
    const auto scratch = [&](size_t mib) {
      return allocator.allocate(mib * kMiB, Tag::backward_scratch, Lifetime::passing);
    };
    allocator.free(scratch(40));
    std::vector<CachingAllocator::Block*> blocks = {scratch(20), scratch(20), scratch(20)};
    allocator.free(blocks[1]);
    allocator.free(blocks[2]);
    blocks = {blocks[0], scratch(20), allocator.allocate(20 * kMiB, Tag::saved_activation, Lifetime::staying)};
    const size_t reserved = allocator.stats().reserved;
    for (auto* block : blocks) allocator.free(block);
    return reserved;
  };
  SimulatedResource ascending;
  Descending descending;
  // The older segment is filled again, and the newer one, wholly free, goes to what stays.
  CHECK(reserved_on(ascending) == 60 * kMiB);
  CHECK(reserved_on(descending) == 60 * kMiB);
}

TEST_CASE("random allocations never overlap and are all given back") {
  CountingResource resource;
  {
    CachingAllocator allocator(resource);
    struct Live {
      CachingAllocator::Block* block;
      int fill;
    };
    std::vector<Live> live;
    Rng rng(1);
    for (int step = 0; step < 3000; ++step) {
      if (live.size() < 40 && rng.uniform() < 0.6) {
        const auto bytes = static_cast<size_t>(std::exp2(rng.uniform(0, 22)));
        const auto tag = static_cast<Tag>(rng.below(kTagCount));
        live.push_back({allocator.allocate(bytes, tag, static_cast<Lifetime>(rng.below(2))), step % 251});
        std::memset(live.back().block->data, live.back().fill, bytes);
        REQUIRE(reinterpret_cast<uintptr_t>(live.back().block->data) % kAllocationAlignment == 0);
      } else if (!live.empty()) {
        const auto i = static_cast<size_t>(rng.below(static_cast<int64_t>(live.size())));
        const auto [block, fill] = live[i];
        const auto* first = reinterpret_cast<const unsigned char*>(block->data);
        REQUIRE(std::all_of(first, first + block->requested, [&](unsigned char v) { return v == fill; }));
        allocator.free(block);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(i));
      }
      const MemoryStats& s = allocator.stats();
      size_t requested = 0, allocated = 0;
      for (const Live& l : live) requested += l.block->requested, allocated += l.block->size;
      REQUIRE(s.requested == requested);
      REQUIRE(s.allocated == allocated);
      REQUIRE(std::accumulate(s.by_tag.begin(), s.by_tag.end(), size_t{0}) == allocated);
      REQUIRE(s.reserved == resource.out());
    }
    for (const Live& l : live) allocator.free(l.block);
  }
  CHECK(resource.out() == 0);
}
