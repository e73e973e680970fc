// This file judges what an earlier run has left in the folder for predictions. A run that skips what exists goes on
// from there.
//
// Rule: only a prediction of the same case is left as it is. A file that cannot be read is made again. One that can be
// read but is something else is refused, so that nobody's file is overwritten.
#pragma once

#include <string>

#include "models/inference/prediction.h"

namespace revunet {

struct Existing {
  enum class State { none, whole, damaged };  // none: there are no labels, and the other files are sound
  State state;
  std::string damage;  // which file is damaged, and what is wrong with it
};

// Reads all existing files of the case's prediction. Throws DataError, with the file, for one on another grid than the
// case's images, with labels that the case's profile lacks, or of another kind, for labels without another file that
// is asked for, and for a case whose images cannot be read.
Existing existing_prediction(const io::CaseFiles& c, const PredictionFiles& files);

}  // namespace revunet
