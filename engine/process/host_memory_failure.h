// Host memory that there is none of: what a tool says in place of std::bad_alloc.
#pragma once

#include <new>
#include <stdexcept>
#include <string>

#include "engine/error.h"

namespace revunet {

// Names what the memory was for, and how much there is. Its capacity is 0.
OutOfMemoryError out_of_host_memory(const std::string& purpose);

// work(), whose std::bad_alloc, and std::length_error of a container beyond any memory, become out_of_host_memory.
template <class Work>
auto with_host_memory(const std::string& purpose, Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    throw out_of_host_memory(purpose);
  } catch (const std::length_error&) {
    throw out_of_host_memory(purpose);
  }
}

}  // namespace revunet
