// A WorkThread runs tasks one after the other in a thread of its own, and something else while there are none.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace revunet {

class WorkThread {
 public:
  // Calls `idle` every `period` while there is no task.
  WorkThread(std::function<void()> idle, std::chrono::milliseconds period)
      : idle_(std::move(idle)), period_(period), thread_([this] { run(); }) {}
  // Finishes the tasks that are there.
  ~WorkThread() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    wakes_.notify_one();
    thread_.join();
  }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // Returns a future of what the task returns or throws.
  template <class Task>
  auto submit(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto future = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace_back([shared = std::make_shared<decltype(packaged)>(std::move(packaged))] { (*shared)(); });
    }
    wakes_.notify_one();
    return future;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wakes_.wait_for(lock, period_, [this] { return ends_ || !tasks_.empty(); });
      if (tasks_.empty() && ends_) return;
      std::function<void()> next = idle_;
      if (!tasks_.empty()) {
        next = std::move(tasks_.front());
        tasks_.pop_front();
      }
      lock.unlock();
      next();
      lock.lock();
    }
  }

  std::function<void()> idle_;
  std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<std::function<void()>> tasks_;
  bool ends_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace revunet
