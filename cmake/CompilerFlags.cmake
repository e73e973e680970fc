# Every target links revunet::flags. Only kernels/CMakeLists.txt sets further flags.
option(REVUNET_NATIVE "Compile for this machine's processor alone; OFF: for all with AVX2, and kernels for AVX-512 too" OFF)
set(REVUNET_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

add_library(revunet_flags INTERFACE)
add_library(revunet::flags ALIAS revunet_flags)
target_compile_features(revunet_flags INTERFACE cxx_std_20)
target_include_directories(revunet_flags INTERFACE "${PROJECT_SOURCE_DIR}")
# -ffp-contract=fast is GCC's default in C++. It is stated because the arithmetic depends on it. -fno-trapping-math
# changes no result, only exception flags that nobody reads; without it GCC does not vectorise a choice between two
# products. -fno-math-errno is there because nobody reads errno after std::sqrt, and setting it keeps Adam's loop
# scalar.
set(REVUNET_CXX_OPTIONS
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -ffp-contract=fast -fno-trapping-math
  -fno-math-errno
  -Wno-restrict  # false alarms on std::string operator+ in GCC 12 (its bug 105651)
  -Wno-maybe-uninitialized  # as above, in its own AVX-512 intrinsics (bug 105593)
  -march=$<IF:$<BOOL:${REVUNET_NATIVE}>,native,$<IF:$<BOOL:$<TARGET_PROPERTY:REVUNET_AVX512_KERNELS>>,x86-64-v4,x86-64-v3>>)
# nvcc's own code has shadows and conversions, so its host compiler gets fewer warnings.
set(REVUNET_CUDA_OPTIONS
  -std=c++20  # CMake 3.25 cannot ask for it with CUDA 13
  -DFMT_CONSTEVAL= -DFMT_USE_CONSTEXPR=1  # fmt 9 takes nvcc for half of a C++20 compiler
  --expt-relaxed-constexpr  # constexpr functions, such as bfloat16's, in kernels
  -Xcompiler=-Wall,-Wextra,-Wno-unknown-pragmas,-Werror -Werror=all-warnings)
target_compile_options(revunet_flags INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${REVUNET_CXX_OPTIONS}>" "$<$<COMPILE_LANGUAGE:CUDA>:${REVUNET_CUDA_OPTIONS}>")
if(REVUNET_SANITIZE)
  target_compile_options(revunet_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${REVUNET_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  target_link_options(revunet_flags INTERFACE -fsanitize=${REVUNET_SANITIZE})
endif()
