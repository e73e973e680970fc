// This function gives the machine's name, for messages and for files that several machines may find on one disk.
#pragma once

#include <string>

namespace revunet {

// Returns the name as `hostname` prints it, or "localhost" where there is none.
std::string host_name();

}  // namespace revunet
