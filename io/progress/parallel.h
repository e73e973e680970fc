// Work on many things of one kind, several at once, such as cases or files, and who is told how far it is.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

namespace revunet::io {

// Is told that `done` of `count` things, such as "cases checked", are done: 0 at first, `count` at last.
using OnProgress = std::function<void(const char* things, int64_t done, int64_t count)>;

// Calls work(i) for each i below `count`, several at once, and tells `progress`, if there is one, after each, from one
// thread at a time. What work throws is thrown once all are done; where several fail, that of the lowest i. A single
// thing has all threads to itself: a team of one leaves them to the loops inside.
template <class Work>
void for_each_in_parallel(size_t count, const char* things, const OnProgress& progress, Work work) {
  std::vector<std::exception_ptr> failures(count);
  int64_t finished = 0;
  const auto tell = [&] {
    if (progress && count > 0) progress(things, finished, static_cast<int64_t>(count));
  };
  tell();
  const int threads = static_cast<int>(std::clamp<size_t>(count, 1, static_cast<size_t>(omp_get_max_threads())));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (size_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {  // must not leave the loop
      failures[i] = std::current_exception();
    }
#pragma omp critical(revunet_for_each_in_parallel)
    {
      ++finished;
      tell();
    }
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace revunet::io
