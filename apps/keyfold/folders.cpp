#include "keyfold/folders.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "keyfold-kms/signals_blocked.h"
#include "keyfold/core/base/start_thread.h"
#include "keyfold/core/base/try.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

namespace fs = std::filesystem;

Error io_error(const fs::path& path, const std::error_code& error) {
  return {ErrorCode::io, path.string() + ": " + error.message()};
}

Outcome check_apart(const std::string& in, const std::string& out) {
  std::error_code error;
  const auto inner = fs::weakly_canonical(out, error);
  if (error) return io_error(out, error);
  const auto outer = fs::canonical(in, error);
  if (error) return io_error(in, error);
  const auto relative = inner.lexically_relative(outer);
  if (!relative.empty() && *relative.begin() != "..")
    return Error{ErrorCode::invalid_input, out + " lies within " + in + "; the output goes elsewhere"};
  return ok();
}

// One of what was found below `in`.
void add(FolderFiles& found, const fs::directory_entry& entry, const fs::path& in, const fs::path& out,
         const std::function<Result<std::string>(const std::string&)>& named_out) {
  std::error_code error;
  const auto status = entry.symlink_status(error);
  if (fs::is_directory(status)) return;
  if (error || !fs::is_regular_file(status)) {
    found.refused.push_back(entry.path().string() + " is not a file: links, pipes and devices are left out");
    return;
  }
  auto name = named_out(entry.path().filename().string());
  if (!name) {
    found.refused.push_back(entry.path().string() + ": " + name.error().message);
    return;
  }
  const auto size = entry.file_size(error);
  const auto folder = out / entry.path().parent_path().lexically_relative(in);
  found.files.push_back(
      {.in = entry.path().string(), .out = (folder / *name).lexically_normal().string(), .size = error ? 0 : size});
}

// Two files that would go to one place: the later is refused.
void refuse_collisions(FolderFiles& found) {
  std::map<std::string, std::string> taken;
  std::erase_if(found.files, [&](const FolderFile& file) {
    const auto [first, is_new] = taken.emplace(file.out, file.in);
    if (!is_new) found.refused.push_back(file.in + " would go where " + first->second + " goes");
    return !is_new;
  });
}

Outcome make_folders(const FolderFiles& found) {
  for (const auto& file : found.files) {
    std::error_code error;
    fs::create_directories(fs::path(file.out).parent_path(), error);
    if (error) return io_error(fs::path(file.out).parent_path(), error);
  }
  return ok();
}

}  // namespace

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path != "-" && fs::is_directory(path, ignored);
}

std::uint64_t total_size(const FolderFiles& found) {
  std::uint64_t size = 0;
  for (const auto& file : found.files) size += file.size;
  return size;
}

Result<FolderFiles> files_below(const std::string& in, const std::string& out,
                                const std::function<Result<std::string>(const std::string&)>& named_out) {
  if (out == "-") return Error{ErrorCode::invalid_input, in + " is a folder; give -o FOLDER"};
  TRY(check_apart(in, out));
  FolderFiles found;
  std::error_code error;
  fs::recursive_directory_iterator entries(in, error), end;
  while (!error && entries != end) {
    add(found, *entries, in, out, named_out);
    entries.increment(error);
  }
  if (error) return io_error(in, error);
  std::ranges::sort(found.files, {}, &FolderFile::in);
  std::ranges::sort(found.refused);
  refuse_collisions(found);
  return found;
}

Outcome each_file(const FolderFiles& found, unsigned jobs, const std::function<Outcome(const FolderFile&)>& one) {
  TRY(make_folders(found));
  std::vector<std::string> failures(found.files.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < found.files.size(); i = next++)
      if (auto done = one(found.files[i]); !done) failures[i] = done.error().message;
  };
  const auto wanted = jobs == 0 ? std::max(1U, std::thread::hardware_concurrency()) : jobs;
  std::vector<std::thread> threads;
  {
    // Signals are this thread's to take: the others finish no step half-way.
    const app::SignalsBlocked inherited;
    for (unsigned i = 0; i < std::min<std::size_t>(wanted, found.files.size()); ++i)
      if (!start_thread(threads, work)) break;
  }
  if (threads.empty()) work();
  for (auto& thread : threads) thread.join();

  std::size_t failed = found.refused.size();
  for (const auto* lines : {&found.refused, static_cast<const std::vector<std::string>*>(&failures)})
    for (const auto& line : *lines)
      if (!line.empty()) std::fprintf(stderr, "keyfold: %s\n", printable(line).c_str());
  failed += static_cast<std::size_t>(std::ranges::count_if(failures, [](const auto& line) { return !line.empty(); }));
  if (failed == 0) return ok();
  return Error{ErrorCode::io, std::to_string(failed) + " of " +
                                  std::to_string(found.files.size() + found.refused.size()) + " files failed"};
}

}  // namespace keyfold::cli
