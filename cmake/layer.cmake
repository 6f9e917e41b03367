# layer(WING/ROOM MAY_USE … SYSTEM … LINKS …) makes src/keyfold/WING/ROOM a library, keyfold::ROOM, that may include and link
# only the rooms it names. SYSTEM lists the third-party header prefixes it may include (openssl/, sqlite3.h, …); the standard
# library and POSIX need no entry. Its sources are its *.cpp; its tests, <room>_test, are its *_test.cpp. A ctest per room reads
# the includes: a link line alone does not stop a back edge. BACKENDS names subfolders that are targets of their own: see backend().
function(layer path)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MAY_USE;SYSTEM;LINKS;TEST_LINKS;BACKENDS")
  get_filename_component(room ${path} NAME)
  set(folder ${PROJECT_SOURCE_DIR}/src/keyfold/${path})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  foreach(backend IN LISTS arg_BACKENDS)
    list(FILTER sources EXCLUDE REGEX "^${folder}/${backend}/")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(target keyfold_${room})
  list(TRANSFORM arg_MAY_USE PREPEND keyfold:: OUTPUT_VARIABLE rooms)
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(keyfold::${room} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${room})
  target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} ${scope} ${rooms} ${arg_LINKS})
  if(KEYFOLD_TESTS AND tests)
    add_executable(${room}_test ${tests})
    target_link_libraries(${room}_test ${target} keyfold_test_support ${arg_TEST_LINKS} GTest::gtest_main)
    gtest_discover_tests(${room}_test DISCOVERY_TIMEOUT 60 TEST_PREFIX ${room}. PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  if(KEYFOLD_TESTS)
    add_test(NAME layering.${room}
             COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR}/src/keyfold -D ROOM_PATH=${path} -D ROOM=${room}
                     -D "MAY_USE=${arg_MAY_USE}" -D "SYSTEM=${arg_SYSTEM}" -D "BACKENDS=${arg_BACKENDS}"
                     -P ${PROJECT_SOURCE_DIR}/cmake/check_layer.cmake)
    set_tests_properties(layering.${room} PROPERTIES LABELS unit)
  endif()
endfunction()

# backend(WING/ROOM NAME SYSTEM … LINKS …): the subfolder NAME of a room as a target of its own, keyfold::ROOM_NAME, for a library
# that whoever uses the rest of the room need not link. Same namespace as the room; may use the room, and base. Its tests need a
# server that is started for them, so they are one test, ROOM_NAME, which is skipped when the server's programs are not there.
function(backend path name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SYSTEM;LINKS")
  get_filename_component(room ${path} NAME)
  set(target keyfold_${room}_${name})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/keyfold/${path}/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  add_library(${target} STATIC ${sources})
  add_library(keyfold::${room}_${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${room}_${name})
  target_link_libraries(${target} PUBLIC keyfold::${room} ${arg_LINKS})
  if(KEYFOLD_TESTS)
    add_executable(${room}_${name}_test ${tests})
    target_link_libraries(${room}_${name}_test ${target} keyfold_test_support GTest::gtest_main)
    add_test(NAME ${room}_${name} COMMAND ${room}_${name}_test)
    set_tests_properties(${room}_${name} PROPERTIES LABELS unit TIMEOUT 300 SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
    add_test(NAME layering.${room}_${name}
             COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR}/src/keyfold -D ROOM_PATH=${path}/${name} -D ROOM=${room}
                     -D "MAY_USE=base" -D "SYSTEM=${arg_SYSTEM}" -P ${PROJECT_SOURCE_DIR}/cmake/check_layer.cmake)
    set_tests_properties(layering.${room}_${name} PROPERTIES LABELS unit)
  endif()
endfunction()
