# storm_add_plugin(NAME KIND executor|machine|publisher|storage|operator SOURCES ... PROVIDES id ... [NEEDS id ...]
#                  [LINK target ...] [VERSION x.y.z] [SUMMARY "one line"])
#
# Makes the shared object KIND-NAME.so and its manifest KIND-NAME.yaml beside it, exporting storm_entry_NAME and nothing
# else, never unloaded, with every symbol resolved at link time, and with the note of storm/note.h: its source is written
# from the same values as the manifest. Target: storm_plugin_KIND_NAME. The same file serves the tree and the installed
# package; STORM_PLUGIN_FOLDER says where the two files are built (plugins below the build folder),
# STORM_PLUGIN_DESTINATION where they are installed.
set(STORM_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map)
set(STORM_ABI_MAJOR 1)
set(STORM_ABI_MINOR 0)

function(storm_add_plugin name)
  cmake_parse_arguments(arg "" "KIND;VERSION;SUMMARY" "SOURCES;PROVIDES;NEEDS;LINK" ${ARGN})
  if(NOT arg_KIND OR NOT arg_SOURCES OR NOT arg_PROVIDES)
    message(FATAL_ERROR "storm_add_plugin(${name}): KIND, SOURCES and PROVIDES are required")
  endif()
  if(NOT arg_VERSION)
    set(arg_VERSION ${PROJECT_VERSION})
  endif()
  set(target storm_plugin_${arg_KIND}_${name})
  set(file ${arg_KIND}-${name})
  set(folder ${CMAKE_BINARY_DIR}/plugins)
  if(STORM_PLUGIN_FOLDER)
    set(folder ${STORM_PLUGIN_FOLDER})
  endif()
  set(destination lib/perfectstorm/plugins)
  if(STORM_PLUGIN_DESTINATION)
    set(destination ${STORM_PLUGIN_DESTINATION})
  endif()

  list(JOIN arg_PROVIDES " " provides)
  list(JOIN arg_NEEDS " " needs)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(CXX IN_LIST languages)
    set(note ${CMAKE_CURRENT_BINARY_DIR}/${file}-note.cpp)
  else()
    set(note ${CMAKE_CURRENT_BINARY_DIR}/${file}-note.c)
  endif()
  file(CONFIGURE OUTPUT ${note} CONTENT
"#include \"storm/note.h\"
STORM_NOTE(\"${arg_KIND}.${name}\", \"${arg_VERSION}\", \"native\", \"${provides}\", \"${needs}\");
")

  add_library(${target} MODULE ${arg_SOURCES} ${note})
  target_link_libraries(${target} PRIVATE PerfectStorm::abi ${arg_LINK})
  if(CXX IN_LIST languages)
    target_link_libraries(${target} PRIVATE PerfectStorm::sdk)
  endif()
  target_compile_definitions(${target} PRIVATE STORM_PLUGIN_VERSION="${arg_VERSION}")
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${file} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${folder}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    # Extensions make macros of words such as linux, which may be a plugin's name.
    CXX_EXTENSIONS OFF LINK_DEPENDS ${STORM_PLUGIN_MAP})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
  endif()
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${STORM_PLUGIN_MAP} -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro)
  if(NOT STORM_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()

  set_property(GLOBAL APPEND PROPERTY STORM_PLUGINS ${target})
  # For whoever makes packages of them.
  set_target_properties(${target} PROPERTIES STORM_COMPONENT perfectstorm-${arg_KIND}-${name}
    STORM_SUMMARY "${arg_SUMMARY}" STORM_ABI_MIN ${STORM_ABI_MAJOR}.0)
  list(JOIN arg_PROVIDES ", " provides)
  list(JOIN arg_NEEDS ", " needs)
  file(GENERATE OUTPUT ${folder}/${file}.yaml CONTENT
"manifest: 1
id: ${arg_KIND}.${name}
version: ${arg_VERSION}
summary: \"${arg_SUMMARY}\"
abi: {major: ${STORM_ABI_MAJOR}, built: ${STORM_ABI_MINOR}, min: 0}
library: ${file}.so
entry: storm_entry_${name}
runtime: native
provides: [${provides}]
needs: [${needs}]
")
  install(TARGETS ${target} LIBRARY DESTINATION ${destination}
    COMPONENT perfectstorm-${arg_KIND}-${name})
  install(FILES ${folder}/${file}.yaml DESTINATION ${destination}
    COMPONENT perfectstorm-${arg_KIND}-${name})
endfunction()
