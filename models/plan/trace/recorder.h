// A TraceRecorder records the first steps of a run into a trace file.
//
// Rule: the file appears with the first step and grows with each, so a run that is killed leaves the steps before that.
// The file ends, with its end record, when the last step to record is over or the run ends, whichever is first.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/memory/trace/collector.h"
#include "io/files/atomic_file.h"
#include "models/plan/trace/trace_file.h"

namespace revunet {

// A TraceRequest says what a run is asked to record. Where the path is empty it records nothing.
struct TraceRequest {
  std::filesystem::path path;
  int64_t steps = 3;
};

class TraceRecorder {
 public:
  // Records up to `request.steps` steps, which is at least 1. Throws DataError, before anything is recorded, if the
  // file cannot be made. warn is called where the file cannot be written. It must not throw.
  TraceRecorder(CachingAllocator& allocator, TraceHeader header, const TraceRequest& request,
                std::function<void(const std::string&)> warn);
  // Where finish() was not reached, the run has failed. The destructor then writes what there is, and warns if it
  // cannot.
  ~TraceRecorder();
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  // Marks the beginning of the run's step `step`, counted from 1. After the last step to record, or once the trace is
  // full, it stops watching and ends the file. A file that cannot be written does not end the run: finish() reports it.
  void begin_step(int64_t step);
  // Marks the end of the step. Its events are then in the file, in case the run is killed before the next begins.
  void end_step();
  // Marks the end of the run, and ends the file unless it has ended. Throws DataError if it could not be written.
  void finish();

 private:
  // Puts what is recorded so far into the file, under its name.
  void show();
  void end(TraceEnd end);
  // Calls write(). Where that fails, recording is over and finish() says why.
  template <class Write>
  void guarded(Write write);

  TraceCollector collector_;
  io::AtomicFile file_;
  TraceWriter writer_;
  int64_t last_step_;
  std::function<void(const std::string&)> warn_;
  std::string failure_;  // why writing failed; empty if it did not
};

}  // namespace revunet
