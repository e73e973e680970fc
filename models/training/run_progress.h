// Who is told how far a run is between the lines of its log, such as a terminal. By default nobody is.
#pragma once

#include <cstdint>
#include <string>

namespace revunet {

class RunProgress {
 public:
  virtual ~RunProgress() = default;

  // Before all others: how many samples the run has, of which an earlier run has done some.
  virtual void begin_run(int64_t /*samples*/, int64_t /*done*/) {}
  virtual void begin_epoch(int64_t /*epoch*/, int64_t /*epochs*/, int64_t /*samples*/) {}
  // After each sample; loss is the sample's, seconds its duration.
  virtual void sample(int64_t /*sample_of_epoch*/, double /*loss*/, double /*seconds*/) {}
  // What takes long between samples: "validating 2/5".
  virtual void note(const std::string& /*what*/) {}
  // Before a line of log: what was shown goes.
  virtual void clear() {}
};

}  // namespace revunet
