// Tests may lack something (a GPU, a Python package, the shared data). CTest then shows them as skipped, with the
// reason.
#pragma once

#include <string>

namespace revunet::test {

// Prints the reason. The program then exits with kSkipped unless a test fails, because CTest runs each test on its own.
void skip(const std::string& reason);

inline constexpr int kSkipped = 77;  // SKIP_RETURN_CODE in tests/CMakeLists.txt

}  // namespace revunet::test
