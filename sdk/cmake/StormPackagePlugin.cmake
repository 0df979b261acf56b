# For a project of its own that holds one plugin.
#
# storm_check_plugin(NAME KIND executor|storage|operator)
#   A test that looks at the plugin with storm-plugin-check, where that program is installed.
#
# storm_package_plugin(NAME KIND executor|storage|operator SUMMARY "one line" [CONTACT "who <address>"])
#   `cpack` makes perfectstorm-KIND-NAME.deb of what the project installs; dpkg refuses it beside a stormd that does not
#   speak this major of the plugin ABI. Call it last, and once. Without CONTACT the package names the person and machine
#   that built it.
function(storm_check_plugin name)
  cmake_parse_arguments(arg "" "KIND" "" ${ARGN})
  find_program(STORM_PLUGIN_CHECK storm-plugin-check HINTS ${PerfectStorm_BIN_FOLDER})
  if(NOT STORM_PLUGIN_CHECK)
    message(STATUS "storm-plugin-check is not installed: ${name} has no test by it")
    return()
  endif()
  add_test(NAME plugin.${name}.check
    COMMAND ${STORM_PLUGIN_CHECK} --strict $<TARGET_FILE:storm_plugin_${arg_KIND}_${name}>)
endfunction()

macro(storm_package_plugin name)
  cmake_parse_arguments(storm_package "" "KIND;SUMMARY;CONTACT" "" ${ARGN})
  # A Debian package's name knows no underscore.
  string(REPLACE _ - storm_package_word ${name})
  if(NOT storm_package_CONTACT)
    cmake_host_system_information(RESULT storm_package_host QUERY HOSTNAME)
    set(storm_package_CONTACT "$ENV{USER}@${storm_package_host}")
  endif()
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_NAME perfectstorm-${storm_package_KIND}-${storm_package_word})
  set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${storm_package_SUMMARY}")
  set(CPACK_PACKAGE_CONTACT "${storm_package_CONTACT}")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION admin)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "perfectstorm-plugin-abi-${STORM_ABI_MAJOR} (>= ${STORM_ABI_MAJOR}.${STORM_ABI_MINOR})")
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  include(CPack)
endmacro()
