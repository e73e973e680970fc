// These are the calls of cuBLAS that the project makes, on the CPU.
#pragma once

#include <cstdint>

namespace revunet::cusim {

// Makes the next `count` matrix products find no memory.
void refuse_products(int64_t count);

}  // namespace revunet::cusim
