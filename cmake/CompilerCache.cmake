# ccache is used where it is installed, unless something else was asked for. -DREVUNET_CCACHE=OFF compiles anew. Paths
# are relative to this folder, so that one clone's objects serve another's. ccache needs the sloppiness for precompiled
# headers.
option(REVUNET_CCACHE "Compile through ccache where it is installed" ON)
find_program(REVUNET_CCACHE_PROGRAM ccache)
if(REVUNET_CCACHE AND REVUNET_CCACHE_PROGRAM)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content
      CCACHE_SLOPPINESS=pch_defines,time_macros
      ${REVUNET_CCACHE_PROGRAM})
  foreach(language CXX CUDA)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${launcher})
    endif()
  endforeach()
endif()
