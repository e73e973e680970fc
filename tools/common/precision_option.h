// --precision: what a network computes in.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "tools/common/option_spelling.h"

namespace revunet::tools {

// Declares --precision, which sets `name`.
inline void add_precision_option(CLI::App& app, std::string& name) {
  app.add_option("--precision", name,
                 "fp32; mixed: convolutions of reversible blocks multiply in bf16, the rest is fp32; bf16: activations "
                 "and their gradients are bf16, weights fp32")
      ->check(one_of({"fp32", "mixed", "bf16"}))
      ->capture_default_str();
}

}  // namespace revunet::tools
