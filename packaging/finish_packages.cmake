# Run by cpack when the files of all packages lie in a folder each, as the project installs them: makes of that what Debian's
# policy wants. Configuration belongs into /etc, manual pages are compressed, each package has its copyright and changelog.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
set(folder_permissions
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(file_permissions OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

file(GLOB packages LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/perfectstorm-*)
foreach(root ${packages})
  get_filename_component(package ${root} NAME)
  if(EXISTS ${root}/usr/etc)
    file(RENAME ${root}/usr/etc ${root}/etc)
  endif()
  file(GLOB pages ${root}/usr/share/man/man*/*)
  if(pages)
    run(gzip -9nf ${pages})
  endif()
  set(documents ${root}/usr/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  file(COPY ${CPACK_STORM_DOCUMENTS}/copyright ${CPACK_STORM_DOCUMENTS}/changelog DESTINATION ${documents})
  run(gzip -9nf ${documents}/changelog)

  # Whatever umask this runs under.
  file(GLOB_RECURSE entries LIST_DIRECTORIES true ${root}/*)
  foreach(entry ${entries})
    if(IS_DIRECTORY ${entry})
      file(CHMOD ${entry} PERMISSIONS ${folder_permissions})
    endif()
  endforeach()
  file(GLOB_RECURSE written ${root}/usr/share/man/*.gz ${documents}/*)
  file(CHMOD ${written} PERMISSIONS ${file_permissions})
endforeach()
