// Runs a tool of this build as a program, as a user would.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/io/test_files.h"
#include "tests/support/places.h"

namespace revunet::test {

struct ToolResult {
  int exit_code;
  std::string output;  // stdout
  std::string errors;  // stderr
};

// Runs on the CPU, even where there is a GPU. arguments are as typed in a shell, after the tool's name. environment has
// settings like "OMP_NUM_THREADS=1 ".
inline ToolResult run_tool(const std::string& name, const std::string& arguments, const std::string& environment = "") {
  const TemporaryFolder folder;
  const std::string output = (folder / "output").string(), errors = (folder / "errors").string();
  const std::string command = "CUDA_VISIBLE_DEVICES= " + environment + tools_dir() + "/" + name + " " + arguments +
                              " >" + output + " 2>" + errors;
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));  // not killed by a signal
  return {WEXITSTATUS(status), read_bytes(output), read_bytes(errors)};
}

}  // namespace revunet::test
