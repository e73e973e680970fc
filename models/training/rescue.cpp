#include "models/training/rescue.h"

#include "engine/process/interruption.h"

namespace revunet {

void Rescue::leave_if_interrupted() const {
  if (!interrupted()) return;
  save_();
  throw Interrupted(fmt::format("interrupted after step {}, in epoch {}; saved: go on with --resume {}", state_.step,
                                state_.epoch, run_.string()));
}

std::string Rescue::saved_because_of(const Error& error) const {
  try {
    save_();
  } catch (const Error& e) {
    return fmt::format("{}\nand step {} could not be saved: {}", error.what(), state_.step, e.what());
  }
  return fmt::format("{}\nsaved after step {}: once that is fixed, go on with --resume {}", error.what(), state_.step,
                     run_.string());
}

}  // namespace revunet
