#pragma once
// Whole folders: every regular file below one, each into its place below another, several at a time.

#include <functional>
#include <string>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::cli {

bool is_folder(const std::string& path);

struct FolderFile {
  std::string in, out;
  std::uint64_t size = 0;  // Bytes.
};
// The files below `in`, in the order of their names, and where each goes below `out`: named_out(name) says under which
// name, or why not. Nothing is made yet. Links, pipes, devices, folders that cannot be read, files that `named_out`
// refuses, and those that would go to a place within `in`, or to another's, are in `refused`, a line each. Fails with
// `io` when `in` itself cannot be read, with `invalid_input` when `out` is empty, is "-", or lies within `in`.
using NamedOut = std::function<Result<std::string>(const std::string&)>;
struct FolderFiles {
  std::vector<FolderFile> files;
  std::vector<std::string> refused;
};
std::uint64_t total_size(const FolderFiles& found);  // Bytes.
Result<FolderFiles> files_below(const std::string& in, const std::string& out, const NamedOut& named_out);

// Calls one(file) for each, on `jobs` threads (0: one for each core), having made the folder that it goes into. What
// some fail with hides no other: each failure is a line on standard error, in the order of the files, when all are
// done. Fails when any did, saying how many.
Outcome each_file(const FolderFiles& found, unsigned jobs, const std::function<Outcome(const FolderFile&)>& one);

}  // namespace keyfold::cli
