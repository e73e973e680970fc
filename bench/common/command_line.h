// The command line of a benchmark: --name VALUE ..., where a list's values stand apart by commas or spaces.
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
  std::function<void(const std::vector<std::string>& values)> set;  // UsageError for values that it does not take
};

Argument text(const std::string& name, std::string& value, const std::string& help);
Argument words(const std::string& name, std::vector<std::string>& values, const std::string& help);  // commas too
Argument texts(const std::string& name, std::vector<std::string>& values, const std::string& help);
Argument count(const std::string& name, int& value, const std::string& help);      // 1 or more
Argument count(const std::string& name, int64_t& value, const std::string& help);  // 1 or more
Argument counts(const std::string& name, std::vector<int>& values, const std::string& help);
Argument counts(const std::string& name, std::vector<int64_t>& values, const std::string& help);
Argument numbers(const std::string& name, std::vector<double>& values, const std::string& help);
Argument flag(const std::string& name, bool& value, const std::string& help);

// What is computed in, and on which device: --precision, --device, --no-deterministic, --conv-algorithms.
std::vector<Argument> machine_arguments(Precision& precision, DeviceOptions& device);

// Sets the arguments and runs the benchmark. 0 where it is done, 1 where it failed, 2 where the command line makes no
// sense; a message says why. --help shows `about` and the arguments.
int run_benchmark(int argc, char** argv, const std::string& about, const std::vector<Argument>& arguments,
                  const std::function<void()>& body);

}  // namespace revunet::bench
