// A protocol gives values for many options at once, where the user gave none. It is a TOML file of options.
#pragma once

#include <string>

#include "tools/common/option_table.h"

namespace revunet::tools {

// This is a file of tools/train/protocols/, which the program holds.
struct Protocol {
  const char *name, *toml;  // "paper" of paper.toml
};

// Sets the options of a protocol that were not given. `protocol` is none, the name of a protocol that the program
// holds, or the path of a file that ends in .toml. Throws UsageError for another name, and as OptionTable::take does.
// Throws DataError for a file that cannot be read.
void take_protocol(OptionTable& options, const std::string& protocol);

// Returns "none, paper, paper-patch", for help.
std::string protocol_names();

}  // namespace revunet::tools
