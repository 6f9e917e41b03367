# What we stand on, all from Debian 12's packages; docs/decisions/ says why each.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_path(KEYFOLD_TOML_INCLUDE toml++/toml.h REQUIRED)
if(KEYFOLD_TESTS)
  find_package(GTest REQUIRED)
endif()

# Asio, header only; clang has to be told that it has coroutines (Asio 1.22).
find_path(KEYFOLD_ASIO_INCLUDE asio.hpp REQUIRED)
add_library(keyfold_asio INTERFACE)
target_include_directories(keyfold_asio SYSTEM INTERFACE $<BUILD_INTERFACE:${KEYFOLD_ASIO_INCLUDE}>)
target_compile_definitions(keyfold_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
target_link_libraries(keyfold_asio INTERFACE Threads::Threads)

# llhttp: Node's own HTTP/1.1 parser; Debian ships its C sources with node-llhttp.
find_path(KEYFOLD_LLHTTP_SOURCE llhttp.c PATH_SUFFIXES share/llhttp REQUIRED)
find_path(KEYFOLD_LLHTTP_INCLUDE llhttp/llhttp.h PATH_SUFFIXES share/include REQUIRED)
add_library(keyfold_llhttp STATIC ${KEYFOLD_LLHTTP_SOURCE}/api.c ${KEYFOLD_LLHTTP_SOURCE}/http.c ${KEYFOLD_LLHTTP_SOURCE}/llhttp.c)
target_include_directories(keyfold_llhttp SYSTEM PUBLIC $<BUILD_INTERFACE:${KEYFOLD_LLHTTP_INCLUDE}>
                           PRIVATE ${KEYFOLD_LLHTTP_INCLUDE}/llhttp)
target_compile_options(keyfold_llhttp PRIVATE -w)
