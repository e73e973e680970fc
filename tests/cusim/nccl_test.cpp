// Tests sums of gradients on the CUDA devices of several processes. Each test starts processes of this program by
// mpirun; what each of them does is a hidden test, whose name begins with "rank: ".
//
// Streams are held in turn, so that each runs as late as CUDA allows, and a wait that is missing shows in the values.
#include "tests/cusim/nccl.h"

#include <chrono>
#include <cstring>
#include <filesystem>

#include "engine/cuda/cuda_device.h"
#include "engine/cuda/nccl_communicator.h"
#include "engine/distributed/mpi.h"
#include "engine/rng.h"
#include "models/device/process_device.h"
#include "models/gradient_sum.h"
#include "tests/cusim/held_streams.h"
#include "tests/models/golden_networks.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/skip.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr int kLimit = 120;  // seconds; a run that works takes a few

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

ToolResult run_ranks(int count, const std::string& scenario, const std::string& devices = "0,1,2") {
  return run_limited(fmt::format("export REVUNET_CUSIM_DEVICES='{}'; mpirun -n {} '{}' 'rank: {}'", devices, count,
                                 own_program(), scenario),
                     kLimit);
}

void check_ranks(int count, const std::string& scenario) {
  const ToolResult got = run_ranks(count, scenario);
  INFO(count << " processes: " << got.output << got.errors);
  CHECK(got.exit_code == 0);
}

// Returns values whose sums depend on the order in which they are added.
std::vector<float> values_of(int rank, size_t count) {
  Rng rng(7, static_cast<uint64_t>(rank));
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.normal());
  return values;
}

std::vector<float> sum_of(int contributors, size_t count) {
  std::vector<float> sum = values_of(0, count);
  for (int rank = 1; rank < contributors; ++rank) {
    const std::vector<float> more = values_of(rank, count);
    for (size_t i = 0; i < count; ++i) sum[i] += more[i];
  }
  return sum;
}

std::span<float> span_of(Tensor& x) {
  return {x.data<float>(), static_cast<size_t>(x.elements())};
}

Tensor on_device(const Context& ctx, const std::vector<float>& values) {
  return from_host(ctx, {static_cast<int64_t>(values.size())}, DType::f32, std::span<const float>(values));
}

// A DeviceOfRank is the device of this process, with its sums.
struct DeviceOfRank {
  explicit DeviceOfRank(Communicator& processes)
      : device(cuda::make_device(processes.local_rank())), sums(cuda::make_nccl_communicator(processes, device)) {}
  Device device;
  Context ctx{device};
  std::unique_ptr<Communicator> sums;
};

// Adds up two gradients at once, which backward has just written. Then the optimiser reads them, and their memory and
// that of the staging is given to others.
void check_order(Communicator& processes, Held held) {
  constexpr size_t kCount = 1000;
  const std::vector<float> other(kCount, 7);
  const HeldStreams streams(held);
  DeviceOfRank rank(processes);
  const Context& ctx = rank.ctx;
  for (int round = 0; round < 2; ++round) {  // the second one uses the events of the first again
    CAPTURE(held, round);
    std::array<Tensor, 2> gradients, staging, seen, others;
    std::array<std::future<void>, 2> sums;
    const Tensor source = on_device(ctx, values_of(processes.rank() + round, kCount));
    for (size_t i = 0; i < 2; ++i) {
      gradients[i] = Tensor(ctx, {static_cast<int64_t>(kCount)}, DType::f32);
      staging[i] = Tensor(ctx, {static_cast<int64_t>(kCount)}, DType::f32);
      copy(source, gradients[i]);
      sums[i] = rank.sums->begin_sum({span_of(gradients[i])}, span_of(staging[i]), processes.size());
    }
    for (size_t i = 0; i < 2; ++i) {
      rank.sums->wait(sums[i]);
      seen[i] = clone(ctx, gradients[i]);
      const void* const address = gradients[i].address();
      gradients[i] = Tensor();
      staging[i] = Tensor();
      others[i] = on_device(ctx, other);
      CHECK(others[i].address() == address);
    }
    std::vector<float> expected = values_of(round, kCount);
    for (int r = 1; r < processes.size(); ++r) {
      const std::vector<float> more = values_of(r + round, kCount);
      for (size_t v = 0; v < kCount; ++v) expected[v] += more[v];
    }
    for (size_t i = 0; i < 2; ++i) {
      CHECK(to_host_f32(seen[i]) == expected);
      CHECK(to_host_f32(others[i]) == other);
    }
  }
}

