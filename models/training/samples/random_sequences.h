// These sequences keep the run's random numbers apart. Initialisation has sequences 0 to the number of parameters.
#pragma once

#include <cstdint>

namespace revunet {

inline constexpr uint64_t kSplitSequence = uint64_t{1} << 32;
inline constexpr uint64_t kOrderSequence = uint64_t{2} << 32;    // plus the epoch
inline constexpr uint64_t kPatchSequence = uint64_t{3} << 32;    // plus the sample
inline constexpr uint64_t kMissingSequence = uint64_t{4} << 32;  // plus the sample

// These keys make separate seeds from the run's.
inline constexpr uint64_t kAugmentationKey = 0x41554741, kDropoutKey = 0x44524f50;

}  // namespace revunet
