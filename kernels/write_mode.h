// The write mode says how an op delivers its result.
#pragma once

namespace revunet {

enum class Write {
  overwrite,  // y = f(x)
  add,        // y += f(x)
  subtract,   // y -= f(x)
};

}  // namespace revunet
