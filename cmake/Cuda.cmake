# REVUNET_CUDA=AUTO|ON|OFF. AUTO uses CUDA where both nvcc and cuDNN are found; ON fails without them.
set(REVUNET_CUDA AUTO CACHE STRING "CUDA backend: AUTO, ON or OFF")
set_property(CACHE REVUNET_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT REVUNET_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "REVUNET_CUDA must be AUTO, ON or OFF, got '${REVUNET_CUDA}'")
endif()

set(REVUNET_HAVE_CUDA FALSE)
if(NOT REVUNET_CUDA STREQUAL "OFF")
  find_program(REVUNET_NVCC nvcc HINTS /usr/local/cuda/bin ENV CUDA_PATH PATH_SUFFIXES bin)
  find_path(REVUNET_CUDNN_INCLUDE cudnn.h HINTS /usr/local/cuda ENV CUDA_PATH ENV CUDNN_PATH PATH_SUFFIXES include)
  find_library(REVUNET_CUDNN_LIBRARY cudnn HINTS /usr/local/cuda ENV CUDA_PATH ENV CUDNN_PATH PATH_SUFFIXES lib64 lib)
  if(REVUNET_NVCC AND REVUNET_CUDNN_INCLUDE AND REVUNET_CUDNN_LIBRARY)
    set(REVUNET_HAVE_CUDA TRUE)
  elseif(REVUNET_CUDA STREQUAL "ON")
    message(FATAL_ERROR "REVUNET_CUDA=ON, but nvcc is '${REVUNET_NVCC}', cudnn.h is in '${REVUNET_CUDNN_INCLUDE}' and "
                        "libcudnn is '${REVUNET_CUDNN_LIBRARY}'. Install the CUDA toolkit and cuDNN, or set CUDA_PATH "
                        "and CUDNN_PATH, or build with -DREVUNET_CUDA=OFF.")
  endif()
endif()
message(STATUS "CUDA toolkit and cuDNN found: ${REVUNET_HAVE_CUDA} (REVUNET_CUDA=${REVUNET_CUDA})")
