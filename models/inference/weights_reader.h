// Weights files as people have them: names with what wrappers put into them, counters next to the weights, and files of
// PyTorch itself.
//
// Rule: names come back as those of the bare network, and whatever was changed or left out is told.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/files/safetensors.h"

namespace revunet {

// Reads a safetensors file of weights.
// - Names lose the parts that wrappers add (`module` of DataParallel, `_orig_mod` of torch.compile, ...), wherever they
//   stand, and then what stands in front of a network's names (`net.`, `model.`): both networks have a lastConv.weight.
// - Counters, which no parameter is (num_batches_tracked, n_averaged), are left out.
// Calls on_note with a sentence about each of these that happened. DataError as read_safetensors, and for: a file of
// torch.save, with the lines of Python that convert it; two networks in one file; two tensors of one name; a parameter
// that is a whole number.
io::SafetensorsFile read_weights(const std::filesystem::path& path,
                                 const std::function<void(const std::string&)>& on_note);

}  // namespace revunet
