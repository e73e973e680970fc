// In an agreement, all processes of a run learn how each of them fared, before any goes on.
//
// Rule: where one of them fails, all throw the same error, which says whose it is. They then end in the same way, with
// the same exit code, and the first one tells the user.
#pragma once

#include <functional>

#include "engine/distributed/communicator.h"

namespace revunet {

// Calls act() here, while the others call theirs, and waits for all. Where it throws in any of them, throws in all:
// UsageError, DataError, OutOfMemoryError, Interrupted or Error as in the first rank that failed, with its message, and
// with its rank and host where not all failed alike. processes may be nullptr for one process alone, which throws what
// act throws.
void agree(Communicator* processes, const std::function<void()>& act);

// Calls act() in the first process alone, while the others wait. Where it throws, throws in all, with its message.
void agree_on_first(Communicator* processes, const std::function<void()>& act);

// Returns whether any process says so.
bool any_of(Communicator* processes, bool here);

}  // namespace revunet
