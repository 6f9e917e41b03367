#pragma once
// For the tests of this room and of those that store things: a directory of one's own, and a look into files.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "keyfold/core/base/bytes.h"

namespace keyfold::storage {

// Removed, with everything in it, when this goes.
class TemporaryDirectory {
 public:
  // On a disk, or where a sync costs nothing: for tests that open a store a thousand times and pull no plug.
  enum class On : std::uint8_t { disk, memory };
  explicit TemporaryDirectory(On on = On::disk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = on == On::memory && std::filesystem::is_directory(memory);
    std::string name = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "keyfold-test-XXXXXX").string();
    KEYFOLD_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The file below `directory` that holds `needle`, or "".
inline std::string file_holding(const std::filesystem::path& directory, BytesView needle) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const auto text = contents_of(entry.path());
    if (!std::ranges::search(as_bytes(text), needle).empty()) return entry.path().string();
  }
  return {};
}

}  // namespace keyfold::storage
