#include "tests/cusim/streams.h"

#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cusim.h"

namespace revunet::cusim {

namespace {

struct Stream {
  explicit Stream(int i) : index(i) {}
  int index;
  uint64_t given = 0, done = 0;  // pieces of work
  std::deque<std::function<void()>> work;
};

struct Streams {
  int made = 0;
  std::set<int> held;
  std::vector<std::shared_ptr<Stream>> live;
  std::shared_ptr<Stream> of_libraries;
};
Streams& streams() {
  static Streams all;
  return all;
}

// An event is a place in a stream, and the time at which the stream reached it.
struct Event {
  std::shared_ptr<Stream> stream;
  uint64_t place = 0;
  double milliseconds = 0;
};

// Runs a stream's work up to a place.
void run_until(Stream& stream, uint64_t place) {
  while (stream.done < place) {
    const std::function<void()> next = std::move(stream.work.front());
    stream.work.pop_front();
    ++stream.done;  // also where it throws
    next();
  }
}

std::shared_ptr<Stream>& stream_of(cudaStream_t handle) {
  return *reinterpret_cast<std::shared_ptr<Stream>*>(handle);
}
Event& event_of(cudaEvent_t handle) {
  return *reinterpret_cast<Event*>(handle);
}

}  // namespace

void hold_stream(int index) {
  streams().held.insert(index);
}
void release_streams() {
  streams().held.clear();
  run_streams();
}
void count_streams_from_here() {
  streams().made = 0;
}

void enqueue(cudaStream_t handle, std::function<void()> work) {
  Stream& stream = *stream_of(handle);
  ++stream.given;
  stream.work.push_back(std::move(work));
  if (!streams().held.contains(stream.index)) run_until(stream, stream.given);
}

void run_stream(cudaStream_t handle) {
  Stream& stream = *stream_of(handle);
  run_until(stream, stream.given);
}

void set_library_stream(cudaStream_t handle) {
  streams().of_libraries = stream_of(handle);
}
void run_library_stream() {
  if (const auto& stream = streams().of_libraries) run_until(*stream, stream->given);
}

void run_streams() {
  for (const auto& stream : streams().live) run_until(*stream, stream->given);
}

}  // namespace revunet::cusim

using namespace revunet::cusim;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* handle, unsigned) {
  auto stream = std::make_shared<Stream>(streams().made++);
  streams().live.push_back(stream);
  *handle = reinterpret_cast<cudaStream_t>(new std::shared_ptr<Stream>(stream));
  count_object(1);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  run_stream(handle);
  std::erase(streams().live, stream_of(handle));
  delete &stream_of(handle);
  count_object(-1);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  run_stream(handle);
  return stream_error();
}
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  const Event& waited = event_of(event);
  if (waited.stream) enqueue(handle, [stream = waited.stream, place = waited.place] { run_until(*stream, place); });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(new Event);
  count_object(1);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t stream) {
  Event& event = event_of(handle);
  event.stream = stream_of(stream);
  event.place = event.stream->given + 1;
  enqueue(stream, [&event] {
    pass_time(1);  // an op that is timed takes some
    event.milliseconds = clock_milliseconds();
  });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  const Event& event = event_of(handle);
  if (event.stream) run_until(*event.stream, event.place);
  return stream_error();
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = static_cast<float>(event_of(end).milliseconds - event_of(begin).milliseconds);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  const Event& event = event_of(handle);
  if (event.stream) run_until(*event.stream, event.place);
  delete &event;
  count_object(-1);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  enqueue(stream, [=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}

}  // extern "C"