// Runs forward and backward of a golden network's step, whose losses count `share`.
void run_share(const Context& base, UNet& model, const Golden& golden, double share, GradientSum& sum) {
  Tape tape;
  const Context ctx = base.with_tape(&tape);
  const CodedTarget target = target_of(base, golden);
  Variable logits = model.forward(ctx, Variable(golden.activation(base, "input", DType::f32)));
  const Variable losses = sigmoid_dice(ctx, std::move(logits), target.labels, target.table);
  const std::vector<double> seed(3, share);
  tape.backward(ctx, losses, from_host(base, {3}, DType::f32, std::span<const double>(seed)),
                [&](Parameter& p) { sum.complete(p); });
}

// The process of rank r contributes shares[r] of the gradient, where there is such a share.
void check_golden_gradients(Communicator& processes, std::span<const double> shares) {
  const Network& network = tiny_networks().front();
  const Golden golden(network.file);
  DeviceOfRank rank(processes);
  const Context ctx{.device = rank.device, .processes = rank.sums.get()};
  const auto model = make_unet(ctx, network.config, DType::f32, 0);
  load_weights(weights_of(golden), *model);
  GradientSum sum(ctx, *rank.sums, model->parameter_list());
  sum.begin(static_cast<int>(shares.size()));
  const auto place = static_cast<size_t>(processes.rank());
  if (place < shares.size()) run_share(ctx, *model, golden, shares[place], sum);
  sum.finish();
  std::vector<std::pair<double, std::string>> errors;
  for (const auto& p : model->parameters()) {
    errors.emplace_back(golden.relative_error(p->gradient, "grad." + p->name), p->name);
  }
  check_gradients(std::move(errors), tolerances(DType::f32, network.config));
}

}  // namespace

