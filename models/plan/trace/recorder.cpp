#include "models/plan/trace/recorder.h"

#include "engine/error.h"

namespace revunet {

TraceRecorder::TraceRecorder(CachingAllocator& allocator, TraceHeader header, const TraceRequest& request,
                             std::function<void(const std::string&)> warn)
    : collector_(allocator),
      file_(request.path),
      writer_(file_, std::move(header)),
      last_step_(request.steps),
      warn_(std::move(warn)) {}

TraceRecorder::~TraceRecorder() {
  if (!collector_.watching()) return;
  try {
    end(TraceEnd::run_failed);
  } catch (const std::exception& e) {
    warn_(fmt::format("the memory trace was not written to its end: {}", e.what()));
  }
}

template <class Write>
void TraceRecorder::guarded(Write write) {
  try {
    write();
  } catch (const DataError& e) {
    failure_ = e.what();
    collector_.stop();
    warn_("the memory trace ends here: " + failure_);
  }
}

void TraceRecorder::begin_step(int64_t step) {
  if (!collector_.watching()) return;
  if (step > last_step_ || collector_.full()) return guarded([this] { end(TraceEnd::steps_recorded); });
  collector_.begin_step(step);
  if (step > 1) guarded([this] { show(); });  // the step before is complete once this one begins
}

void TraceRecorder::end_step() {
  if (collector_.watching()) guarded([this] { show(); });
}

void TraceRecorder::finish() {
  if (collector_.watching()) end(TraceEnd::run_ended);
  REVUNET_EXPECTS(failure_.empty(), DataError, "{}; the run itself is complete", failure_);
}

void TraceRecorder::show() {
  writer_.add(collector_.trace());
  file_.publish();
}

void TraceRecorder::end(TraceEnd end) {
  writer_.end(collector_.take(end));
  file_.commit();
}

}  // namespace revunet
