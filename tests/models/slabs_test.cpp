// Tests how a volume is cut into slabs.
#include "models/slabs.h"

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("slabs cover every plane once, and each reads the planes next to it and as many as the others") {
  for (int64_t D = 21; D <= 320; ++D) {
    CAPTURE(D);
    const std::vector<Slab> slabs = slabs_of(D);
    CHECK(slabs.size() >= 2);
    CHECK(slabs.size() <= 12);
    int64_t next = 0, read = 0;
    for (const Slab& slab : slabs) {
      CHECK(slab.first == next);
      CHECK(slab.count > 0);
      next = slab.first + slab.count;
      CHECK(slab.low >= 0);
      CHECK(slab.low <= std::max<int64_t>(0, slab.first - 1));
      CHECK(slab.low + slab.planes <= D);
      CHECK(slab.low + slab.planes >= std::min(D, next + 1));
      CHECK(slab.planes == slabs.front().planes);
      CHECK(2 * slab.planes < D);  // a slab and its sum take less than the whole
      read += slab.planes;
    }
    CHECK(next == D);
    if (D % 16 == 0) CHECK(4 * read <= 5 * D);
  }
  for (int64_t D = 1; D <= 20; ++D) CHECK(slabs_of(D).empty());
}
