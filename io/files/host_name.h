// The machine's name, for what several machines may find on one disk.
#pragma once

#include <string>

namespace revunet::io {

// As `hostname` prints it; "localhost" where there is none.
std::string host_name();

}  // namespace revunet::io
