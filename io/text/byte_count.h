// This file reads amounts of memory as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace revunet::io {

// Takes "8GiB", "6646MB", "1.5 GiB", "8589934592" or "0". Returns bytes. K, M, G, T and P are powers of 1000, also with
// B. Ki to Pi, also with B, are powers of 1024. Case makes no difference. Throws UsageError without the option's name
// for anything else, and for less than 1 MiB that is not 0, which is a number whose unit was forgotten.
uint64_t parse_bytes(const std::string& text);

}  // namespace revunet::io
