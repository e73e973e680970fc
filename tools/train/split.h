// Which cases train and which validate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/dataset.h"

namespace revunet::tools {

struct Split {
  std::vector<io::CaseFiles> training, validation;  // each in name order
};

// A seeded random share of the cases, rounded to nearest but at least one where fraction > 0, validates; at least one
// trains. The same cases, fraction and seed give the same split. DataError for a case without segmentation.
Split split_cases(std::vector<io::CaseFiles> cases, double validation_fraction, uint64_t seed);

// {"training": [names], "validation": [names]}
std::string to_json(const Split& split);

// 0 .. count - 1 in a random order that depends on seed and epoch alone.
std::vector<size_t> epoch_order(size_t count, uint64_t seed, int64_t epoch);

}  // namespace revunet::tools
