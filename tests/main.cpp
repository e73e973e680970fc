#define CATCH_CONFIG_RUNNER  // for generation 2 of Catch2; generation 3 takes its own header
#include "tests/support/catch.h"
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#endif

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
  Catch::Session session;
#if !__has_include(<catch2/catch_session.hpp>)
  // Generation 3 fails by itself where no test has the name that is asked for, for example after CTest has cut one in
  // two.
  session.configData().warnings = Catch::WarnAbout::NoTests;
#endif
  const int failed = session.run(argc, argv);
  if (failed != 0) return 1;  // not the number of failures, which could be kSkipped
  return skipped ? revunet::test::kSkipped : 0;
}
