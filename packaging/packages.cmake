# The Debian packages: one for each component whose name begins with "perfectstorm-", made by
# `cmake --build BUILD --target packages` in BUILD/packages. A plugin has its own, which needs the plugin ABI that core
# provides under a name of its own, so that apt refuses one that is too new. What stormd cannot do without is in core, or
# comes with it.
set(STORM_PLUGIN_ABI perfectstorm-plugin-abi-${STORM_ABI_MAJOR})
set(in_core perfectstorm-storage-sqlite)
set(beside_core perfectstorm-operator-text)  # for stormctl, too

find_program(STORM_SHLIBDEPS dpkg-shlibdeps)
if(NOT STORM_SHLIBDEPS OR STORM_SANITIZE)
  if(NOT STORM_SHLIBDEPS)
    message(STATUS "No packages can be made: dpkg-shlibdeps is missing (Debian package dpkg-dev)")
  endif()
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME perfectstorm)
set(CPACK_PACKAGE_VENDOR "Perfect Storm developers")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Perfect Storm developers <developers@perfectstorm.example.org>")
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/finish_packages.cmake)
configure_file(debian/changelog.in ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog @ONLY)
configure_file(debian/copyright ${CMAKE_CURRENT_BINARY_DIR}/debian/copyright COPYONLY)
set(CPACK_STORM_DOCUMENTS ${CMAKE_CURRENT_BINARY_DIR}/debian)  # finish_packages.cmake reads it

get_cmake_property(components COMPONENTS)
list(FILTER components INCLUDE REGEX "^perfectstorm-")
set(CPACK_COMPONENTS_ALL)

# Lines of at most 78 characters.
function(wrap result text)
  string(REGEX REPLACE "[ \n]+" ";" words "${text}")
  set(lines)
  set(line)
  foreach(word ${words})
    string(LENGTH "${line} ${word}" length)
    if(length GREATER 78)
      list(APPEND lines "${line}")
      set(line "${word}")
    else()
      string(STRIP "${line} ${word}" line)
    endif()
  endforeach()
  list(APPEND lines "${line}")
  list(JOIN lines "\n" lines)
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

