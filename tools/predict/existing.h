// What an earlier run has left in the folder for predictions: --skip-existing goes on from there.
//
// Rule: only a prediction of the same case is left as it is. A file that cannot be read is made again; one that can be
// read and is something else is refused, so that nothing of anybody's is overwritten.
#pragma once

#include <string>

#include "models/inference/prediction.h"

namespace revunet::tools {

struct Existing {
  enum class State { none, whole, damaged };  // none: a file is not there, and the others are sound
  State state;
  std::string damage;  // which file, and what is wrong with it
};

// Reads all files of the case's prediction that are there. DataError, naming the file, for one on another grid than the
// case's images, of other labels than the case's profile has, or of another kind; and for a case whose images cannot be
// read.
Existing existing_prediction(const io::CaseFiles& c, const PredictionFiles& files);

}  // namespace revunet::tools