TEST_CASE("rank: sums", "[.rank]") {
  const auto processes = join_mpi();
  DeviceOfRank rank(*processes);
  for (int contributors = 1; contributors <= processes->size(); ++contributors) {
    CAPTURE(contributors);
    std::vector<Tensor> parts;
    std::vector<std::span<float>> spans;
    constexpr std::array<size_t, 4> kCounts = {1, 16384, 16385, 70000};
    for (const size_t count : kCounts) {
      parts.push_back(on_device(rank.ctx, values_of(processes->rank(), count)));
      spans.push_back(span_of(parts.back()));
    }
    Tensor staging(rank.ctx, {200'000}, DType::f32);
    auto sum = rank.sums->begin_sum(spans, span_of(staging), contributors);
    rank.sums->wait(sum);
    for (size_t i = 0; i < parts.size(); ++i) CHECK(to_host_f32(parts[i]) == sum_of(contributors, kCounts[i]));
    CHECK(rank.sums->gather(std::to_string(processes->rank())).back() == std::to_string(processes->size() - 1));
  }
}

TEST_CASE("rank: late streams", "[.rank]") {
  const auto processes = join_mpi();
#if defined(__SANITIZE_ADDRESS__)
  // The allocator marks what is freed. Work that is held back may still use that, as CUDA allows in a stream's order.
  WARN("skipped under sanitizers, which would report memory that is freed in stream order: the device's stream held");
  const std::vector<Held> all = {Held::none, Held::second};
#else
  const std::vector<Held> all = {Held::none, Held::compute, Held::second, Held::both};
#endif
  for (const Held held : all) check_order(*processes, held);
}

TEST_CASE("rank: golden gradients", "[.rank]") {
  const auto processes = join_mpi();
  check_golden_gradients(*processes, std::array{0.25, 0.75});
  check_golden_gradients(*processes, std::array{1.0});  // the second process takes no part, but gets the sum
}

TEST_CASE("rank: failing network", "[.rank]") {
  const auto processes = join_mpi();
  DeviceOfRank rank(*processes);
  rank.sums->gather("");                              // connects
  if (processes->rank() == 0) processes->gather("");  // never returns
  cusim::fail_nccl(ncclRemoteError);
  Tensor x = on_device(rank.ctx, {1}), staging = on_device(rank.ctx, {1});
  auto sum = rank.sums->begin_sum({span_of(x)}, span_of(staging), 2);
  rank.sums->wait(sum);
  to_host_f32(x);
  processes->gather("");
}

TEST_CASE("rank: devices", "[.rank]") {
  const auto processes = join_mpi();
  for (const char* name : {"auto", "cuda", "cuda:1", "cpu"}) {
    std::string text;
    try {
      text = device_of_process(*processes, name);
    } catch (const UsageError& e) {
      text = e.what();
    }
    fmt::print("rank {}, {}: {}\n", processes->rank(), name, text);
  }
}

TEST_CASE("sums on CUDA devices have the ranks' values, of those that contribute", "[cusim]") {
  if (!has_mpi()) return skip("this build has no MPI");
  for (const int count : {2, 3}) check_ranks(count, "sums");
}

TEST_CASE("a sum begins after what wrote its gradients and ends before what reads them, whichever stream is late",
          "[cusim]") {
  if (!has_mpi()) return skip("this build has no MPI");
  check_ranks(2, "late streams");
}

TEST_CASE("the gradients of two CUDA devices add up to PyTorch's", "[cusim]") {
  if (!has_mpi()) return skip("this build has no MPI");
  check_ranks(2, "golden gradients");
}

TEST_CASE("an error of NCCL's ends the run, also while the host waits for the device", "[cusim]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const auto begin = std::chrono::steady_clock::now();
  const ToolResult got = run_ranks(2, "failing network");
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  INFO(got.output << got.errors);
  CHECK(got.exit_code == 1);
  CHECK(elapsed.count() < 30);  // half of the time for which the stand-in waits
  CHECK_THAT(got.errors, ContainsSubstring("rank 1 of 2 on ") &&
                             ContainsSubstring("[nccl] expected to add up gradients, got an error of the stand-in"));
}

TEST_CASE("each process takes a CUDA device of its own, and is refused where there is none", "[cusim]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const std::string host = host_name();
  const auto expect = [](const ToolResult& got, const std::vector<std::string>& lines) {
    INFO(got.output << got.errors);
    CHECK(got.exit_code == 0);
    for (const std::string& line : lines) CHECK_THAT(got.output, ContainsSubstring(line));
  };
  const auto both_on = [&](const char* bus_id) {
    return fmt::format(
        "[`device`] expected a CUDA device for each process, got ranks 0 and 1 both on the device {} of "
        "{}; start one process per device, with `device` cuda",
        bus_id, host);
  };
  expect(run_ranks(2, "devices", "0,1"),
         {"rank 0, auto: cuda:0\n", "rank 1, auto: cuda:1\n", "rank 0, cuda: cuda:0\n", "rank 1, cuda: cuda:1\n",
          "rank 1, cuda:1: " + both_on("0000:01:00.0"), "rank 0, cpu: cpu\n"});
  expect(run_ranks(2, "devices", "5"), {"rank 0, auto: " + both_on("0000:05:00.0"),
                                        "rank 1, cuda:1: [`device`] expected a CUDA device from 0 to 0, got 1\n"});
  expect(run_ranks(3, "devices", "0,1"),
         {fmt::format("rank 2, cuda: [`device`] expected a CUDA device for each of the 3 processes on {}, got 2 "
                      "devices; start at most 2 processes there",
                      host)});
  // Each process sees devices of its own, as Slurm's --gpus-per-task has it.
  const auto with_own = [&](const char* first, const char* second) {
    const auto rank = [&](const char* devices) {
      return fmt::format("-n 1 env REVUNET_CUSIM_DEVICES='{}' '{}' 'rank: devices'", devices, own_program());
    };
    return run_limited(fmt::format("mpirun {} : {}", rank(first), rank(second)), kLimit);
  };
  expect(with_own("0", "1"), {"rank 0, auto: cuda:0\n", "rank 1, auto: cuda:0\n", "rank 1, cpu: cpu\n"});
  expect(with_own("0", ""),
         {fmt::format("rank 0, auto: [`device`] expected all processes on CPUs, or all on CUDA devices, got rank 0 on "
                      "the device 0000:00:00.0 of {} and rank 1 on the cpu of {}",
                      host, host),
          fmt::format("rank 0, cuda: rank 1 of 2 on {}: [`device`] expected a CUDA device, got none", host)});
}
