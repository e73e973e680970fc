# REVUNET_MPI is AUTO, ON or OFF. AUTO uses MPI where there is one; ON fails without it.
set(REVUNET_MPI AUTO CACHE STRING "Training by several processes: AUTO, ON or OFF")
set_property(CACHE REVUNET_MPI PROPERTY STRINGS AUTO ON OFF)
if(NOT REVUNET_MPI MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "REVUNET_MPI must be AUTO, ON or OFF, got '${REVUNET_MPI}'")
endif()
set(REVUNET_HAVE_MPI OFF)
if(NOT REVUNET_MPI STREQUAL "OFF")
  set(MPI_CXX_SKIP_MPICXX ON)  # the program calls MPI's functions in C
  find_package(MPI COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(REVUNET_HAVE_MPI ON)
  elseif(REVUNET_MPI STREQUAL "ON")
    message(FATAL_ERROR "REVUNET_MPI=ON, but no MPI was found. Install it (Debian: libopenmpi-dev openmpi-bin), say where it "
                        "is with MPI_HOME, or build with -DREVUNET_MPI=OFF.")
  endif()
endif()
message(STATUS "MPI found: ${REVUNET_HAVE_MPI} ${MPI_CXX_VERSION} (REVUNET_MPI=${REVUNET_MPI})")
