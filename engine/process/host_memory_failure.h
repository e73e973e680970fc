// Where host memory runs out, a tool reports this in place of std::bad_alloc.
#pragma once

#include <new>
#include <stdexcept>
#include <string>

#include "engine/error.h"

namespace revunet {

// Returns an error that names what the memory was for, and how much there is. Its capacity is 0.
OutOfMemoryError out_of_host_memory(const std::string& purpose);

// Returns work(). A std::bad_alloc becomes out_of_host_memory, and so does the std::length_error of a container that is
// larger than any memory.
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
