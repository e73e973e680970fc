// Records the first steps of a run into a trace file.
//
// Rule: the file appears with the first step and grows with each, so that a run that is killed leaves the steps before
// it. It ends, with its end record, when the last step to record is over or the run ends, whichever is first.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/memory/trace/collector.h"
#include "io/files/atomic_file.h"
#include "models/plan/trace/trace_file.h"

namespace revunet {

// What a run is asked to record: nothing where the path is empty.
struct TraceRequest {
  std::filesystem::path path;
  int64_t steps = 3;
};

class TraceRecorder {
 public:
  // Records up to `request.steps` steps, which is at least 1. DataError, before anything is recorded, if the file
  // cannot be made. warn: is told where the file does not take what is recorded; must not throw.
  TraceRecorder(CachingAllocator& allocator, TraceHeader header, const TraceRequest& request,
                std::function<void(const std::string&)> warn);
  // Where finish() was not reached, the run has failed: writes what there is, and warns if it cannot.
  ~TraceRecorder();
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  // Step `step` of the run, counted from 1, begins. After the last to record, or once the trace is full: stops watching
  // and ends the file. A file that cannot be written does not end the run: finish() says so.
  void begin_step(int64_t step);
  // The step is over: its events are in the file, should the run be killed before the next begins.
  void end_step();
  // The run has ended. Ends the file unless it has ended. DataError if it could not be written.
  void finish();

 private:
  // What is recorded so far is in the file, under its name.
  void show();
  void end(TraceEnd end);
  // Calls write(); where that fails, recording is over and finish() says why.
  template <class Write>
  void guarded(Write write);

  TraceCollector collector_;
  io::AtomicFile file_;
  TraceWriter writer_;
  int64_t last_step_;
  std::function<void(const std::string&)> warn_;
  std::string failure_;  // of the file, empty if it did not fail
};

}  // namespace revunet
