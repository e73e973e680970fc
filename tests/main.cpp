#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "tests/support/skip.h"

namespace {

bool skipped = false;

}  // namespace

void revunet::test::skip(const std::string& reason) {
  fmt::print("skipped: {}\n", reason);
  skipped = true;
}

int main(int argc, char** argv) {
  const int failed = Catch::Session().run(argc, argv);
  return failed == 0 && skipped ? revunet::test::kSkipped : failed;
}
