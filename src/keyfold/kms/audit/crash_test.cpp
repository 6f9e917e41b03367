// A writer that is killed at any moment loses nothing that it had released. The writer is this program again, started
// with a directory in its environment: the child of a fork may not start threads.

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>

#include "keyfold/kms/audit/audit_testing.h"

namespace keyfold::audit {
namespace {

constexpr const char* directory_variable = "KEYFOLD_AUDIT_CRASH_DIRECTORY";
constexpr const char* mode_variable = "KEYFOLD_AUDIT_CRASH_MODE";
constexpr int report_fd = 3;  // Where the writer says, eight bytes each, what has been released.

class Reporter final : public Listener {
 public:
  void released_up_to(Sequence sequence) override { (void)!::write(report_fd, &sequence, sizeof sequence); }
  void refused_up_to(Sequence, const Error&) override {}
};

class AuditCrash : public AuditLogTest {
 protected:
  Options writer_options(const std::filesystem::path& directory, Sync sync) const {
    Options chosen = options();
    chosen.directory = directory;
    chosen.sync = sync;
    chosen.segment_size = 50'000;
    return chosen;
  }
};

// Not a test: the writer. Appends until it is killed; each leaf says its index.
TEST_F(AuditCrash, DISABLED_Writer) {
  const char* directory = std::getenv(directory_variable);
  const char* mode = std::getenv(mode_variable);
  ASSERT_TRUE(directory != nullptr && mode != nullptr);
  auto log = open_or_die(writer_options(directory, std::strcmp(mode, "always") == 0 ? Sync::always : Sync::interval));
  const std::uint64_t before = log->tree().size;
  const Sequence start = before;
  (void)!::write(report_fd, &start, sizeof start);
  Reporter reporter;
  log->set_listener(&reporter);
  for (Sequence i = 0;; ++i) {
    const auto sequence = log->append("leaf " + std::to_string(before + i));
    ASSERT_TRUE(sequence);
    if (*sequence % 200 == 0) KEYFOLD_CHECK(log->wait(*sequence - 100).has_value());
  }
}

pid_t start_writer(const std::filesystem::path& directory, const char* mode, int* report) {
  int ends[2];
  KEYFOLD_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  const std::string directory_entry = std::string(directory_variable) + "=" + directory.string();
  const std::string mode_entry = std::string(mode_variable) + "=" + mode;
  const char* arguments[] = {"audit_test", "--gtest_filter=AuditCrash.DISABLED_Writer",
                             "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr};
  // Whatever the killed one leaves behind goes with our own directory.
  const std::string temporary_entry = "TMPDIR=" + directory.parent_path().string();
  const char* environment[] = {directory_entry.c_str(), mode_entry.c_str(), temporary_entry.c_str(), nullptr};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], report_fd);
    if (ends[1] == report_fd) ::fcntl(report_fd, F_SETFD, 0);
    ::execve("/proc/self/exe", const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
    ::_exit(127);
  }
  ::close(ends[1]);
  *report = ends[0];
  return child;
}

TEST_F(AuditCrash, NothingReleasedIsLostWhenTheWriterIsKilled) {
  for (const char* mode : {"always", "interval"}) {
    TemporaryDirectory directory;
    SeededRandom random(42);
    for (int crash = 0; crash < 20; ++crash) {
      int report = -1;
      const pid_t writer = start_writer(directory.log(), mode, &report);
      ASSERT_GT(writer, 0);
      // Killed after a random number of releases, wherever it is then.
      const auto some = random.bytes<1>();
      const int moment = 2 + std::to_integer<int>(some[0]);
      Sequence before = 0, released = 0;
      for (int i = 0;; ++i) {
        Sequence said = 0;
        const ssize_t got = ::read(report, &said, sizeof said);
        if (got <= 0) break;
        ASSERT_EQ(got, static_cast<ssize_t>(sizeof said));
        (i == 0 ? before : released) = said;
        if (i == moment) ::kill(writer, SIGKILL);
      }
      ::close(report);
      int status = 0;
      ASSERT_EQ(::waitpid(writer, &status, 0), writer);
      ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
      std::uint64_t next = 0;
      const auto read = read_log(directory.log(), [&](std::uint64_t index, BytesView leaf) {
        EXPECT_EQ(index, next);
        EXPECT_EQ(as_text(leaf), "leaf " + std::to_string(next++));
        return Next::go_on;
      });
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_GE(read->size, before + released) << mode << ", crash " << crash;
    }
    auto log = open_or_die(writer_options(directory.log(), Sync::always));
    EXPECT_TRUE(log->wait(*log->append("leaf after all")));
  }
}

}  // namespace
}  // namespace keyfold::audit
