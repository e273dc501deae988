# What nearly every file includes of the standard library and fmt is read once instead of 500 times: half of a clean build.
#
# None of our own headers stands here: a change of one would build everything anew. Not CMake's target_precompile_headers:
# its result names the build folder, so that two checkouts would share nothing in ccache. This one is made of -include words
# over a header of libc that every compilation reads anyway, and is the same bytes everywhere. Not over /dev/null: ccache looks
# up by the files that were read only where all of them are files, and whatever touches the device would make every object old.
set(PRECOMPILED_HEADERS algorithm array atomic charconv chrono coroutine cstdint cstdlib cstring deque functional
    map memory optional set span string string_view unordered_map utility variant vector fmt/format.h)

# All code goes into executables, and one precompiled file serves only code that is compiled alike.
set(CMAKE_CXX_COMPILE_OPTIONS_PIC -fPIE)
add_compile_options(-pthread)

# slipway_precompile(NAME [flag...]): makes NAME.pch for code that is compiled with these flags besides everyone's.
function(slipway_precompile name)
  set(includes ${PRECOMPILED_HEADERS})
  list(TRANSFORM includes PREPEND "-include;")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/${name}.pch
    COMMAND ${CMAKE_CXX_COMPILER} ${CMAKE_CXX23_EXTENSION_COMPILE_OPTION} ${flags} ${ARGN} -fPIE -pthread -DFMT_SHARED ${includes}
            -fpch-instantiate-templates -Xclang -fno-pch-timestamp -x c++-header /usr/include/stdc-predef.h -o ${name}.pch
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR} COMMENT "Precompiling ${name}.pch" VERBATIM)
  add_custom_target(${name}_precompiled DEPENDS ${CMAKE_BINARY_DIR}/${name}.pch)
endfunction()

# slipway_use_precompiled(TARGET NAME): its C++ files begin where NAME.pch ends.
function(slipway_use_precompiled target name)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-include-pch$<SEMICOLON>${name}.pch>)
  add_dependencies(${target} ${name}_precompiled)
  get_target_property(sources ${target} SOURCES)
  set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/${name}.pch)
endfunction()
