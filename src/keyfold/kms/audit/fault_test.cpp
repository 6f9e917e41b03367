// A log that something is done to while it runs: it is noticed before the next answer, nobody is told success without a
// record, and service goes on when the trouble is over.

#include <fcntl.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "keyfold/kms/audit/audit_testing.h"

namespace keyfold::audit {
namespace {

namespace fs = std::filesystem;

class AuditFault : public AuditLogTest {
 protected:
  // Does `harm` to a log that runs and `cure` after it was noticed, in both modes.
  void expect_noticed(const std::function<void(const fs::path& segment)>& harm,
                      const std::function<void(const fs::path& segment)>& cure) {
    for (const Sync sync : {Sync::always, Sync::interval}) {
      TemporaryDirectory directory;
      Options chosen = options();
      chosen.directory = directory.log();
      chosen.sync = sync;
      auto log = open_or_die(chosen);
      Witness witness;
      log->set_listener(&witness);
      const auto before = log->append("before");
      log->begin_commit();
      ASSERT_TRUE(witness.released(*before));
      ASSERT_TRUE(log->healthy());
      harm(directory.log() / segment_name(0));
      const auto unhealthy = log->healthy();
      ASSERT_FALSE(unhealthy) << "a change asks before it commits";
      EXPECT_EQ(unhealthy.error().code, ErrorCode::internal);
      // The very next record is refused: either at once or by the listener.
      if (const auto next = log->append("refused")) {
        log->begin_commit();
        EXPECT_FALSE(witness.released(*next));
        EXPECT_FALSE(log->wait(*next));
      }
      EXPECT_GE(log->counters().failures, 1U);
      if (cure) {
        cure(directory.log() / segment_name(0));
        const Sequence sequence = append_until_taken(*log, "after");
        EXPECT_TRUE(witness.released(sequence));
        EXPECT_TRUE(log->healthy());
        ASSERT_TRUE(log->stop());
        expect_leaves(directory.log(), {"before", "after"});
      }
      log->set_listener(nullptr);
    }
  }

  static void expect_leaves(const fs::path& directory, const std::vector<std::string>& expected) {
    std::vector<std::string> found;
    const auto read = read_log(directory, [&](std::uint64_t, BytesView leaf) {
      found.emplace_back(as_text(leaf));
      return Next::go_on;
    });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(found, expected);
  }
};

TEST_F(AuditFault, AnUnlinkedLogIsNoticed) {
  expect_noticed([](const fs::path& segment) { fs::remove(segment); }, nullptr);
}

TEST_F(AuditFault, ARenamedLogIsNoticedAndComesBack) {
  expect_noticed([](const fs::path& segment) { fs::rename(segment, segment.string() + ".old"); },
                 [](const fs::path& segment) { fs::rename(segment.string() + ".old", segment); });
}

TEST_F(AuditFault, AReplacedLogIsNoticedAndComesBack) {
  expect_noticed(
      [](const fs::path& segment) {
        fs::rename(segment, segment.string() + ".old");
        fs::copy_file(segment.string() + ".old", segment);
      },
      [](const fs::path& segment) { fs::rename(segment.string() + ".old", segment); });
}

TEST_F(AuditFault, ARenamedDirectoryIsNoticedAndComesBack) {
  expect_noticed(
      [](const fs::path& segment) { fs::rename(segment.parent_path(), segment.parent_path().string() + ".old"); },
      [](const fs::path& segment) { fs::rename(segment.parent_path().string() + ".old", segment.parent_path()); });
}

TEST_F(AuditFault, AReplacedDirectoryIsNoticedAndComesBack) {
  expect_noticed(
      [](const fs::path& segment) {
        fs::rename(segment.parent_path(), segment.parent_path().string() + ".old");
        fs::copy(segment.parent_path().string() + ".old", segment.parent_path());
      },
      [](const fs::path& segment) {
        fs::remove_all(segment.parent_path());
        fs::rename(segment.parent_path().string() + ".old", segment.parent_path());
      });
}

TEST_F(AuditFault, ATruncatedLogIsNoticed) {
  for (const std::uintmax_t size : {0U, 1U, 67U, 80U}) {
    expect_noticed([size](const fs::path& segment) { fs::resize_file(segment, size); }, nullptr);
  }
}

TEST_F(AuditFault, ALogThatSomebodyElseWritesToIsNoticed) {
  expect_noticed([](const fs::path& segment) { std::ofstream(segment, std::ios::app) << "forged"; }, nullptr);
}

TEST_F(AuditFault, ALogThatIsGoneStaysRefusedAndIsStoppedAllTheSame) {
  auto log = open_or_die(options());
  fs::remove(segment());
  while (log->append("leaf")) {
    log->begin_commit();
    std::this_thread::yield();
  }
  EXPECT_FALSE(log->flush());
  EXPECT_FALSE(log->stop());
  EXPECT_FALSE(log->append("leaf"));
}

// A limit on the size of files stands for a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    former_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{.rlim_cur = size, .rlim_max = former_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit former_{};
  void (*former_handler_)(int) = nullptr;
};

// Appends until refused; returns what was released.
std::vector<std::string> fill_up(AuditLog& log, const std::string& label) {
  std::vector<std::string> released;
  for (int i = 0;; ++i) {
    KEYFOLD_CHECK(i < 100'000);
    const std::string leaf = label + std::to_string(i);
    const auto sequence = log.append(leaf);
    if (!sequence || !log.wait(*sequence)) return released;
    released.push_back(leaf);
  }
}

TEST_F(AuditFault, AFullDiskRefusesAndServiceComesBack) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    chosen.fill_ahead = 1000;
    auto log = open_or_die(chosen);
    std::vector<std::string> expected;
    for (const rlim_t size : {3000U, 20'000U, 20'001U, 60'013U}) {
      {
        const FileSizeLimit limit(size);
        for (auto& leaf : fill_up(*log, "leaf under a limit of " + std::to_string(size) + ": "))
          expected.push_back(std::move(leaf));
        EXPECT_FALSE(log->healthy());
      }
      expected.push_back("after " + std::to_string(size));
      append_until_taken(*log, expected.back());
      EXPECT_TRUE(log->healthy());
    }
    ASSERT_TRUE(log->stop());
    expect_leaves(directory.log(), expected);
    EXPECT_GE(log->counters().failures, 4U);
  }
}

// In a thread of its own: the mount namespace and the file-system user are the thread's (and that of the committer, its
// child).
void in_a_thread(const std::function<void()>& body) { std::thread(body).join(); }

TEST_F(AuditFault, AFullTmpfsRefusesAndServiceComesBack) {
  bool skipped = false;
  in_a_thread([&] {
    const auto mount_point = directory_.path() / "disk";
    fs::create_directory(mount_point);
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=256k") != 0) {
      skipped = true;
      return;
    }
    Options chosen = options();
    chosen.directory = mount_point / "audit";
    chosen.segment_size = 30'000;
    auto log = open_or_die(chosen);
    std::vector<std::string> expected;
    for (int round = 0; round < 3; ++round) {
      {
        std::ofstream ballast(mount_point / "ballast");
        const std::string block(4096, 'x');
        while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
      }
      for (auto& leaf : fill_up(*log, "round " + std::to_string(round) + " leaf ")) expected.push_back(std::move(leaf));
      fs::remove(mount_point / "ballast");
      expected.push_back("space again " + std::to_string(round));
      append_until_taken(*log, expected.back());
    }
    EXPECT_TRUE(log->stop());
    expect_leaves(chosen.directory, expected);
    log.reset();
    ::umount(mount_point.c_str());
  });
  if (skipped) GTEST_SKIP() << "needs the right to mount";
}

