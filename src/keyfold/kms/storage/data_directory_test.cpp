#include "keyfold/kms/storage/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyfold/kms/storage/storage_testing.h"

namespace keyfold::storage {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(DataDirectory, IsCreatedForItsUserAlone) {
  const TemporaryDirectory parent;
  const auto path = parent / "data";
  const auto directory = DataDirectory::open(path);
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_EQ(mode_of(path), 0700U);
  EXPECT_EQ(mode_of(path / "lock"), 0600U);
  EXPECT_EQ(contents_of(path / "lock"), std::to_string(getpid()) + "\n");
  EXPECT_EQ(directory->path(), std::filesystem::canonical(path));
  EXPECT_EQ(directory->store_file(), directory->path() / "store.sqlite");
}

TEST(DataDirectory, IsHeldByOneAtATimeAndNamesTheHolder) {
  const TemporaryDirectory parent;
  const auto path = parent / "data";
  {
    auto first = DataDirectory::open(path);
    ASSERT_TRUE(first);
    const auto second = DataDirectory::open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos)
        << second.error().message;
    const DataDirectory moved = *std::move(first);
    EXPECT_FALSE(DataDirectory::open(path));
  }
  EXPECT_TRUE(DataDirectory::open(path));
}

TEST(DataDirectory, IsFreeAgainWhenItsHolderWasKilled) {
  const TemporaryDirectory parent;
  const auto path = parent / "data";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = DataDirectory::open(path);
    (void)!write(ready[1], held ? "y" : "n", 1);
    for (;;) pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const auto refused = DataDirectory::open(path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(std::to_string(child)), std::string::npos) << refused.error().message;
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(DataDirectory::open(path));
  close(ready[0]);
  close(ready[1]);
}

TEST(DataDirectory, IsRefusedWhenOthersMayWriteToIt) {
  const TemporaryDirectory parent;
  const auto path = parent / "data";
  ASSERT_TRUE(std::filesystem::create_directory(path));
  for (mode_t mode = 0; mode < 0100; ++mode) {
    ASSERT_EQ(chmod(path.c_str(), 0700 | mode), 0);
    EXPECT_EQ(DataDirectory::open(path).has_value(), (mode & 0022) == 0) << std::oct << mode;
  }
}

TEST(DataDirectory, IsRefusedWhenItIsNoDirectoryOrHasNoParent) {
  const TemporaryDirectory parent;
  std::ofstream(parent / "file") << "x";
  EXPECT_EQ(DataDirectory::open(parent / "file").error().code, ErrorCode::invalid_input);
  EXPECT_EQ(DataDirectory::open(parent / "absent/data").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace keyfold::storage
