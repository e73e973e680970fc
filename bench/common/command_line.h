// The command line of a benchmark is --name VALUE ..., where commas or spaces separate the values of a list.
//
// Rule: a benchmark has few options and is for developers, so this is all there is of parsing, help and exit codes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/device/compute_device.h"
#include "models/precision.h"

namespace revunet::bench {

struct Argument {
  std::string name, help;                                           // the name without dashes
  std::function<void(const std::vector<std::string>& values)> set;  // throws UsageError for refused values
};

Argument text(const std::string& name, std::string& value, const std::string& help);
Argument words(const std::string& name, std::vector<std::string>& values, const std::string& help);  // takes commas too
Argument texts(const std::string& name, std::vector<std::string>& values, const std::string& help);
Argument count(const std::string& name, int& value, const std::string& help);      // 1 or more
Argument count(const std::string& name, int64_t& value, const std::string& help);  // 1 or more
Argument counts(const std::string& name, std::vector<int>& values, const std::string& help);
Argument counts(const std::string& name, std::vector<int64_t>& values, const std::string& help);
Argument numbers(const std::string& name, std::vector<double>& values, const std::string& help);
Argument flag(const std::string& name, bool& value, const std::string& help);

// Returns the arguments that choose precision and device: --precision, --device, --no-deterministic, --conv-algorithms,
// --cpu-instructions.
std::vector<Argument> machine_arguments(Precision& precision, DeviceOptions& device);

// Sets the arguments and runs the benchmark. Returns 0 where it is done, 1 where it failed, and 2 where the command
// line makes no sense, and prints a message that says why. --help shows `about` and the arguments.
int run_benchmark(int argc, char** argv, const std::string& about, const std::vector<Argument>& arguments,
                  const std::function<void()>& body);

}  // namespace revunet::bench
