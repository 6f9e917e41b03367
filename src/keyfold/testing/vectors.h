#pragma once
// Other people's test vectors, which are not part of this project: in ${KEYFOLD_VECTORS} (CONTRIBUTING.md says what
// is in it), or in shared/vectors beside the checkout. A test that does not find its file is skipped, or fails if
// ${KEYFOLD_REQUIRE}, a list with commas, has "vectors".

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace keyfold::testing {

inline std::optional<std::filesystem::path> find_vectors(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  if (const char* named = std::getenv("KEYFOLD_VECTORS")) {
    const fs::path path = fs::path(named) / file;
    return fs::exists(path) ? std::optional(path) : std::nullopt;
  }
  // Beside the checkout: somewhere above this program. (__FILE__ may be a path relative to the build.)
  for (fs::path above = fs::read_symlink("/proc/self/exe"); above.has_relative_path(); above = above.parent_path()) {
    const fs::path path = above.parent_path() / "shared" / "vectors" / file;
    if (fs::exists(path)) return path;
  }
  return std::nullopt;
}

inline bool vectors_are_required() {
  const char* required = std::getenv("KEYFOLD_REQUIRE");
  return required != nullptr && ("," + std::string(required) + ",").find(",vectors,") != std::string::npos;
}

}  // namespace keyfold::testing

// Declares `path`, where FILE is, or ends the test.
#define VECTORS_OR_SKIP(path, file)                                   \
  const auto path = ::keyfold::testing::find_vectors(file);           \
  if (!path && ::keyfold::testing::vectors_are_required())            \
    FAIL() << "no " << (file) << ", and KEYFOLD_REQUIRE has vectors"; \
  if (!path) GTEST_SKIP() << "no vectors: set KEYFOLD_VECTORS (CONTRIBUTING.md)"
