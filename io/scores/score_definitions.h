// This file says what the numbers of an evaluation mean, in the words that go with them into every output.
#pragma once

#include <string>
#include <vector>

#include "io/scores/scoring.h"

namespace revunet::io {

struct ScoreDefinition {
  const char* key;   // in JSON
  std::string text;  // a line of the table
};

// Returns the definitions of the scoring and of HD95, and of NSD and lesion-wise scores where they are asked for.
std::vector<ScoreDefinition> definitions_of(const ScoreOptions& options);

}  // namespace revunet::io