# storm_package(NAME SUMMARY "..." TEXT "..." SECTION s [DEPENDS|RECOMMENDS|SUGGESTS|PROVIDES|ENHANCES|BREAKS package ...]
#               [CONTROL folder]): does nothing where no such component is built.
macro(storm_package name)
  cmake_parse_arguments(arg "" "SUMMARY;TEXT;SECTION;CONTROL" "DEPENDS;RECOMMENDS;SUGGESTS;PROVIDES;ENHANCES;BREAKS" ${ARGN})
  if(${name} IN_LIST components)
    list(APPEND CPACK_COMPONENTS_ALL ${name})
    string(TOUPPER ${name} upper)
    string(REPLACE _ - CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})  # a package's name knows no underscore
    set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${arg_SECTION})
    wrap(text "${arg_TEXT}")
    set(CPACK_DEBIAN_${upper}_DESCRIPTION "${arg_SUMMARY}\n${text}")
    foreach(relation DEPENDS RECOMMENDS SUGGESTS PROVIDES ENHANCES BREAKS)
      list(JOIN arg_${relation} ", " CPACK_DEBIAN_${upper}_PACKAGE_${relation})
    endforeach()
    if(arg_CONTROL)
      file(GLOB CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/debian/${arg_CONTROL}/*)
    endif()
  endif()
endmacro()

# By whatever runs plugins: stormd, storm-agent, stormctl for operators. All on one machine are of one version.
set(abi "${STORM_PLUGIN_ABI} (= ${STORM_ABI_MAJOR}.${STORM_ABI_MINOR})")
set(provided ${abi})
foreach(part ${in_core})
  list(APPEND provided "${part} (= ${PROJECT_VERSION})")
  string(TOUPPER ${part} upper)
  set(CPACK_COMPONENT_${upper}_GROUP perfectstorm-core)
endforeach()
set(CPACK_COMPONENT_PERFECTSTORM-CORE_GROUP perfectstorm-core)
storm_package(perfectstorm-core
  SUMMARY "live model of everything that runs in your clouds (server)"
  TEXT "stormd discovers what runs by its plugins, keeps one model of it, and serves
it over REST. People name groups with queries, which are kept current with each
change. This package has the server and its embedded store. Clouds come with packages of their own,
perfectstorm-executor-swarm for one."
  SECTION admin
  DEPENDS "systemd-standalone-sysusers | systemd-sysusers | systemd" procps  # its kill is in the unit
    "perfectstorm-operator-text (= ${PROJECT_VERSION})"
  RECOMMENDS perfectstorm-cli
  SUGGESTS perfectstorm-executor-swarm
  PROVIDES ${provided}
  BREAKS "perfectstorm-cli (<< ${PROJECT_VERSION})" "perfectstorm-agent (<< ${PROJECT_VERSION})"
  CONTROL core)
list(APPEND CPACK_COMPONENTS_ALL ${in_core})

storm_package(perfectstorm-cli
  SUMMARY "live model of everything that runs in your clouds (command line)"
  TEXT "stormctl shows and changes what a Perfect Storm server knows: resources, groups,
applications, events as they happen. With manual page and completions for bash,
zsh and fish."
  SECTION admin
  RECOMMENDS "perfectstorm-operator-text (= ${PROJECT_VERSION})"
  SUGGESTS perfectstorm-core
  PROVIDES "${abi}"
  BREAKS "perfectstorm-core (<< ${PROJECT_VERSION})" "perfectstorm-agent (<< ${PROJECT_VERSION})")

storm_package(perfectstorm-sdk
  SUMMARY "live model of everything that runs in your clouds (for writing plugins)"
  TEXT "Headers of the plugin ABI in C, C++ glue over them, and what CMake and
pkg-config need to build plugins of Perfect Storm outside its sources, and
storm-plugin-check, which tries whether a plugin keeps the rules."
  SECTION devel
  RECOMMENDS cmake "g++ | c++-compiler"
  SUGGESTS perfectstorm-core)

storm_package(perfectstorm-agent
  SUMMARY "live model of everything that runs in your clouds (plugins elsewhere)"
  TEXT "storm-agent runs a plugin of Perfect Storm as a program of its own, on any
machine, and tells a server elsewhere over REST what the plugin finds."
  SECTION admin
  SUGGESTS perfectstorm-executor-swarm
  PROVIDES "${abi}"
  BREAKS "perfectstorm-core (<< ${PROJECT_VERSION})" "perfectstorm-cli (<< ${PROJECT_VERSION})")

# A plugin's relations follow from the call of storm_add_plugin that makes it.
get_property(plugins GLOBAL PROPERTY STORM_PLUGINS)
foreach(plugin ${plugins})
  get_target_property(name ${plugin} STORM_COMPONENT)
  get_target_property(summary ${plugin} STORM_SUMMARY)
  get_target_property(abi_min ${plugin} STORM_ABI_MIN)
  if(name IN_LIST in_core)
    continue()
  endif()
  string(REGEX REPLACE "^perfectstorm-" "" control ${name})
  if(NOT IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/debian/${control})
    set(control)
  endif()
  set(begins "A server takes it in at its next start.")
  if(name MATCHES "^perfectstorm-executor-")
    set(begins "A server that runs takes it in by itself: what its configuration already names starts.")
  endif()
  # What core depends on would depend on itself by the ABI; it is of core's version instead.
  set(needs "${STORM_PLUGIN_ABI} (>= ${abi_min})")
  if(name IN_LIST beside_core)
    set(needs)
  elseif(name MATCHES "^perfectstorm-executor-")
    list(PREPEND needs "perfectstorm-core | perfectstorm-agent")  # stormctl has no use for it
  elseif(name MATCHES "^perfectstorm-storage-")
    list(PREPEND needs perfectstorm-core)
  endif()
  storm_package(${name}
    SUMMARY "live model of everything that runs in your clouds (a plugin)"
    TEXT "${summary}. ${begins}"
    SECTION admin
    DEPENDS ${needs}
    ENHANCES perfectstorm-core
    CONTROL ${control})
endforeach()

foreach(component ${components})
  if(NOT component IN_LIST CPACK_COMPONENTS_ALL)
    message(WARNING "packaging/packages.cmake says nothing of ${component}: no package will have its files")
  endif()
endforeach()
include(CPack)

# What the packages hold, by the targets that are built by then.
set(programs stormd stormctl plugins completions)
foreach(program storm-plugin-runner storm-plugin-check storm-agent)
  if(TARGET ${program})
    list(APPEND programs ${program})
  endif()
endforeach()
add_custom_target(packages
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${CPACK_PACKAGE_DIRECTORY}
  COMMAND ${CMAKE_CPACK_COMMAND} --config ${CMAKE_BINARY_DIR}/CPackConfig.cmake
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${CPACK_PACKAGE_DIRECTORY}/_CPack_Packages
  DEPENDS ${programs} WORKING_DIRECTORY ${CMAKE_BINARY_DIR} COMMENT "Debian packages" USES_TERMINAL VERBATIM)
