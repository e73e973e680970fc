#include "engine/cuda/nccl_communicator.h"

#include <nccl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "engine/cuda/event.h"
#include "engine/cuda/stream.h"
#include "engine/distributed/agreement.h"
#include "engine/distributed/work_thread.h"
#include "engine/error.h"

namespace revunet::cuda {

namespace {

constexpr std::chrono::milliseconds kWatchPeriod{500};  // between two looks at NCCL's errors
constexpr std::chrono::seconds kToHear{2};              // from another process why it ends
constexpr std::chrono::seconds kToAbort{3};             // for NCCL to end its kernels, before the process ends anyway

std::string describe(ncclResult_t result) {
  return fmt::format("{} ({})", ncclGetErrorString(result), ncclGetLastError(nullptr));
}

void check(ncclResult_t result, const char* expression, const char* file, int line) {
  REVUNET_EXPECTS(result == ncclSuccess, Error,
                  "[nccl] expected {} to succeed, got {}, at {}:{}; NCCL_DEBUG=INFO in the environment says more",
                  expression, describe(result), file, line);
}
#define REVUNET_NCCL_CHECK(expression) check((expression), #expression, __FILE__, __LINE__)

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(Communicator& processes, Device& device)
      : processes_(processes),
        compute_(static_cast<cudaStream_t>(device.memory().stream())),
        deterministic_(device.arithmetic().deterministic) {}
  // All processes end here together, because ncclCommDestroy may wait for the others.
  ~NcclCommunicator() override {
    const ncclComm_t comm = comm_.exchange(nullptr);
    watch_.reset();
    if (comm) ncclCommDestroy(comm);
  }

  int rank() const override { return processes_.rank(); }
  int size() const override { return processes_.size(); }
  int local_rank() const override { return processes_.local_rank(); }
  int local_size() const override { return processes_.local_size(); }
  bool sums_on_cuda() const override { return true; }

  std::future<void> begin_sum(std::vector<std::span<float>> parts, std::span<float> staging,
                              int contributors) override {
    connect();
    const ncclComm_t comm = comm_;
    while (!comm) pause();  // another thread ends this process
    reached_.record(compute_);
    reached_.precede(stream_);
    size_t values = 0;
    for (const std::span<float> part : parts) {
      if (rank() < contributors) copy(part, staging.subspan(values));
      values += part.size();
    }
    if (rank() >= contributors) {
      REVUNET_CUDA_CHECK(cudaMemsetAsync(staging.data(), 0, values * sizeof(float), stream_));
    }
    REVUNET_NCCL_CHECK(ncclAllReduce(staging.data(), staging.data(), values, ncclFloat, ncclSum, comm, stream_));
    values = 0;
    for (const std::span<float> part : parts) {
      copy(staging.subspan(values, part.size()), part);
      values += part.size();
    }
    Event done = unused_event();
    done.record(stream_);
    return std::async(std::launch::deferred, [this, done = std::move(done)]() mutable {
      done.precede(compute_);
      events_.push_back(std::move(done));
    });
  }

  void end_together() override {
    Communicator::end_together();
    processes_.end_together();
  }

  // A kernel of NCCL that waits for another process would run until this one has ended.
  [[noreturn]] void abort(int exit_code) override {
    if (const ncclComm_t comm = comm_.exchange(nullptr)) {
      std::promise<void> ended;
      std::future<void> end = ended.get_future();
      std::thread([comm, ended = std::move(ended)]() mutable {
        ncclCommAbort(comm);
        ended.set_value();
      }).detach();
      end.wait_for(kToAbort);
    }
    processes_.abort(exit_code);
    std::abort();  // not reached, which GCC does not see
  }

 protected:
  std::vector<std::string> gather_texts(const std::string& text) override {
    connect();
    return processes_.gather(text);
  }

 private:
  void connect() {
    if (watch_) return;
    // Switches of NVLink add in an order that differs from run to run. What the user sets stays.
    if (deterministic_) setenv("NCCL_NVLS_ENABLE", "0", 0);
    ncclUniqueId id{};
    agree_on_first(&processes_, [&] { REVUNET_NCCL_CHECK(ncclGetUniqueId(&id)); });
    const std::string first = processes_.gather({id.internal, sizeof(id.internal)}).front();
    std::ranges::copy(first, id.internal);
    ncclComm_t comm = nullptr;
    REVUNET_NCCL_CHECK(ncclCommInitRank(&comm, size(), id, rank()));
    comm_ = comm;
    watch_.emplace([this] { look_for_error(); }, kWatchPeriod);
  }

  void copy(std::span<const float> from, std::span<float> to) {
    REVUNET_CUDA_CHECK(cudaMemcpyAsync(to.data(), from.data(), from.size_bytes(), cudaMemcpyDeviceToDevice, stream_));
  }

  Event unused_event() {
    if (events_.empty()) return Event(cudaEventDisableTiming);
    Event event = std::move(events_.back());
    events_.pop_back();
    return event;
  }

  // Runs in the thread of watch_, because the host may be waiting for the device, which waits for NCCL.
  void look_for_error() {
    const ncclComm_t comm = comm_;
    ncclResult_t error = ncclSuccess;
    if (!comm ||
        (ncclCommGetAsyncError(comm, &error) == ncclSuccess && (error == ncclSuccess || error == ncclInProgress))) {
      return;
    }
    // A process that fails closes its connections, and says why by MPI, which then ends this process.
    std::this_thread::sleep_for(kToHear);
    if (comm_ != comm) return;  // this process ends by itself
    const std::string line = fmt::format(
        "{}: [nccl] expected to add up gradients, got {}; another process or the network between them "
        "may have failed; NCCL_DEBUG=INFO in the environment says more\n",
        describe_rank(rank(), size()), describe(error));
    std::fwrite(line.data(), 1, line.size(), stderr);
    abort(1);
  }

  Communicator& processes_;
  cudaStream_t compute_;
  bool deterministic_;
  Event reached_{cudaEventDisableTiming};  // the device's work when a sum was begun
  std::vector<Event> events_;              // that mark no sum's end now
  Stream stream_;                          // after what its work uses
  std::atomic<ncclComm_t> comm_ = nullptr;
  std::optional<WorkThread> watch_;  // there once the devices are connected; last: it uses the rest
};

}  // namespace

void expect_nccl() {
  int version = 0;
  REVUNET_NCCL_CHECK(ncclGetVersion(&version));
}

std::unique_ptr<Communicator> make_nccl_communicator(Communicator& processes, Device& device) {
  return std::make_unique<NcclCommunicator>(processes, device);
}

}  // namespace revunet::cuda
