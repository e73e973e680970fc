# Every target links revunet::flags, and nothing sets a flag anywhere else.
option(REVUNET_NATIVE "Compile for this machine's instruction set; OFF gives portable AVX2 code" ON)
set(REVUNET_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

add_library(revunet_flags INTERFACE)
add_library(revunet::flags ALIAS revunet_flags)
target_compile_features(revunet_flags INTERFACE cxx_std_20)
target_include_directories(revunet_flags INTERFACE "${PROJECT_SOURCE_DIR}")
# -ffp-contract=fast is GCC's default in C++; stated because the arithmetic depends on it. -fno-trapping-math changes no
# result, only exception flags that nobody reads; without it GCC does not vectorise a choice between two products.
# -fno-math-errno: nobody reads errno after std::sqrt, and reading it back keeps Adam's loop scalar.
target_compile_options(revunet_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -ffp-contract=fast -fno-trapping-math
  -fno-math-errno
  -Wno-restrict  # false alarms on std::string operator+ in GCC 12 (its bug 105651)
  $<IF:$<BOOL:${REVUNET_NATIVE}>,-march=native,-march=x86-64-v3>)
if(REVUNET_SANITIZE)
  target_compile_options(revunet_flags INTERFACE
    -fsanitize=${REVUNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(revunet_flags INTERFACE -fsanitize=${REVUNET_SANITIZE})
endif()
