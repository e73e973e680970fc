// Tests find here what they do not make themselves.
//
// Rule: only places.cpp knows the paths, so that a compiler cache serves the other tests in any folder.
#pragma once

#include <string>

namespace revunet::test {

std::string golden_dir();    // tests/golden
std::string shared_dir();    // data next to the project, which a user's clone lacks
std::string docs_dir();      // docs
std::string tools_dir();     // the programs of this build
bool has_mpi();              // whether this build can train by several processes
std::string peer_program();  // one of the processes that the tests of communicators start
std::string hosts_script();  // makes hosts out of network namespaces
std::string failing_disk();  // the library that makes a program's disk fail

}  // namespace revunet::test