TEST_F(AuditFault, ADirectoryThatMayNotBeWrittenRefusesTheNextSegmentAndServiceComesBack) {
  static constexpr uid_t nobody = 65534;
  fs::create_directory(directory_.log());
  if (::getuid() == 0) {
    ASSERT_EQ(::chown(directory_.path().c_str(), nobody, nobody), 0);
    ASSERT_EQ(::chown(directory_.log().c_str(), nobody, nobody), 0);
  }
  in_a_thread([&] {
    if (::getuid() == 0) ::setfsuid(nobody);
    Options chosen = options();
    chosen.segment_size = 1000;
    ASSERT_EQ(::chmod(directory_.log().c_str(), 0500), 0);
    const auto refused = open(chosen);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::io);
    ASSERT_EQ(::chmod(directory_.log().c_str(), 0700), 0);
    auto log = open_or_die(chosen);
    ASSERT_EQ(::chmod(directory_.log().c_str(), 0500), 0);
    auto expected = fill_up(*log, "leaf ");
    EXPECT_GT(expected.size(), 10U);
    ASSERT_EQ(::chmod(directory_.log().c_str(), 0700), 0);
    expected.emplace_back("after");
    append_until_taken(*log, expected.back());
    EXPECT_TRUE(log->stop());
    expect_leaves(directory_.log(), expected);
  });
}

