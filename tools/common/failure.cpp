#include "tools/common/failure.h"

#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

#include "engine/error.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"

namespace revunet::tools {

namespace {

constexpr size_t kLongestMessage = 16 * 1024;  // bytes: what a file says may be echoed, and may have any length
constexpr const char* kWholeRun = "what the program was doing";

std::string describe(const std::filesystem::filesystem_error& e) {
  const std::string second = e.path2().empty() ? "" : " and " + e.path2().string();
  return fmt::format("[{}{}] expected to read or change it, got: {}; check that it is there, and its permissions",
                     e.path1().string(), second, e.code().message());
}

// This error mostly means that a thread could not be started.
std::string describe(const std::system_error& e) {
  return fmt::format(
      "[system] expected threads and files as the run needs them, got: {}; give fewer --threads, or raise "
      "the limits that `ulimit -a` shows",
      e.code().message());
}

Failure whole_failure_of(const std::exception_ptr& exception) {
  if (!exception) return {exit_failed_run, "[program] expected to end in order, got no exception; please report it"};
  try {
    std::rethrow_exception(exception);
  } catch (const AlreadyTold& told) {
    return {told.code, ""};
  } catch (const UsageError& e) {
    return {exit_bad_usage, e.what()};
  } catch (const DataError& e) {
    return {exit_bad_data, e.what()};
  } catch (const Interrupted& e) {
    return {exit_interrupted, e.what()};
  } catch (const Error& e) {
    return {exit_failed_run, e.what()};
  } catch (const std::filesystem::filesystem_error& e) {
    return {exit_bad_data, describe(e)};
  } catch (const std::system_error& e) {
    return {exit_failed_run, describe(e)};
  } catch (const std::bad_alloc&) {
    return {exit_failed_run, out_of_host_memory(kWholeRun).what()};
  } catch (const std::length_error&) {  // thrown for a container that is larger than any memory
    return {exit_failed_run, out_of_host_memory(kWholeRun).what()};
  } catch (const std::exception& e) {
    return {exit_failed_run,
            fmt::format("[program] an unexpected error ended the program: {}; please report it with the command",
                        e.what())};
  } catch (...) {
    return {exit_failed_run,
            "[program] an unexpected error without a text ended the program; please report it with the "
            "command"};
  }
}

}  // namespace

Failure failure_of(const std::exception_ptr& exception) {
  Failure failure = whole_failure_of(exception);
  if (failure.message.size() <= kLongestMessage) return failure;
  const size_t cut = failure.message.size() - kLongestMessage;
  failure.message = fmt::format("{}... ({} bytes more)", failure.message.substr(0, kLongestMessage), cut);
  return failure;
}

}  // namespace revunet::tools
