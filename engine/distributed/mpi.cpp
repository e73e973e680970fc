#include "engine/distributed/mpi.h"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "engine/distributed/work_thread.h"
#include "engine/error.h"

namespace revunet {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kIdle{100};   // between two looks at what the others send
constexpr std::chrono::milliseconds kBeat{1000};  // between two signs of life
constexpr std::chrono::seconds kStopped{3};       // without a look: this process itself was stopped meanwhile
constexpr std::chrono::seconds kFarewell{1};      // to tell the others of an end
constexpr size_t kChunk = size_t{1} << 16;        // values of a sum that are passed on together: 256 KiB
constexpr unsigned kSecondsToAbort = 5;           // after which a process ends by itself
constexpr unsigned kSecondsToFinish = 30;         // after which a process does not wait for the others' ends
constexpr int kUpTag = 1, kDownTag = 2, kBeatTag = 3;
constexpr char kAlive = 'a', kEnds = 'x';
constexpr int kNoCode = -1;

void expect_success(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw Error(fmt::format("[{}] expected MPI to succeed, got: {}; see what the other processes say", call,
                          std::string_view(text.data(), static_cast<size_t>(length))));
}

#define REVUNET_MPI(call, ...) expect_success(call(__VA_ARGS__), #call)

// All MPI calls come from one thread, which is MPI's main thread.
class MpiCalls {
 public:
  void initialise() {
    std::signal(SIGALRM, SIG_DFL);  // alarm() ends the process, also where its parent ignored the signal
    int provided = 0;
    REVUNET_MPI(MPI_Init_thread, nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    REVUNET_EXPECTS(provided >= MPI_THREAD_FUNNELED, Error,
                    "[MPI_Init_thread] expected an MPI that allows threads, got level {}; use another build of MPI",
                    provided);
    REVUNET_MPI(MPI_Comm_dup, MPI_COMM_WORLD, &world_);
    REVUNET_MPI(MPI_Comm_set_errhandler, world_, MPI_ERRORS_RETURN);
    REVUNET_MPI(MPI_Comm_rank, world_, &rank);
    REVUNET_MPI(MPI_Comm_size, world_, &size);
    MPI_Comm local = MPI_COMM_NULL;
    REVUNET_MPI(MPI_Comm_split_type, world_, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &local);
    REVUNET_MPI(MPI_Comm_rank, local, &local_rank);
    REVUNET_MPI(MPI_Comm_size, local, &local_size);
    REVUNET_MPI(MPI_Comm_free, &local);
    heard_ = beaten_ = looked_ = Clock::now();
    listen();
    hosts_ = gather(host_name());
  }

  void finalise() {
    alarm(kSecondsToFinish);
    for (MPI_Request* request : {&beat_in_, &beat_out_}) {
      if (*request == MPI_REQUEST_NULL) continue;
      MPI_Cancel(request);
      MPI_Wait(request, MPI_STATUS_IGNORE);
    }
    MPI_Comm_free(&world_);
    MPI_Finalize();
    alarm(0);
  }

  std::vector<std::string> gather(const std::string& text) {
    const int length = static_cast<int>(text.size());
    std::vector<int> lengths(static_cast<size_t>(size)), places(lengths.size());
    MPI_Request request = MPI_REQUEST_NULL;
    REVUNET_MPI(MPI_Iallgather, &length, 1, MPI_INT, lengths.data(), 1, MPI_INT, world_, &request);
    wait(request);
    std::exclusive_scan(lengths.begin(), lengths.end(), places.begin(), 0);
    std::string all(static_cast<size_t>(places.back() + lengths.back()), '\0');
    REVUNET_MPI(MPI_Iallgatherv, text.data(), length, MPI_CHAR, all.data(), lengths.data(), places.data(), MPI_CHAR,
                world_, &request);
    wait(request);
    std::vector<std::string> texts;
    for (size_t r = 0; r < lengths.size(); ++r) {
      texts.push_back(all.substr(static_cast<size_t>(places[r]), static_cast<size_t>(lengths[r])));
    }
    return texts;
  }

  // The ranks that contribute are a chain. Each adds its values to the sum of those before it, and passes that on. The
  // last has the sum, and passes it back along the chain, and on to the ranks that contribute nothing. Values go in
  // chunks, so that all ranks work at once.
  void sum(std::span<float> values, int contributors) {
    const bool contributes = rank < contributors;
    const int last = contributors - 1;
    std::array<std::vector<float>, 2> received;  // this chunk's and the next one's
    std::array<MPI_Request, 2> receiving = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    const size_t chunks = (values.size() + kChunk - 1) / kChunk;
    const auto chunk = [&](size_t i) {
      return values.subspan(i * kChunk, std::min(kChunk, values.size() - i * kChunk));
    };
    const auto receive_next = [&](size_t i) {
      if (i >= chunks) return;
      received[i % 2].resize(chunk(i).size());
      receive(received[i % 2], rank - 1, kUpTag, receiving[i % 2]);
    };
    if (contributes && rank > 0) receive_next(0);
    for (size_t i = 0; contributes && i < chunks; ++i) {
      if (rank > 0) {
        receive_next(i + 1);
        wait(receiving[i % 2]);
        const std::span<float> own = chunk(i);
        for (size_t v = 0; v < own.size(); ++v) own[v] = received[i % 2][v] + own[v];
      }
      if (rank < last) {
        MPI_Request request = MPI_REQUEST_NULL;
        send(chunk(i), rank + 1, kUpTag, request);
        wait(request);
      }
    }
    pass_on(chunks, chunk, last);
  }

  // Waits for a request, and shows the others meanwhile that this process is alive.
  void wait(MPI_Request& request) {
    constexpr int kBusyTries = 200;  // a chunk comes soon; whoever computes needs the processor more
    for (int tries = 0; true; tries = std::min(tries + 1, kBusyTries)) {
      int done = 0;
      REVUNET_MPI(MPI_Test, &request, &done, MPI_STATUS_IGNORE);
      if (done) return;
      beat();
      if (tries < kBusyTries) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  }

  // Sends a sign of life when it is time, and ends this process where the rank before it gives none, or says that the
  // run ends.
  void beat() {
    if (abort_code != kNoCode) abort(abort_code);
    if (size == 1) return;
    const Clock::time_point now = Clock::now();
    if (now - std::exchange(looked_, now) > kStopped) heard_ = now;
    if (now - beaten_ >= kBeat) {
      send_sign(kAlive);
      beaten_ = now;
    }
    for (int heard = 1; heard;) {
      REVUNET_MPI(MPI_Test, &beat_in_, &heard, MPI_STATUS_IGNORE);
      if (!heard) continue;
      if (in_ == kEnds) follow_end();
      heard_ = now;
      listen();
    }
    if (std::chrono::duration<double>(now - heard_).count() < kSilence) return;
    const size_t before = static_cast<size_t>((rank + size - 1) % size);
    say(fmt::format("nothing was heard from rank {} on {} for {} s: it has ended, or its network is down", before,
                    before < hosts_.size() ? hosts_[before] : "an unknown host", kSilence));
    abort(1);
  }

  void say(const std::string& message) const {
    const std::string line = fmt::format("{}: {}\n", describe_rank(rank, size), message);
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
  }

  [[noreturn]] void abort(int exit_code) {
    bid_farewell();
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    _exit(exit_code);
  }

  std::atomic<int> abort_code = kNoCode;  // that another thread of this process asks for

  int rank = 0, size = 1, local_rank = 0, local_size = 1;

 private:
  // Tells the next rank, which tells the one after it, because a launcher may give processes long to end.
  void bid_farewell() {
    alarm(kSecondsToAbort);  // its signal ends the process where MPI cannot
    const Clock::time_point last = Clock::now() + kFarewell;
    int sent = size == 1;
    while (!sent && Clock::now() < last) {
      if (out_ == kEnds) {
        MPI_Test(&beat_out_, &sent, MPI_STATUS_IGNORE);
      } else {
        send_sign(kEnds);
      }
    }
  }

  // Ends because another rank does, which has said why, and whose exit code is the launcher's.
  [[noreturn]] void follow_end() {
    bid_farewell();
    sleep(kSecondsToAbort / 2);  // a signal of the launcher ends it
    _exit(1);
  }

  // Hands the sum, which the last contributor has, to everyone else.
  template <class Chunk>
  void pass_on(size_t chunks, const Chunk& chunk, int last) {
    const int from = rank < last ? rank + 1 : rank > last ? rank - 1 : MPI_PROC_NULL;
    const int down = rank > 0 && rank <= last ? rank - 1 : MPI_PROC_NULL;
    const int up = rank >= last && rank + 1 < size ? rank + 1 : MPI_PROC_NULL;
    std::vector<MPI_Request> receives(chunks, MPI_REQUEST_NULL), sends;
    for (size_t i = 0; from != MPI_PROC_NULL && i < chunks; ++i) receive(chunk(i), from, kDownTag, receives[i]);
    for (size_t i = 0; i < chunks; ++i) {
      wait(receives[i]);
      for (const int to : {down, up}) {
        if (to != MPI_PROC_NULL) send(chunk(i), to, kDownTag, sends.emplace_back(MPI_REQUEST_NULL));
      }
    }
    for (MPI_Request& request : sends) wait(request);
  }

  void send(std::span<const float> values, int to, int tag, MPI_Request& request) const {
    REVUNET_MPI(MPI_Isend, values.data(), static_cast<int>(values.size()), MPI_FLOAT, to, tag, world_, &request);
  }
  void receive(std::span<float> values, int from, int tag, MPI_Request& request) const {
    REVUNET_MPI(MPI_Irecv, values.data(), static_cast<int>(values.size()), MPI_FLOAT, from, tag, world_, &request);
  }

  // Sends nothing while the sign before it is on its way.
  void send_sign(char sign) {
    int sent = 0;
    REVUNET_MPI(MPI_Test, &beat_out_, &sent, MPI_STATUS_IGNORE);  // true where there was none
    if (!sent) return;
    out_ = sign;
    REVUNET_MPI(MPI_Isend, &out_, 1, MPI_CHAR, (rank + 1) % size, kBeatTag, world_, &beat_out_);
  }

  void listen() {
    if (size == 1) return;
    REVUNET_MPI(MPI_Irecv, &in_, 1, MPI_CHAR, (rank + size - 1) % size, kBeatTag, world_, &beat_in_);
  }

  MPI_Comm world_ = MPI_COMM_NULL;
  std::vector<std::string> hosts_;
  MPI_Request beat_in_ = MPI_REQUEST_NULL, beat_out_ = MPI_REQUEST_NULL;
  Clock::time_point heard_, beaten_, looked_;  // when the rank before was heard, a sign was sent, and this was checked
  char in_ = 0, out_ = 0;
};

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator() : thread_([this] { beat(); }, kIdle) {
    thread_
        .submit([this] {
          calls_.initialise();
          initialised_ = true;
        })
        .get();
  }
  // All processes end here together.
  ~MpiCommunicator() override {
    thread_
        .submit([this] {
          calls_.gather("");
          calls_.finalise();
          initialised_ = false;
        })
        .wait();
  }

  int rank() const override { return calls_.rank; }
  int size() const override { return calls_.size; }
  int local_rank() const override { return calls_.local_rank; }
  int local_size() const override { return calls_.local_size; }

  std::future<void> begin_sum(std::vector<std::span<float>> parts, std::span<float> staging,
                              int contributors) override {
    return thread_.submit([this, parts = std::move(parts), staging, contributors] {
      size_t filled = 0;
      for (const std::span<float> part : parts) {
        std::ranges::copy(part, staging.begin() + static_cast<std::ptrdiff_t>(filled));
        filled += part.size();
      }
      calls_.sum(staging.first(filled), contributors);
      filled = 0;
      for (const std::span<float> part : parts) {
        std::ranges::copy(staging.subspan(filled, part.size()), part.begin());
        filled += part.size();
      }
    });
  }
  [[noreturn]] void abort(int exit_code) override {
    alarm(kSecondsToAbort + 1);
    calls_.abort_code = exit_code;  // the thread looks at it also within a sum
    while (true) pause();
  }

 protected:
  std::vector<std::string> gather_texts(const std::string& text) override {
    return thread_.submit([&] { return calls_.gather(text); }).get();
  }

 private:
  void beat() try {
    if (initialised_) calls_.beat();
  } catch (const Error& e) {
    calls_.say(e.what());
    calls_.abort(1);
  }

  MpiCalls calls_;
  bool initialised_ = false;  // of the thread alone
  WorkThread thread_;         // last: it uses the rest
};

}  // namespace

std::unique_ptr<Communicator> join_mpi() {
  return std::make_unique<MpiCommunicator>();
}

}  // namespace revunet
