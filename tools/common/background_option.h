// --background: what images hold around the brain, where that is not 0.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "io/dataset/background.h"

namespace revunet::tools {

// Declares --background, which sets `text`, for io::parse_background. Without the option `text` stays as it is, and
// help names `otherwise`.
inline CLI::Option* add_background_option(CLI::App& app, std::string& text, const std::string& otherwise = "0") {
  return app.add_option("--background", text,
                        "value of the images around the brain, which is subtracted from them: a number, or corner: the "
                        "value that all corners of an image have, another for each image [" +
                            otherwise + "]");
}

}  // namespace revunet::tools
