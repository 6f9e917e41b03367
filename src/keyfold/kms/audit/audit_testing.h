#pragma once
// What the tests of this room share.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/log.h"
#include "keyfold/core/base/random.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/audit/reader.h"
#include "keyfold/kms/audit/segment_file.h"

namespace keyfold::audit {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "keyfold-audit-XXXXXX").string();
    KEYFOLD_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path log() const { return path_ / "audit"; }

 private:
  std::filesystem::path path_;
};

// Remembers what became of each sequence number, and lets a test wait for it.
class Witness final : public Listener {
 public:
  void released_up_to(Sequence sequence) override {
    const std::lock_guard lock(mutex_);
    released_ = sequence;
    changed_.notify_all();
  }
  void refused_up_to(Sequence sequence, const Error&) override {
    const std::lock_guard lock(mutex_);
    for (Sequence s = std::max(released_, refused_) + 1; s <= sequence; ++s) refused_numbers_.push_back(s);
    refused_ = sequence;
    changed_.notify_all();
  }
  // Whether it was released; blocks until it is known.
  bool released(Sequence sequence) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return released_ >= sequence || refused_ >= sequence; });
    return std::ranges::find(refused_numbers_, sequence) == refused_numbers_.end();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Sequence released_ = 0;
  Sequence refused_ = 0;
  std::vector<Sequence> refused_numbers_;
};

class AuditLogTest : public testing::Test {
 protected:
  Options options() const {
    Options options;
    options.directory = directory_.log();
    options.fill_ahead = 4096;
    options.retry_after = std::chrono::milliseconds(2);
    return options;
  }
  Result<std::unique_ptr<AuditLog>> open(const Options& options) {
    return AuditLog::open(options, random_, clock_, log_);
  }
  std::unique_ptr<AuditLog> open_or_die(const Options& options) {
    auto log = open(options);
    if (!log) ADD_FAILURE() << log.error().message;
    KEYFOLD_CHECK(log.has_value());
    return *std::move(log);
  }
  // Every leaf of the log; a failure of the test when it cannot be read.
  std::vector<std::string> leaves() const {
    std::vector<std::string> found;
    auto read = read_log(directory_.log(), [&](std::uint64_t, BytesView leaf) {
      found.emplace_back(as_text(leaf));
      return Next::go_on;
    });
    if (!read) ADD_FAILURE() << read.error().message;
    return found;
  }
  std::filesystem::path segment(std::uint64_t first_leaf = 0) const {
    return directory_.log() / segment_name(first_leaf);
  }

  // Tries until the log takes a record again, as clients do.
  static Sequence append_until_taken(AuditLog& log, std::string_view leaf) {
    for (;;) {
      auto sequence = log.append(leaf);
      if (sequence && log.wait(*sequence)) return *sequence;
      std::this_thread::yield();
    }
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
  SystemRandom random_;
  Log log_{clock_, STDERR_FILENO, Log::Format::text, Log::Level::error};
};

}  // namespace keyfold::audit
