#include "io/task/file_patterns.h"

#include <algorithm>
#include <string_view>

#include "engine/error.h"
#include "io/text/lower_case.h"
#include "io/text/printable.h"

namespace revunet::io {

namespace {

constexpr size_t kLongest = 1000;  // letters
constexpr int64_t kMostStars = 4;  // each multiplies the ways in which a name may fit

}  // namespace

void expect_pattern(const std::string& pattern) {
  REVUNET_EXPECTS(pattern.size() <= kLongest && std::ranges::count(pattern, '*') <= kMostStars, Error,
                  "expected a pattern of at most {} letters and {} *, got {}", kLongest, kMostStars, excerpt(pattern));
  REVUNET_EXPECTS(pattern.find("{case}") != std::string::npos, Error,
                  "expected a pattern of file names with {{case}}, such as {{case}}/image.nii.gz, got {}",
                  excerpt(pattern));
  for (size_t begin = 0; begin <= pattern.size();) {
    const size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string name = pattern.substr(begin, end - begin);
    REVUNET_EXPECTS(!name.empty() && name[0] != '.', Error,
                    "expected a pattern of names below the dataset's folder that do not begin with a dot, got {}",
                    excerpt(pattern));
    begin = end + 1;
  }
}

std::string without_image_ending(const std::string& path) {
  const auto is_same = [](char a, char b) { return lower_case(a) == b; };
  for (const std::string_view ending : {".nii.gz", ".nii"}) {
    if (path.size() <= ending.size()) continue;
    const size_t length = path.size() - ending.size();
    if (std::ranges::equal(std::string_view(path).substr(length), ending, is_same)) return path.substr(0, length);
  }
  return path;
}

}  // namespace revunet::io
