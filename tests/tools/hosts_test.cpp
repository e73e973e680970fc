// Tests training on several hosts, which are network namespaces of this machine with TCP between them.
#include <unistd.h>

#include <cstdlib>

#include "tests/support/catch.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/resumed_runs.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr int kLimit = 300;  // seconds, with sanitizers too

class Hosts {
 public:
  explicit Hosts(int count) : name_(fmt::format("h{}", getpid() % 100000)), count_(count) {
    const ToolResult made = run_limited(line("up", std::to_string(count)), kLimit);
    if (made.exit_code != 0) problem_ = made.errors;
  }
  ~Hosts() { (void)std::system(line("down").c_str()); }
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  // Says why there are none, for example for a user without rights.
  const std::string& problem() const { return problem_; }
  std::string line(const std::string& action, const std::string& more = "") const {
    return fmt::format("'{}' {} {} {}", hosts_script(), action, name_, more);
  }
  std::string mpirun(const std::string& command) const { return line("mpirun", fmt::format("{} {}", count_, command)); }

 private:
  std::string name_, problem_;
  int count_;
};

std::string training(const std::string& arguments) {
  return fmt::format("{}/revunet-train {}", tools_dir(), arguments);
}

const std::string kOptions = "--channels 4,8 --size 32,32,32 --val-fraction 0.25 --lr 0.01 --seed 5 --epochs ";

}  // namespace

TEST_CASE("hosts with a network between them train as one process, and end where a link goes down",
          "[train][distributed][hosts]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const Hosts hosts(3);
  if (!hosts.problem().empty()) return skip("hosts of network namespaces cannot be made: " + hosts.problem());
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9), whole = folder / "whole", run = folder / "run";
  REQUIRE(train(data, whole, kOptions + "3 --accumulate 3").exit_code == 0);

  // The run has far more epochs than it can make until the link goes down.
  const std::string start =
      training(fmt::format("--data '{}' --out '{}' {}5000", data.string(), run.string(), kOptions));
  const ToolResult got = run_limited(
      fmt::format("{} & pid=$!; until {} || ! kill -0 $pid; do sleep 0.05; done 2>/dev/null; "
                  "grep -c 'epoch 1/' '{}/train.log'; {}; begin=$SECONDS; wait $pid; code=$?; "
                  "[ $((SECONDS - begin)) -lt 30 ] && echo 'ended in time'; exit $code",
                  hosts.mpirun(start), logged(run, "epoch 1/", 1), run.string(), hosts.line("link", "3 down")),
      kLimit);
  INFO(got.output << got.errors);
  CHECK(got.exit_code != 0);
  CHECK(got.exit_code != kTimedOut);
  CHECK_THAT(got.output, ContainsSubstring("ended in time"));

  REQUIRE(run_limited(hosts.line("link", "3 up"), kLimit).exit_code == 0);
  const fs::path again = folder / "again";
  const std::string first =
      training(fmt::format("--data '{}' --out '{}' {}2", data.string(), again.string(), kOptions));
  const ToolResult trained = run_limited(hosts.mpirun(first), kLimit);
  INFO(trained.output << trained.errors);
  REQUIRE(trained.exit_code == 0);
  CHECK_THAT(trained.output, ContainsSubstring("node1") && ContainsSubstring("node3"));
  REQUIRE(run_limited(hosts.mpirun(training(go_on(again) + " --epochs 3")), kLimit).exit_code == 0);
  expect_same_run(again, whole);
  // What the link cut short goes on, from its last whole checkpoint: three further steps are an epoch.
  const int done = static_cast<int>(column(read_csv(run / "log.csv"), "epoch").size());
  const ToolResult resumed =
      run_limited(hosts.mpirun(training(fmt::format("{} --max-steps {}", go_on(run), 3 * (done + 1)))), kLimit);
  INFO(resumed.output << resumed.errors);
  CHECK(resumed.exit_code == 0);
  CHECK_THAT(resumed.output, ContainsSubstring(fmt::format("resumed in epoch {}", done + 1)));
  CHECK(column(read_csv(run / "log.csv"), "epoch").back() == std::to_string(done + 1));
}
