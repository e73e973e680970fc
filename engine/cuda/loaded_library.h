// This file loads a library when the first of its functions is called, in place of linking it.
#pragma once

#include <dlfcn.h>

#include <string>

#include "engine/error.h"

namespace revunet::cuda {

// A LoadedLibrary is the shared library of one name. Opening it twice is opening it once.
class LoadedLibrary {
 public:
  LoadedLibrary(const char* product, const std::string& file)
      : product_(product), file_(file), handle_(dlopen(file.c_str(), RTLD_LAZY)) {
    REVUNET_EXPECTS(handle_, UsageError,
                    "[`device`] expected to load {}'s {}, got: {}; install it, or name its folder in "
                    "LD_LIBRARY_PATH, or use `device` cpu",
                    product_, file_, dlerror());
  }

  template <typename Function>
  Function* find(const char* name) const {
    void* const found = dlsym(handle_, name);
    REVUNET_EXPECTS(found, UsageError,
                    "[`device`] expected {} in {}'s {}, got: {}; install the release that this was built with", name,
                    product_, file_, dlerror());
    return reinterpret_cast<Function*>(found);
  }

 private:
  const char* product_;
  std::string file_;
  void* handle_;
};

}  // namespace revunet::cuda

// Defines one function of a library, which calls the function of that name in the file.
#define REVUNET_LIBRARY_CALL(library, Result, name, parameters, arguments) \
  Result name parameters {                                                 \
    static auto* const loaded = library().find<decltype(name)>(#name);     \
    return loaded arguments;                                               \
  }
