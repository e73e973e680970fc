// Tests how a run was started: the line of train.log, written and read.

#include "models/training/run_folder/run_start.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

TEST_CASE("the line of a run's start is one line that a shell takes, and is read back", "[train]") {
  const RunStart start = this_start(
      "revunet-train 0.1.0", {"build/bin/revunet-train", "--data", "my data", "--out", "it's", "--labels=x\ny", ""},
      true, "brats2024");
  CHECK(start.command == "build/bin/revunet-train --data 'my data' --out 'it'\\''s' '--labels=x?y' ''");
  const std::string line = describe(start);
  CHECK_THAT(line, StartsWith("resumed on ") && ContainsSubstring(" by revunet-train ") &&
                       ContainsSubstring(", labels brats2024: build/bin/revunet-train "));
  const auto read = starts_in("2026-11-28 09:05:00 epoch 1/2  loss\n2026-11-28 09:05:00 " + line + "\nresumed on x\n");
  REQUIRE(read.size() == 1);
  CHECK(read[0].resumed);
  CHECK(read[0].date == "2026-11-28 09:05:00");
  CHECK(read[0].host == start.host);
  CHECK(read[0].program == start.program);
  CHECK(read[0].labels == "brats2024");
  CHECK(read[0].command == start.command);
}
