// Work on many things of one kind, several at once, as cases or files.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <vector>

namespace revunet::tools {

// Calls work(i) for each i below `count`, several at once, and done(how many) after each, one at a time. What work
// throws is thrown once all are done: of several failures that of the lowest i. A single thing has all threads to
// itself: a team of one leaves them to the loops inside.
template <class Work, class Done>
void for_each_in_parallel(size_t count, Work work, Done done) {
  std::vector<std::exception_ptr> failures(count);
  int64_t finished = 0;
  const int threads = static_cast<int>(std::clamp<size_t>(count, 1, static_cast<size_t>(omp_get_max_threads())));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (size_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {  // must not leave the loop
      failures[i] = std::current_exception();
    }
#pragma omp critical(revunet_for_each_in_parallel)
    done(++finished);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace revunet::tools
