// Tests what processes tell each other through MPI, and that none of them waits for ever.
#include <chrono>
#include <tuple>

#include "tests/support/catch.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"

using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Starts processes of peer.cpp.
ToolResult run_peers(int count, const std::string& scenario) {
  return run_limited(fmt::format("mpirun -n {} '{}' {}", count, peer_program(), scenario), 60);
}

}  // namespace

TEST_CASE("sums of processes have the bits of adding one after the other, and texts arrive", "[distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  for (const int count : {1, 2, 3, 4}) {
    for (const char* scenario : {"sums", "gathers", "agreements"}) {
      const ToolResult got = run_peers(count, scenario);
      INFO(count << " processes, " << scenario << ": " << got.output << got.errors);
      CHECK(got.exit_code == 0);
      CHECK_THAT(got.output, ContainsSubstring(fmt::format("rank {} of {}", count - 1, count)));
    }
  }
}

TEST_CASE("where a process is killed, stops or fails, all end within 30 s, and none with success", "[distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  // mpirun names a process that a signal has ended, and hands on the exit code of one that aborts.
  for (const auto& [scenario, message, code] : {std::tuple{"killed", "exited on signal 9", 137},
                                                {"stopped", "nothing was heard from rank 2 on", 1},
                                                {"aborts", "", 3},
                                                {"aborts in a sum", "", 3}}) {
    const auto begin = std::chrono::steady_clock::now();
    const ToolResult got = run_peers(3, fmt::format("'{}'", scenario));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    INFO(scenario << ": " << got.output << got.errors);
    CHECK(got.exit_code == code);
    CHECK(elapsed.count() < 30);
    CHECK_THAT(got.errors, ContainsSubstring(message));
  }
}
