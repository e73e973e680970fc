#include "engine/process/host_name.h"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace revunet {

std::string host_name() {
  std::array<char, 256> name{};  // Linux allows at most 64 characters
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::string text = name.data();
  std::ranges::replace(text, '/', '_');  // file names contain it
  return text;
}

}  // namespace revunet
