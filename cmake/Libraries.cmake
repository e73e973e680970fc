# Libraries follow the folders: io/files is the target revunet_io_files. It links the libraries of the folders whose
# headers cmake/layers.txt lets it include, and no others.
set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/layers.txt")

# revunet_link_layers(TARGET FOLDER KEYWORD) links a target of a folder to what the folder's row names.
function(revunet_link_layers target folder keyword)
  file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/layers.txt" row REGEX "^${folder}:")
  if(NOT row)
    message(FATAL_ERROR "${folder} has a target but no row in cmake/layers.txt. Add one: the folders whose headers it may include.")
  endif()
  string(REGEX REPLACE "^[^:]*:" "" row "${row}")
  string(REGEX MATCHALL "[^ ]+" below "${row}")
  foreach(lower IN LISTS below)
    string(REPLACE "/" "_" lower "revunet_${lower}")
    target_link_libraries(${target} ${keyword} ${lower})
  endforeach()
endfunction()

# revunet_add_library(FOLDER SOURCES files... [PUBLIC targets...] [PRIVATE targets...]) adds the library of a folder.
# The targets are packages from outside the project.
function(revunet_add_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  string(REPLACE "/" "_" target "revunet_${folder}")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/${folder}/")
  add_library(${target} STATIC ${arg_SOURCES})
  target_link_libraries(${target} PUBLIC revunet::flags ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  revunet_link_layers(${target} ${folder} PUBLIC)
endfunction()

# Includes that point against the direction are refused when the project is configured, and by a test.
execute_process(COMMAND "${PROJECT_SOURCE_DIR}/cmake/check_layers" "${PROJECT_SOURCE_DIR}"
                RESULT_VARIABLE layers_failed ERROR_VARIABLE layers_errors)
if(layers_failed)
  message(FATAL_ERROR "${layers_errors}")
endif()
