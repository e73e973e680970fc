// This file says where, when and how a benchmark ran. Without that, a result in a file means nothing.
#pragma once

#include <string>

#include "bench/common/statistics.h"

namespace revunet::bench {

// Returns date (UTC), command, machine {cpu, threads, memory_bytes, last_level_cache_bytes} and build {compiler, flags,
// onednn}.
Json describe_run(int argc, char** argv);

// Writes indented JSON, whole or not at all. Throws DataError where it cannot.
void write_json(const std::string& path, const Json& json);

}  // namespace revunet::bench
