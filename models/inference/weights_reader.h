// This file reads weights files as people have them: with names that wrappers changed, counters next to the weights,
// and files of PyTorch itself.
//
// Rule: names come back as those of the bare network, and every change and omission is reported.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/files/safetensors.h"

namespace revunet {

// Reads a safetensors file of weights.
// - Names lose the parts that wrappers add (`module` of DataParallel, `_orig_mod` of torch.compile, ...), wherever they
//   stand, and then what stands in front of a network's names (`net.`, `model.`). Both networks have a lastConv.weight.
// - Counters (num_batches_tracked, n_averaged) are left out, because they are no parameters.
// Calls on_note with a sentence about each of these changes. Throws DataError as read_safetensors does, and for these
// files: one by torch.save (the message has the lines of Python that convert it), one with two networks, one with two
// tensors of one name, and one with a parameter that is a whole number.
io::SafetensorsFile read_weights(const std::filesystem::path& path,
                                 const std::function<void(const std::string&)>& on_note);

}  // namespace revunet
