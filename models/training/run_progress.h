// A RunProgress, such as a terminal, is told how far a run is between the lines of its log. By default nothing shows
// it.
#pragma once

#include <cstdint>
#include <string>

namespace revunet {

class RunProgress {
 public:
  virtual ~RunProgress() = default;

  // Called before all others, with the number of samples that the run has, and of those that an earlier run has done.
  virtual void begin_run(int64_t /*samples*/, int64_t /*done*/) {}
  virtual void begin_epoch(int64_t /*epoch*/, int64_t /*epochs*/, int64_t /*samples*/) {}
  // Called after each sample. loss is the sample's, and seconds is its duration.
  virtual void sample(int64_t /*sample_of_epoch*/, double /*loss*/, double /*seconds*/) {}
  // Called with what takes long between samples, such as "validating 2/5".
  virtual void note(const std::string& /*what*/) {}
  // Called before a line of log. What was shown disappears.
  virtual void clear() {}
};

}  // namespace revunet
