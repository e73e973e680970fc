// Tests amounts of memory in options: their units, and what is refused because it has none.
#include "io/text/byte_count.h"
#include "engine/error.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("bytes have the units that people write, of 1000 or of 1024", "[options]") {
  CHECK(io::parse_bytes("0") == 0);
  CHECK(io::parse_bytes("8GiB") == 8'589'934'592);
  CHECK(io::parse_bytes("8 gib") == 8'589'934'592);
  CHECK(io::parse_bytes("8Gi") == 8'589'934'592);
  CHECK(io::parse_bytes("1.5GiB") == 1'610'612'736);
  CHECK(io::parse_bytes("6646MB") == 6'646'000'000);
  CHECK(io::parse_bytes("6646m") == 6'646'000'000);
  CHECK(io::parse_bytes("2TB") == 2'000'000'000'000);
  CHECK(io::parse_bytes("1048576B") == 1'048'576);
  // config.toml has them without a unit, and to the last byte.
  CHECK(io::parse_bytes("33554432") == 33'554'432);
  CHECK(io::parse_bytes("9007199254740993") == 9'007'199'254'740'993);
}

TEST_CASE("a number of bytes whose unit was forgotten is refused with what was meant", "[options]") {
  for (const char* text : {"8", "8B", "1023KiB"}) {
    CHECK_THROWS_WITH(io::parse_bytes(text), ContainsSubstring("at least 1MiB") && ContainsSubstring("KiB, MiB, GiB"));
  }
  CHECK_THROWS_WITH(io::parse_bytes("8"), ContainsSubstring("got 8 bytes; did you mean 8GiB?"));
  for (const char* text : {"", "much", "-1", "-8GiB", "nan", "inf", "1e308", "8XB", "8GiBs", "8iB", "GiB", "8GiB,8GiB",
                           "0x10000000", "18446744073709551616", "99999999999999999999GiB", "4611686018427387904"}) {
    INFO(text);
    CHECK_THROWS_AS(io::parse_bytes(text), UsageError);
  }
}
