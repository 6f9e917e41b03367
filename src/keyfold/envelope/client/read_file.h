#pragma once
// Files with secrets in them are read without a stream between: its buffer would keep a copy.

#include <span>
#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::client {

// The beginning of a file, as much of it as there is room for; how much that was. Fails with `not_found`, and with
// `io`: not ours to read, or a directory.
Result<std::size_t> read_file(const std::string& path, std::span<std::byte> out);

}  // namespace keyfold::client
