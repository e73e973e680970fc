#include "tools/trace/recorder.h"

#include "engine/error.h"
#include "tools/common/standard_streams.h"
#include "tools/trace/trace_file.h"

namespace revunet::tools {

TraceRecorder::TraceRecorder(CachingAllocator& allocator, TraceHeader header, const TraceRequest& request)
    : collector_(allocator, std::move(header)), file_(request.path), last_step_(request.steps) {}

TraceRecorder::~TraceRecorder() {
  if (!collector_.watching()) return;
  try {
    write(TraceEnd::run_failed);
  } catch (const std::exception& e) {
    print_message("warning: no memory trace was written: {}\n", e.what());
  }
}

void TraceRecorder::begin_step(int64_t step) {
  if (!collector_.watching()) return;
  if (step <= last_step_ && !collector_.full()) return collector_.begin_step(step);
  try {
    write(TraceEnd::steps_recorded);
  } catch (const DataError& e) {
    failure_ = e.what();
  }
}

void TraceRecorder::finish() {
  if (collector_.watching()) write(TraceEnd::run_ended);
  REVUNET_EXPECTS(failure_.empty(), DataError, "{}; the run itself is complete", failure_);
}

void TraceRecorder::write(TraceEnd end) {
  write_trace(file_, collector_.take(end));
  file_.commit();
}

}  // namespace revunet::tools
