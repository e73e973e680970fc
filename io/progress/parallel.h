// This file works on many things of one kind, such as cases or files, several at once, and reports how far it is.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

namespace revunet::io {

// Called with the number `done` of `count` things, such as "cases checked": 0 at first, `count` at last.
using OnProgress = std::function<void(const char* things, int64_t done, int64_t count)>;

// Calls work(i) for each i below `count`, several at once. It calls `progress`, if there is one, after each, from one
// thread at a time. What work throws is thrown once all are done; where several fail, the lowest i wins. A single thing
// has all threads to itself, because a team of one leaves them to the loops inside.
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
    } catch (...) {  // no exception may leave the loop
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
