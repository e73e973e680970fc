// Tests what tools say about exceptions, whoever throws them, and their exit codes.
#include "tools/common/failure.h"

#include <filesystem>
#include <new>
#include <stdexcept>
#include <vector>

#include "engine/process/host_memory.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class Throw>
Failure failure_when(Throw throw_it) {
  try {
    throw_it();
  } catch (...) {
    return failure_of(std::current_exception());
  }
  throw std::logic_error("expected an exception");
}

}  // namespace

TEST_CASE("the project's own errors keep their messages and have the exit codes of the table", "[failure]") {
  const std::vector<std::pair<std::exception_ptr, int>> errors = {
      {std::make_exception_ptr(Error("text")), 1},
      {std::make_exception_ptr(NonFiniteError("text")), 1},
      {std::make_exception_ptr(OutOfMemoryError("text")), 1},
      {std::make_exception_ptr(UsageError("text")), 2},
      {std::make_exception_ptr(DataError("text")), 3},
      {std::make_exception_ptr(Interrupted("text")), 4}};
  for (const auto& [error, code] : errors) {
    const Failure failure = failure_of(error);
    CHECK(failure.code == code);
    CHECK(failure.message == "text");
  }
}

TEST_CASE("what libraries throw is reported in words, without the names of their exceptions", "[failure]") {
  const Failure file = failure_when([] { (void)std::filesystem::file_size("/no/such/file"); });
  CHECK(file.code == 3);
  CHECK_THAT(file.message,
             ContainsSubstring("[/no/such/file] expected") && ContainsSubstring("No such file or directory"));

  const Failure threads =
      failure_when([] { throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)); });
  CHECK(threads.code == 1);
  CHECK_THAT(threads.message, ContainsSubstring("Resource temporarily unavailable") && ContainsSubstring("--threads"));

  for (const auto& memory : {failure_when([] { throw std::bad_alloc(); }),
                             failure_when([] { std::vector<int64_t>().reserve(~size_t{0}); })}) {
    CHECK(memory.code == 1);
    CHECK_THAT(memory.message, ContainsSubstring("[memory] expected host memory") && ContainsSubstring("MiB") &&
                                   !ContainsSubstring("alloc") && !ContainsSubstring("reserve"));
  }
  CHECK(failure_when([] { throw std::runtime_error("odd"); }).code == 1);
  CHECK_THAT(failure_when([] { throw std::runtime_error("odd"); }).message,
             ContainsSubstring("program: odd; please report"));
  CHECK(failure_when([] { throw 7; }).code == 1);
}

TEST_CASE("work without memory is an error that names the work", "[failure]") {
  CHECK(with_host_memory("case A", [] { return 7; }) == 7);
  CHECK_THROWS_AS(with_host_memory("case A", [] { throw std::bad_alloc(); }), OutOfMemoryError);
  CHECK_THROWS_WITH(with_host_memory("case A", [] { throw std::bad_alloc(); }),
                    ContainsSubstring("host memory for case A"));
  CHECK_THROWS_AS(with_host_memory("case A", [] { throw DataError("not about memory"); }), DataError);
  const HostMemory memory = host_memory();
  CHECK(memory.total >= (size_t{64} << 20));
  CHECK((memory.free > 0 && memory.free <= memory.total));
}