TEST_F(AuditFault, WhatPilesUpBehindAStuckDiskIsBounded) {
  Options chosen = options();
  chosen.pending_max = frame_overhead + leaf_size_max;
  auto log = open_or_die(chosen);
  const std::string leaf(leaf_size_max / 2, 'x');
  // Appends outrun the committer at half a MiB each; sooner or later one does not fit and is refused, and only that
  // one.
  Sequence last = 0;
  bool refused = false;
  for (int i = 0; i < 10'000 && !refused; ++i) {
    const auto sequence = log->append(leaf);
    refused = !sequence;
    if (sequence) last = *sequence;
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(log->wait(last));
  EXPECT_EQ(log->counters().failures, 0U);
}

// Damage and torn ends as open() meets them.
TEST_F(AuditFault, ATornRecordIsCutOffAtTheStartAndSaidSo) {
  const std::string last = "the last record, which is torn";
  {
    auto log = open_or_die(options());
    ASSERT_TRUE(log->wait(*log->append("first")));
    ASSERT_TRUE(log->wait(*log->append(last)));
    ASSERT_TRUE(log->stop());
  }
  const auto whole = *read_segment(segment());
  std::size_t end = whole.size();
  const std::string_view text = as_text(whole);
  end = text.find(last) - 8;
  const std::size_t size = frame_overhead + last.size();
  for (std::size_t kept = 0; kept < size; ++kept) {
    std::ofstream(segment(), std::ios::binary | std::ios::trunc)
        << text.substr(0, end + kept) << std::string(500, '\0');
    {
      auto log = open_or_die(options());
      // A length of less than 256 starts with zeros: a tear within them cannot be seen, and need not be.
      EXPECT_EQ(log->opening().torn != 0, kept > 3) << kept;
      EXPECT_EQ(log->tree().size, 1U);
      ASSERT_TRUE(log->wait(*log->append("goes on")));
    }
    EXPECT_EQ(leaves(), (std::vector<std::string>{"first", "goes on"})) << kept;
  }
}

TEST_F(AuditFault, EveryFlippedBitOfAStoppedLogIsFoundAtTheStart) {
  {
    auto log = open_or_die(options());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log->wait(*log->append("leaf")));
    ASSERT_TRUE(log->stop());
  }
  const auto whole = *read_segment(segment());
  const std::size_t mark = as_text(whole).rfind("leaf") + 4 + 4;
  for (std::size_t at = 0; at < mark + mark_size; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[at] ^= static_cast<std::byte>(1 << bit);
      std::ofstream(segment(), std::ios::binary | std::ios::trunc) << as_text(flipped);
      const auto log = open(options());
      if (at < mark) {
        ASSERT_FALSE(log) << at;
        EXPECT_EQ(log.error().code, ErrorCode::corrupt) << log.error().message;
        EXPECT_EQ(as_text(*read_segment(segment())), as_text(flipped)) << "it is left as it was found";
      } else {
        ASSERT_TRUE(log) << at;
        EXPECT_NE((*log)->opening().torn, 0U);
        EXPECT_EQ((*log)->tree().size, 3U);
      }
    }
  }
}

TEST_F(AuditFault, DamageNamesTheSegmentInWhicheverByteItIs) {
  {
    auto log = open_or_die(options());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log->wait(*log->append("leaf")));
    ASSERT_TRUE(log->stop());
  }
  const auto whole = *read_segment(segment());
  const auto expect_named = [&](const Error& error, std::size_t at) {
    EXPECT_EQ(error.code, ErrorCode::corrupt) << at;
    EXPECT_NE(error.message.find(segment().filename().string()), std::string::npos) << at << ": " << error.message;
  };
  const std::size_t end = as_text(whole).rfind("leaf");
  for (std::size_t at = 0; at < end; ++at) {
    Bytes damaged = whole;
    damaged[at] ^= std::byte{0x40};
    std::ofstream(segment(), std::ios::binary | std::ios::trunc) << as_text(damaged);
    const auto log = open(options());
    ASSERT_FALSE(log) << at;
    expect_named(log.error(), at);
    const auto read = read_log(directory_.log(), [](std::uint64_t, BytesView) { return Next::go_on; });
    ASSERT_FALSE(read) << at;
    expect_named(read.error(), at);
  }
}

TEST_F(AuditFault, ASegmentThatIsMissingSwappedOrCutIsFoundByTheReader) {
  Options chosen = options();
  chosen.segment_size = 200;
  {
    auto log = open_or_die(chosen);
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(log->wait(*log->append("leaf " + std::to_string(i))));
  }
  const auto read = [&] { return read_log(directory_.log(), [](std::uint64_t, BytesView) { return Next::go_on; }); };
  const auto segments = *list_segments(directory_.log());
  ASSERT_GT(segments.size(), 4U);
  ASSERT_TRUE(read());
  const auto aside = directory_.path() / "aside";
  for (std::size_t i = 1; i + 1 < segments.size(); ++i) {
    fs::rename(segment(segments[i]), aside);
    EXPECT_FALSE(read()) << "missing";
    fs::rename(aside, segment(segments[i]));
    // Cut at the end of its last record, the mark gone: by itself it looks like the last segment of a log that was
    // killed.
    const auto bytes = *read_segment(segment(segments[i]));
    const std::size_t end = as_text(bytes).rfind("leaf ");
    fs::copy_file(segment(segments[i]), aside);
    fs::resize_file(segment(segments[i]), end - 8);
    const auto cut = read();
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
    fs::rename(aside, segment(segments[i]));
  }
  fs::rename(segment(segments[1]), aside);
  fs::rename(segment(segments[2]), segment(segments[1]));
  fs::rename(aside, segment(segments[2]));
  EXPECT_FALSE(read()) << "swapped";
}

}  // namespace
}  // namespace keyfold::audit
