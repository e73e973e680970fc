# REVUNET_CUDA is AUTO, ON or OFF. AUTO uses CUDA where both nvcc and cuDNN are found; ON fails without them.
set(REVUNET_CUDA AUTO CACHE STRING "CUDA backend: AUTO, ON or OFF")
set_property(CACHE REVUNET_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT REVUNET_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "REVUNET_CUDA must be AUTO, ON or OFF, got '${REVUNET_CUDA}'")
endif()

set(REVUNET_CUDNN_ROOT "" CACHE PATH
    "Where cuDNN's include/ and lib/ are, if neither in the CUDA toolkit nor in system folders; of pip's wheel: site-packages/nvidia/cudnn")
set(REVUNET_HAVE_CUDA FALSE)
if(NOT REVUNET_CUDA STREQUAL "OFF")
  find_program(REVUNET_NVCC nvcc HINTS /usr/local/cuda/bin ENV CUDA_PATH PATH_SUFFIXES bin)
  set(cudnn_hints "${REVUNET_CUDNN_ROOT}" ENV CUDNN_PATH ENV CUDA_PATH /usr/local/cuda)
  find_path(REVUNET_CUDNN_INCLUDE cudnn.h HINTS ${cudnn_hints} PATH_SUFFIXES include)
  # Wheels have no libcudnn.so, but only the file with the version.
  find_library(REVUNET_CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 NAMES_PER_DIR HINTS ${cudnn_hints} PATH_SUFFIXES lib64 lib)
  find_library(REVUNET_CUBLAS_LIBRARY cublas HINTS /usr/local/cuda ENV CUDA_PATH PATH_SUFFIXES lib64 lib)
  if(REVUNET_NVCC AND REVUNET_CUBLAS_LIBRARY AND REVUNET_CUDNN_INCLUDE AND REVUNET_CUDNN_LIBRARY)
    set(REVUNET_HAVE_CUDA TRUE)
    file(STRINGS "${REVUNET_CUDNN_INCLUDE}/cudnn_version.h" cudnn_version REGEX "^#define CUDNN_(MAJOR|MINOR) ")
    string(REGEX REPLACE "[^0-9;]" "" cudnn_version "${cudnn_version}")
    list(JOIN cudnn_version "." REVUNET_CUDNN_VERSION)
    if(REVUNET_CUDNN_VERSION VERSION_LESS 9)
      message(FATAL_ERROR "Expected cuDNN 9, found ${REVUNET_CUDNN_VERSION} in ${REVUNET_CUDNN_INCLUDE}. Install cuDNN 9, name "
                          "another one with REVUNET_CUDNN_ROOT, or build with -DREVUNET_CUDA=OFF.")
    endif()
  elseif(REVUNET_CUDA STREQUAL "ON")
    message(FATAL_ERROR "REVUNET_CUDA=ON, but nvcc is '${REVUNET_NVCC}', cudnn.h is in '${REVUNET_CUDNN_INCLUDE}' and "
                        "libcudnn is '${REVUNET_CUDNN_LIBRARY}', libcublas '${REVUNET_CUBLAS_LIBRARY}'. Install the CUDA toolkit and cuDNN 9, or set CUDA_PATH "
                        "and REVUNET_CUDNN_ROOT, or build with -DREVUNET_CUDA=OFF.")
  endif()
endif()
set(REVUNET_CUDA_ARCHITECTURES 80 CACHE STRING
    "GPU architectures to compile for; the last one's PTX serves later ones. Releases: 75;80;86;89;90;120")
if(REVUNET_HAVE_CUDA)
  set(CMAKE_CUDA_COMPILER "${REVUNET_NVCC}")
  set(CMAKE_CUDA_ARCHITECTURES "${REVUNET_CUDA_ARCHITECTURES}")
  enable_language(CUDA)
  set(REVUNET_CUDA_INCLUDES ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} ${REVUNET_CUDNN_INCLUDE})
endif()

# NCCL adds up the gradients of several processes. A build without it trains with one process per run on CUDA devices.
set(REVUNET_NCCL_ROOT "" CACHE PATH
    "Where NCCL's include/ and lib/ are, if neither in the CUDA toolkit nor in system folders; of pip's wheel: site-packages/nvidia/nccl")
set(REVUNET_HAVE_NCCL FALSE)
if(REVUNET_HAVE_CUDA)
  set(nccl_hints "${REVUNET_NCCL_ROOT}" ENV CUDA_PATH /usr/local/cuda)
  find_path(REVUNET_NCCL_INCLUDE nccl.h HINTS ${nccl_hints} PATH_SUFFIXES include)
  find_library(REVUNET_NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR HINTS ${nccl_hints} PATH_SUFFIXES lib64 lib)
  if(REVUNET_NCCL_INCLUDE AND REVUNET_NCCL_LIBRARY)
    set(REVUNET_HAVE_NCCL TRUE)
    list(APPEND REVUNET_CUDA_INCLUDES ${REVUNET_NCCL_INCLUDE})
  endif()
  message(STATUS "NCCL found: ${REVUNET_HAVE_NCCL} ${REVUNET_NCCL_LIBRARY}")
endif()
message(STATUS "CUDA toolkit and cuDNN found: ${REVUNET_HAVE_CUDA} ${REVUNET_CUDNN_VERSION} (REVUNET_CUDA=${REVUNET_CUDA})")
