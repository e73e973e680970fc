// Protocols: values for many options at once, where the user gave none.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace revunet::tools {

// An option's long name without dashes, and its value as typed.
struct ProtocolValue {
  std::string option, value;
};

std::vector<std::string> protocol_names();

// What a protocol sets: none for "none". paper: section 2.4 of arXiv 1906.06148, with a whole brain a step;
// paper-patch: the same on patches of 128 x 128 x 128 voxels, anywhere in the brain. Ranges of augmentation that the
// paper does not name are those of the authors' experiments (experiments/noNewReversible.py in their repository).
std::vector<ProtocolValue> protocol_values(const std::string& name);

// Sets the options of `app`, which has parsed, that neither the command line nor a file gave.
void apply_protocol(CLI::App& app, const std::string& name);

}  // namespace revunet::tools
