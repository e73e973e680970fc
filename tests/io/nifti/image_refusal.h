// Says how an image is refused.
#pragma once

#include <limits>
#include <string>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/io/test_files.h"

namespace revunet::test {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

// Returns the message of read_nifti's error.
inline std::string image_refusal(const std::filesystem::path& path) {
  return message_of<DataError>([&] { io::read_nifti(path); });
}
inline std::string image_refusal(const TemporaryFolder& folder, const NiftiBytes& image) {
  const std::string message = image_refusal(write_bytes(folder / "image.nii", image.bytes()));
  CHECK_THAT(message,
             Catch::Matchers::ContainsSubstring("image.nii] expected ") && Catch::Matchers::ContainsSubstring(", got"));
  return message;
}

}  // namespace revunet::test
