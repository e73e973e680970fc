#include "tools/common/launch_processes.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/distributed/mpi.h"
#include "engine/error.h"
#include "engine/process/interruption.h"

namespace revunet::tools {

namespace {

constexpr int kNotStarted = 127;  // as a shell says it

std::atomic<pid_t> launcher_process = 0;
static_assert(std::atomic<pid_t>::is_always_lock_free);

// mpirun kills its processes a second after a SIGTERM. It hands SIGUSR1 on, which makes them save and end.
extern "C" void hand_on(int signal) {
  const int interrupted_call = errno;  // kill may change errno, which the interrupted code must not notice
  switch (count_signal(signal)) {
    case SignalMeaning::asks:
      kill(launcher_process, SIGUSR1);
      break;
    case SignalMeaning::insists:
      kill(launcher_process, SIGTERM);
      break;
    case SignalMeaning::repeats:
      break;
  }
  errno = interrupted_call;
}

// No signal comes while an object of it lives: it waits until then.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before_);
  }
  ~HeldSignals() { release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  void release() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::string own_program() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  REVUNET_EXPECTS(!error, Error, "[/proc/self/exe] expected the path of this program, got: {}; mount /proc",
                  error.message());
  return path.string();
}

// The terminal's signals go to this process alone, because mpirun has a session of its own. It ends with `parent`.
[[noreturn]] void become(std::vector<std::string> words, pid_t parent, HeldSignals& held) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kNotStarted);  // it has ended before
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  held.release();
  execvp(pointers[0], pointers.data());
  _exit(kNotStarted);
}

int exit_code_of(pid_t process) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(process, &status, 0);
  } while (ended < 0 && errno == EINTR);
  REVUNET_EXPECTS(ended == process, Error, "[--processes] expected to learn how mpirun ended, got: {}",
                  std::strerror(errno));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t start(const std::vector<std::string>& words) {
  std::signal(SIGCHLD, SIG_DFL);  // where it was ignored, nobody would learn the exit code
  const pid_t parent = getpid();
  HeldSignals held;
  const pid_t process = fork();
  REVUNET_EXPECTS(process >= 0, Error, "[--processes] expected to start a process, got: {}", std::strerror(errno));
  if (process == 0) become(words, parent, held);
  launcher_process = process;
  handle_interruption(hand_on);
  return process;
}

}  // namespace

void launch_processes(int64_t count, char** argv) {
  std::vector<std::string> words = prepare_mpirun(static_cast<int>(count));
  words.push_back(own_program());
  for (char** word = argv + 1; *word; ++word) words.emplace_back(*word);
  const int code = exit_code_of(start(words));
  REVUNET_EXPECTS(code != kNotStarted, UsageError,
                  "[--processes] expected to start {}, which is not there; install it (Debian: openmpi-bin)", words[0]);
  std::exit(code);
}

}  // namespace revunet::tools
