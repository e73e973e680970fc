// The network of a run that begins with given weights: theirs, unless an option says otherwise, which is refused.
#pragma once

#include <filesystem>

#include <CLI/CLI.hpp>

#include "io/background.h"
#include "models/unet.h"
#include "tools/train/arguments.h"

namespace revunet::tools {

// Where `arguments`, which `app` has parsed, have --init for a new run: sets --model, --channels, --encoder-depth and
// --decoder-depth as the weights have them, where neither the command line nor a file gave them. DataError naming both
// where one of them was given and is another, and for a file that holds no network.
void take_architecture(CLI::App& app, const TrainArguments& arguments);

// Sets the model's parameters from a file of weights, and logs what was read in another way than it is written. Warns
// where the weights were trained on images with another background than this run's. DataError as load_weights.
void load_initial_weights(const std::filesystem::path& file, const io::Background& background, UNet& model);

}  // namespace revunet::tools
