#include "engine/distributed/agreement.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include <fmt/format.h>

#include "engine/error.h"
#include "engine/process/interruption.h"

namespace revunet {

namespace {

// Its first letter says what was thrown, and the rest is the message.
std::string describe(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const UsageError& e) {
    return fmt::format("u{}", e.what());
  } catch (const DataError& e) {
    return fmt::format("d{}", e.what());
  } catch (const Interrupted& e) {
    return fmt::format("i{}", e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return fmt::format("d{}", e.what());
  } catch (const OutOfMemoryError& e) {
    return fmt::format("m{}", e.what());
  } catch (const std::bad_alloc&) {
    return "m[memory] the host has no more";
  } catch (const std::exception& e) {
    return fmt::format("o{}", e.what());
  } catch (...) {
    return "oan unexpected error without a text";
  }
}

[[noreturn]] void throw_described(const std::string& failure, const std::string& whose) {
  const std::string message = whose + failure.substr(1);
  switch (failure.front()) {
    case 'u':
      throw UsageError(message);
    case 'd':
      throw DataError(message);
    case 'i':
      throw Interrupted(message);
    case 'm':
      throw OutOfMemoryError(message);
    default:
      throw Error(message);
  }
}

std::string call(const std::function<void()>& act) {
  try {
    act();
    return {};
  } catch (...) {
    return describe(std::current_exception());
  }
}

}  // namespace

void agree(Communicator* processes, const std::function<void()>& act) {
  if (size_of(processes) == 1) return act();
  const std::string failure = call(act);
  const std::vector<std::string> all =
      processes->gather(failure.empty() ? "" : fmt::format("{}\n{}", host_name(), failure));
  const auto failed = std::ranges::find_if(all, [](const std::string& text) { return !text.empty(); });
  if (failed == all.end()) return;
  processes->end_together();
  const auto failure_of = [](const std::string& text) { return text.substr(text.find('\n') + 1); };
  const bool same =
      std::ranges::all_of(all, [&](const std::string& text) { return failure_of(text) == failure_of(*failed); });
  const std::string whose =
      describe_rank(static_cast<int>(failed - all.begin()), processes->size(), failed->substr(0, failed->find('\n')));
  throw_described(failure_of(*failed), same ? "" : whose + ": ");
}

void agree_on_first(Communicator* processes, const std::function<void()>& act) {
  if (size_of(processes) == 1) return act();
  const std::string failure = processes->gather(processes->rank() == 0 ? call(act) : "").front();
  if (failure.empty()) return;
  processes->end_together();
  throw_described(failure, "");
}

bool any_of(Communicator* processes, bool here) {
  if (size_of(processes) == 1) return here;
  bool any = false;
  for (const std::string& text : processes->gather(here ? "y" : "")) any = any || !text.empty();
  return any;
}

}  // namespace revunet
