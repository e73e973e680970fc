// This file has the exceptions and the one macro that throws them. A library never exits: tools turn exceptions into
// exit codes.
//
// A message reads `[op or file] expected ..., got ...; what to do about it`.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>

namespace revunet {

// A run failed: shapes do not fit, a loss is not finite, or a device is not there. Exit code 1.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A request cannot be carried out as given: an option's value, or a size that the network does not take. Exit code 2.
struct UsageError : Error {
  using Error::Error;
};

// A file or dataset is missing, damaged or not what it should be. Exit code 3.
struct DataError : Error {
  using Error::Error;
};

// The device refused an allocation. Exit code 1.
struct OutOfMemoryError : Error {
  explicit OutOfMemoryError(const std::string& message, size_t bytes = 0) : Error(message), capacity(bytes) {}
  size_t capacity;  // total bytes that the device could have given; 0 where it does not say
};

// A NaN or infinity stood where a number was expected. The message names the tensor. Exit code 1.
struct NonFiniteError : Error {
  using Error::Error;
};

}  // namespace revunet

// Throws ErrorType with a message formatted by fmt unless the condition holds.
#define REVUNET_EXPECTS(condition, ErrorType, ...)               \
  do {                                                           \
    if (!(condition)) throw ErrorType(fmt::format(__VA_ARGS__)); \
  } while (false)
