# What makes a build short, and changes nothing of what is built.
#
# The files of a target are compiled several at once, because half of a file's time goes into headers that its
# neighbours include too. Names in anonymous namespaces are therefore unique within a target. -DREVUNET_UNITY=OFF compiles
# each file alone, which is faster where a change touches a single large file.
option(REVUNET_UNITY "Compile the files of a target several at once" ON)
set(CMAKE_UNITY_BUILD ${REVUNET_UNITY})
# A target does not wait for libraries that only its users link.
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)

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
