# Everything comes from Debian's packages; nothing is fetched. tools/packages.txt is the one list of names.
file(STRINGS "${PROJECT_SOURCE_DIR}/tools/packages.txt" packages REGEX "^[^#]")
list(JOIN packages " " packages)

macro(revunet_require package)
  find_package(${package} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found. Install the packages this project needs:\n"
                        "  apt-get install ${packages}")
  endif()
endmacro()

revunet_require(OpenMP COMPONENTS CXX)
revunet_require(dnnl CONFIG)
revunet_require(Eigen3 CONFIG)
revunet_require(ZLIB)
revunet_require(OpenSSL COMPONENTS Crypto)
revunet_require(CLI11 CONFIG)
revunet_require(nlohmann_json CONFIG)
revunet_require(spdlog CONFIG)
revunet_require(fmt CONFIG)
revunet_require(tomlplusplus CONFIG)

# cairo's Debian package has no CMake files.
find_path(REVUNET_CAIRO_INCLUDE cairo.h PATH_SUFFIXES cairo)
find_library(REVUNET_CAIRO_LIBRARY cairo)
if(NOT REVUNET_CAIRO_INCLUDE OR NOT REVUNET_CAIRO_LIBRARY)
  message(FATAL_ERROR "cairo (cairo.h, libcairo) was not found. Install the packages this project needs:\n"
                      "  apt-get install ${packages}")
endif()
add_library(cairo INTERFACE)
target_include_directories(cairo SYSTEM INTERFACE "${REVUNET_CAIRO_INCLUDE}")
target_link_libraries(cairo INTERFACE "${REVUNET_CAIRO_LIBRARY}")

# nifticlib's package has none either. The project uses version 2 of its header structs, and byte swapping.
find_path(REVUNET_NIFTI_INCLUDE nifti2_io.h PATH_SUFFIXES nifti)
find_library(REVUNET_NIFTI_LIBRARY nifti2)
if(NOT REVUNET_NIFTI_INCLUDE OR NOT REVUNET_NIFTI_LIBRARY)
  message(FATAL_ERROR "nifticlib (nifti2_io.h, libnifti2) was not found. Install the packages this project needs:\n"
                      "  apt-get install ${packages}")
endif()
add_library(nifti2 INTERFACE)
target_include_directories(nifti2 SYSTEM INTERFACE "${REVUNET_NIFTI_INCLUDE}")
target_link_libraries(nifti2 INTERFACE "${REVUNET_NIFTI_LIBRARY}")

if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  revunet_require(Catch2 CONFIG)
endif()
