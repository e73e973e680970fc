// SharedWarnings are what any process of a run warns of. The first one logs it, as the others have no log.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "engine/distributed/communicator.h"

namespace revunet {

class SharedWarnings {
 public:
  // processes, which outlive this object, may be nullptr for one process alone.
  explicit SharedWarnings(Communicator* processes) : processes_(processes) {}

  // Logs the text at once in the first process, and keeps it in the others. Any thread may call it.
  void add(const std::string& text);
  // Lets the first process log what the others have kept. All of them call it.
  void exchange();

 private:
  Communicator* processes_;
  std::mutex mutex_;  // of what follows
  std::vector<std::string> kept_;
};

}  // namespace revunet
