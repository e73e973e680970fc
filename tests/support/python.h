// Other people's readers of our files are packages of Python, used where they are installed.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "tests/io/test_files.h"
#include "tests/support/skip.h"

namespace revunet::test {

// Returns what python3 prints for `script`. arguments are as typed in a shell. Where python3 or the package is missing,
// skips the test with that reason and returns nothing.
inline std::optional<std::string> run_python(const std::string& package, const std::string& script,
                                             const std::string& arguments) {
  if (std::system(("python3 -c 'import " + package + "' >/dev/null 2>&1").c_str()) != 0) {
    skip("python3 with the package " + package + ", whose reader this is for, is not there");
    return std::nullopt;
  }
  const TemporaryFolder folder;
  const std::string file = write_bytes(folder / "script.py", script).string(), output = (folder / "output").string();
  const std::string command = "python3 '" + file + "' " + arguments + " >'" + output + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  return read_bytes(output);
}

}  // namespace revunet::test
