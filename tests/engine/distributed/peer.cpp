// peer is one of the processes that the tests of communicators start: `mpirun -n N peer SCENARIO`. It prints what it
// finds, and ends with exit code 0 where that is right.
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "engine/distributed/agreement.h"
#include "engine/distributed/mpi.h"
#include "engine/error.h"
#include "engine/rng.h"

using namespace revunet;

namespace {

// Returns values whose sums depend on the order in which they are added.
std::vector<float> values_of(int rank, size_t count) {
  std::vector<float> values(count);
  uint64_t state = splitmix64(static_cast<uint64_t>(rank) + 1);
  for (float& value : values) {
    state = splitmix64(state);
    const double unit = static_cast<double>(state >> 11) / 9007199254740992.0 - 0.5;  // 2^53
    value = static_cast<float>(unit * static_cast<double>(1 << (state % 12)));
  }
  return values;
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Compares sums with those of one process that adds one after the other.
int sums(Communicator& processes) {
  int wrong = 0;
  for (int contributors = 1; contributors <= processes.size(); ++contributors) {
    std::vector<std::vector<float>> buffers, wanted;
    for (const size_t count : {size_t{1}, size_t{65536}, size_t{65537}, size_t{300000}}) {
      std::vector<float> sum = values_of(0, count);
      for (int r = 1; r < contributors; ++r) {
        const std::vector<float> more = values_of(r, count);
        for (size_t v = 0; v < count; ++v) sum[v] = sum[v] + more[v];
      }
      wanted.push_back(sum);
      buffers.push_back(values_of(processes.rank(), count));
    }
    // The buffers are the parts of one sum, and each is a sum of its own.
    std::vector<float> staging(500'000);
    if (contributors % 2 == 0) {
      processes.begin_sum({buffers.begin(), buffers.end()}, staging, contributors).get();
    } else {
      std::vector<std::vector<float>> own_staging(buffers.size(), staging);
      std::vector<std::future<void>> sums;
      for (size_t i = 0; i < buffers.size(); ++i) {
        sums.push_back(processes.begin_sum({buffers[i]}, own_staging[i], contributors));
      }
      for (std::future<void>& sum : sums) sum.get();
    }
    for (size_t i = 0; i < buffers.size(); ++i) wrong += !same_bytes(buffers[i], wanted[i]);
  }
  return wrong;
}

int gathers(Communicator& processes) {
  int wrong = 0;
  for (int round = 0; round < 50; ++round) {
    const auto text_of = [&](int rank) { return std::string(static_cast<size_t>((rank * 7 + round) % 40), 'a'); };
    const std::vector<std::string> texts = processes.gather(text_of(processes.rank()));
    wrong += texts.size() != static_cast<size_t>(processes.size());
    for (int r = 0; r < processes.size(); ++r) wrong += texts.at(static_cast<size_t>(r)) != text_of(r);
  }
  return wrong;
}

// A failure of one is one of all, with the same kind and the same words.
int agreements(Communicator& processes) {
  int wrong = 0;
  const auto caught = [&](auto act) -> std::string {
    try {
      act();
      return "nothing";
    } catch (const DataError& e) {
      return fmt::format("data: {}", e.what());
    } catch (const UsageError& e) {
      return fmt::format("usage: {}", e.what());
    }
  };
  const int last = processes.size() - 1;
  const std::string of_last = caught([&] {
    agree(&processes, [&] {
      if (processes.rank() == last) throw DataError("[file] is bad");
    });
  });
  const std::string alone = "data: [file] is bad";
  const std::string told = fmt::format("data: rank {} of {} on {}: [file] is bad", last, last + 1, host_name());
  wrong += of_last != (last == 0 ? alone : told);
  wrong += caught([&] { agree(&processes, [&] { throw UsageError("[all] is wrong"); }); }) != "usage: [all] is wrong";
  wrong += caught([&] { agree(&processes, [] {}); }) != "nothing";
  wrong += any_of(&processes, processes.rank() == last) != true;
  wrong += any_of(&processes, false) != false;
  return wrong;
}

// The last rank stops without a word: by kill -9, or as a host does whose network is down.
int loss(Communicator& processes, int signal) {
  processes.gather("");
  if (processes.rank() + 1 == processes.size()) ::kill(getpid(), signal);
  processes.gather("");  // never returns
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string scenario = argc > 1 ? argv[1] : "";
  const std::unique_ptr<Communicator> processes = launched_by_mpi() ? join_mpi() : sole_process();
  std::printf("rank %d of %d\n", processes->rank(), processes->size());
  std::fflush(stdout);
  if (scenario == "sums") return sums(*processes);
  if (scenario == "gathers") return gathers(*processes);
  if (scenario == "killed") return loss(*processes, SIGKILL);
  if (scenario == "stopped") return loss(*processes, SIGSTOP);
  if (scenario == "agreements") return agreements(*processes);
  if (scenario == "aborts") {
    if (processes->rank() == 0) processes->abort(3);
    processes->gather("");
  }
  if (scenario == "aborts in a sum") {  // of which the others have their part
    std::vector<float> values(1000), staging(1000);
    std::future<void> sum;
    if (processes->rank() > 0) sum = processes->begin_sum({values}, staging, processes->size());
    if (processes->rank() == 1) processes->abort(3);
    if (processes->rank() == 0) processes->gather("");
    sum.get();
  }
  return 1;
}
