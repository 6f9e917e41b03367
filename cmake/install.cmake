# What `cmake --install` lays down: the programs (component Runtime), and the library for C++ users (component Development), who say
# find_package(keyfold) and link keyfold::keyfold; for branch keys in PostgreSQL, find_package(keyfold COMPONENTS postgresql) and
# keyfold::keystore_postgresql too.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(library_rooms base crypto sigv4 http protocol sqlite materials message keyrings seal client keystore keystore_postgresql topology)
add_library(keyfold_library INTERFACE)
add_library(keyfold::keyfold ALIAS keyfold_library)
set_target_properties(keyfold_library PROPERTIES EXPORT_NAME keyfold)
target_link_libraries(keyfold_library INTERFACE keyfold::seal keyfold::client keyfold::keystore keyfold::topology)
target_compile_features(keyfold_library INTERFACE cxx_std_20)

list(TRANSFORM library_rooms PREPEND keyfold_ OUTPUT_VARIABLE library_targets)
install(TARGETS keyfold_library ${library_targets} keyfold_llhttp EXPORT keyfold
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development)
install(EXPORT keyfold NAMESPACE keyfold:: FILE keyfold-targets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/keyfold
        COMPONENT Development)

# The public headers: keyfold.h, and what it includes; free of OpenSSL and JSON. What a room keeps to itself is not among them.
set(private_headers
    address aws_endpoint background_worker body circuit_breaker create_file database failures footer frames in_order keyring_members
    kms_calls materials_cache pull raw_key_names read_file retry retry_budget session sessions shared_file streams whole_message)
list(JOIN private_headers "|" private_headers)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/keyfold/
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/keyfold COMPONENT Development
        FILES_MATCHING
        REGEX "/(kms|testing|core/(sigv4|http|protocol|blob|sqlite))$" EXCLUDE
        REGEX "/(keyfold|core/base/(bytes|clock|encryption_context|inline_string|named|random|result|secret))\\.h$"
        REGEX "/(core/crypto/(aead|digest|rsa)|envelope/.*|lifecycle/topology/(document|domain))\\.h$"
        REGEX "/(${private_headers}|[a-z0-9_]+_test)\\.h$" EXCLUDE)

file(WRITE ${PROJECT_BINARY_DIR}/keyfold-config.cmake "include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(OpenSSL 3.0)
find_dependency(simdjson)
find_dependency(SQLite3)
set(keyfold_postgresql_FOUND TRUE)
if(\"postgresql\" IN_LIST keyfold_FIND_COMPONENTS)
  find_dependency(PostgreSQL)
endif()
include(\${CMAKE_CURRENT_LIST_DIR}/keyfold-targets.cmake)
")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/keyfold-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/keyfold-config.cmake ${PROJECT_BINARY_DIR}/keyfold-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/keyfold COMPONENT Development)
