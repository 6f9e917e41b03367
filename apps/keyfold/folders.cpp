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

// Where a path leads to, by the links that are there. Of what is not there yet, the folder that it would be made in
// counts: so the path is absolute first.
Result<fs::path> place_of(const std::string& path) {
  std::error_code error;
  auto place = fs::absolute(path, error);
  if (!error) place = fs::weakly_canonical(place, error);
  if (error) return io_error(path, error);
  return place;
}

// Both are places.
bool lies_within(const fs::path& inner, const fs::path& outer) {
  const auto relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

Outcome check_apart(const std::string& in, const std::string& out) {
  TRY_ASSIGN(const auto inner, place_of(out));
  TRY_ASSIGN(const auto outer, place_of(in));
  if (lies_within(inner, outer))
    return Error{ErrorCode::invalid_input, out + " lies within " + in + "; the output goes elsewhere"};
  return ok();
}

// Finds what is below `in`, a folder at a time.
class Search {
 public:
  Search(const std::string& in, const std::string& out, const NamedOut& named_out)
      : in_(in), out_(out), named_out_(named_out) {}

  Result<FolderFiles> run() && {
    if (const auto error = list(in_)) return io_error(in_, error);
    while (!folders_.empty()) {
      const auto folder = std::move(folders_.back());
      folders_.pop_back();
      if (const auto error = list(folder)) found_.refused.push_back(io_error(folder, error).message);
    }
    std::ranges::sort(found_.files, {}, &FolderFile::in);
    std::ranges::sort(found_.refused);
    return std::move(found_);
  }

 private:
  std::error_code list(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator entries(folder, error), end;
    while (!error && entries != end) {
      add(*entries);
      entries.increment(error);
    }
    return error;
  }

  void add(const fs::directory_entry& entry) {
    std::error_code error;
    const auto status = entry.symlink_status(error);
    if (fs::is_directory(status)) return folders_.push_back(entry.path());
    if (error || !fs::is_regular_file(status)) {
      found_.refused.push_back(entry.path().string() + " is not a file: links, pipes and devices are left out");
      return;
    }
    auto name = named_out_(entry.path().filename().string());
    if (!name) {
      found_.refused.push_back(entry.path().string() + ": " + name.error().message);
      return;
    }
    const auto size = entry.file_size(error);
    const auto folder = out_ / entry.path().parent_path().lexically_relative(in_);
    found_.files.push_back(
        {.in = entry.path().string(), .out = (folder / *name).lexically_normal().string(), .size = error ? 0 : size});
  }

  const fs::path in_, out_;
  const NamedOut& named_out_;
  std::vector<fs::path> folders_;  // Not yet listed.
  FolderFiles found_;
};

// What would go to a place that is the input's, or that another file goes to: the links that are there lead to it.
Outcome refuse_collisions(FolderFiles& found, const std::string& in) {
  TRY_ASSIGN(const auto outer, place_of(in));
  std::map<fs::path, std::string> taken;
  const auto problem_of = [&](const FolderFile& file) -> std::string {
    const auto place = place_of(file.out);
    if (!place) return ": " + place.error().message;
    if (lies_within(*place, outer))
      return ": would go to " + place->string() + ", which lies within " + in + "; the output goes elsewhere";
    const auto [first, is_new] = taken.emplace(*place, file.in);
    return is_new ? "" : " would go where " + first->second + " goes";
  };
  std::erase_if(found.files, [&](const FolderFile& file) {
    const auto problem = problem_of(file);
    if (!problem.empty()) found.refused.push_back(file.in + problem);
    return !problem.empty();
  });
  return ok();
}

// Of the file: another thread may make it too.
Outcome make_folder(const FolderFile& file) {
  const auto folder = fs::path(file.out).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return ok();
  auto failed = io_error(folder, error);
  failed.message = file.in + ": " + failed.message;
  return failed;
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

Result<FolderFiles> files_below(const std::string& in, const std::string& out, const NamedOut& named_out) {
  if (out.empty() || out == "-") return Error{ErrorCode::invalid_input, in + " is a folder; give -o FOLDER"};
  TRY(check_apart(in, out));
  TRY_ASSIGN(auto found, Search(in, out, named_out).run());
  TRY(refuse_collisions(found, in));
  return found;
}

Outcome each_file(const FolderFiles& found, unsigned jobs, const std::function<Outcome(const FolderFile&)>& one) {
  std::vector<std::string> failures(found.files.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < found.files.size(); i = next++) {
      auto done = make_folder(found.files[i]);
      if (done) done = one(found.files[i]);
      if (!done) failures[i] = std::move(done).error().message;
    }
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
