# What we stand on, all from Debian 12's packages; docs/decisions/ says why each.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)  # libpq alone.
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_path(KEYFOLD_TOML_INCLUDE toml++/toml.h REQUIRED)
if(KEYFOLD_TESTS)
  find_package(GTest REQUIRED)
endif()

# llhttp: Node's own HTTP/1.1 parser; Debian ships its C sources with node-llhttp.
find_path(KEYFOLD_LLHTTP_SOURCE llhttp.c PATH_SUFFIXES share/llhttp REQUIRED)
find_path(KEYFOLD_LLHTTP_INCLUDE llhttp/llhttp.h PATH_SUFFIXES share/include REQUIRED)
add_library(keyfold_llhttp STATIC ${KEYFOLD_LLHTTP_SOURCE}/api.c ${KEYFOLD_LLHTTP_SOURCE}/http.c ${KEYFOLD_LLHTTP_SOURCE}/llhttp.c)
target_include_directories(keyfold_llhttp SYSTEM PUBLIC $<BUILD_INTERFACE:${KEYFOLD_LLHTTP_INCLUDE}>
                           PRIVATE ${KEYFOLD_LLHTTP_INCLUDE}/llhttp)
target_compile_options(keyfold_llhttp PRIVATE -w)
