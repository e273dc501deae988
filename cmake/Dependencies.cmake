# Every library we use, found once; rooms name the imported targets. All are Debian 12 packages (script/setup installs them).
#
# With SLIPWAY_STATIC_LIBRARIES (in the release) all of them are linked in, the C library too: one file that runs on any
# Linux, and nothing to look up at its start, which was four fifths of `slipway version` and a third of rendering a small
# chart. A fix in OpenSSL or in the C library then needs a new slipway. It stays relocatable, so that nobody knows its
# addresses; that costs 0.2 ms.
if(SLIPWAY_STATIC_LIBRARIES)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
endif()
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
find_library(CRYPT crypt REQUIRED)
if(SLIPWAY_STATIC_LIBRARIES)
  add_library(fmt STATIC cmake/fmt.cc)  # Debian has no archive of it, but its headers hold all the code
  target_compile_definitions(fmt PUBLIC FMT_SHARED)  # declared as with Debian's libfmt.so
  add_library(fmt::fmt ALIAS fmt)
  find_path(RE2_INCLUDE re2/re2.h REQUIRED)
  find_library(RE2_ARCHIVE libre2.a REQUIRED)
  add_library(PkgConfig::re2 STATIC IMPORTED)
  set_target_properties(PkgConfig::re2 PROPERTIES IMPORTED_LOCATION ${RE2_ARCHIVE} INTERFACE_INCLUDE_DIRECTORIES ${RE2_INCLUDE}
                        INTERFACE_LINK_LIBRARIES Threads::Threads)
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-static-pie>)  # a bench brings a library to preload
else()
  pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
  find_package(fmt REQUIRED)
endif()
