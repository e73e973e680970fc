// This file writes durations as people read them.
#pragma once

#include <string>

namespace revunet::io {

// Writes 3725.0 seconds as "1:02:05".
std::string format_duration(double seconds);

// Writes a duration as precisely as an estimate is: "42 s", "12 min", "3 h 05 min", "2 d 4 h".
std::string approximate_duration(double seconds);

}  // namespace revunet::io
