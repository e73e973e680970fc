// Exceptions and the one macro that throws them. A library never exits: tools turn these into exit codes.
//
// A message reads `[op or file] expected ..., got ...; what to do about it`.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>

namespace revunet {

// A run that failed: shapes that do not fit, a non-finite loss, a device that is not there. Exit code 1.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A request that cannot be carried out as given: an option's value, a size the network does not take. Exit code 2.
struct UsageError : Error {
  using Error::Error;
};

// A file or dataset that is missing, damaged or not what it should be. Exit code 3.
struct DataError : Error {
  using Error::Error;
};

// An allocation that the device refused. Exit code 1.
struct OutOfMemoryError : Error {
  explicit OutOfMemoryError(const std::string& message, size_t bytes = 0) : Error(message), capacity(bytes) {}
  size_t capacity;  // bytes that the device would have given in all; 0 where it does not say
};

// A NaN or infinity where a number was expected; the message names the tensor. Exit code 1.
struct NonFiniteError : Error {
  using Error::Error;
};

}  // namespace revunet

// Throws ErrorType with an fmt-formatted message unless condition holds.
#define REVUNET_EXPECTS(condition, ErrorType, ...)               \
  do {                                                           \
    if (!(condition)) throw ErrorType(fmt::format(__VA_ARGS__)); \
  } while (false)
