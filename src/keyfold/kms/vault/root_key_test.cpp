#include "keyfold/kms/vault/root_key.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/vault/root_record.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

using storage::contents_of;
using storage::TemporaryDirectory;

constexpr crypto::ScryptParameters cheap{.cost = 1024, .block_size = 8, .parallelism = 1};

SecretBytes secret(std::string_view text) { return *SecretBytes::copy_of(as_bytes(text)); }
RootKeySource passphrase(std::string_view text) { return RootPassphrase{.text = secret(text), .scrypt = cheap}; }

StoreId example_store() {
  StoreId store;
  store.fill(std::byte{0x40});
  return store;
}
PassphraseParameters example_parameters() {
  PassphraseParameters parameters{.salt = {}, .scrypt = cheap};
  for (std::size_t i = 0; i < 32; ++i) parameters.salt[i] = static_cast<std::byte>(0x50 + i);
  return parameters;
}

// The examples of docs/formats/root-key.md, computed by other software (Python's hashlib).
TEST(RootRecord, IsWhatTheFormatsPageSays) {
  EXPECT_EQ(to_hex(root_key_of(7).id()), "4b73bba2b9dd8f589543c7003724eb00");
  EXPECT_EQ(to_hex(*write_root_record(root_key_of(7), example_store())),
            "4b46525401404040404040404040404040404040404b73bba2b9dd8f589543c7003724eb0001"
            "a88dc78fe7c665b74a7db65bee03b5d8");
  const auto root = derive_root_key(secret("correct horse battery staple"), example_parameters());
  ASSERT_TRUE(root);
  EXPECT_EQ(to_hex(*write_root_record(*root, example_store())),
            "4b465254014040404040404040404040404040404077f938aebced7aa54e06c47134f2a96702"
            "505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f"
            "00000000000004000000000800000001fe963af720701fb80b70632501433869");
}

TEST(RootRecord, RefusesEveryFlippedBitAndEveryTruncation) {
  const auto root = *derive_root_key(secret("correct horse battery staple"), example_parameters());
  const auto whole = *write_root_record(root, example_store());
  ASSERT_TRUE(verify_root_record(root, whole));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto altered = whole;
    altered[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(verify_root_record(root, altered)) << bit;
  }
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(verify_root_record(root, std::span(whole).first(size))) << size;
}

TEST(RootRecord, RefusesEveryOtherFormatVersion) {
  auto value = *write_root_record(root_key_of(7), example_store());
  for (int version = 0; version < 256; ++version) {
    value[4] = static_cast<std::byte>(version);
    EXPECT_EQ(read_root_record(value).has_value(), version == 1) << version;
  }
}

TEST(RootRecord, RefusesParametersThatWouldTakeAllMemory) {
  for (const crypto::ScryptParameters bad : {crypto::ScryptParameters{.cost = 512},
                                             {.cost = 1000},
                                             {.cost = 1025},
                                             {.cost = std::uint64_t{1} << 24},
                                             {.cost = std::uint64_t{1} << 63},
                                             {.cost = 1024, .block_size = 0},
                                             {.cost = 1024, .block_size = 8193},
                                             {.cost = 1024, .block_size = 8, .parallelism = 0},
                                             {.cost = 1024, .block_size = 8, .parallelism = 17}}) {
    const auto root = *RootKey::of(secret(std::string(32, 'k')), PassphraseParameters{.salt = {}, .scrypt = bad});
    EXPECT_FALSE(write_root_record(root, example_store()))
        << bad.cost << " " << bad.block_size << " " << bad.parallelism;
  }
  for (const crypto::ScryptParameters good :
       {crypto::ScryptParameters{}, cheap, {.cost = 1024, .block_size = 8192, .parallelism = 16}}) {
    const auto root = *RootKey::of(secret(std::string(32, 'k')), PassphraseParameters{.salt = {}, .scrypt = good});
    EXPECT_TRUE(write_root_record(root, example_store()));
  }
}

TEST(RootKey, HasThirtyTwoBytes) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) EXPECT_FALSE(RootKey::of(secret(std::string(size, 'k')))) << size;
}

class RootKeyFileTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_ / "root.key";
  SystemRandom random_;
  std::unique_ptr<storage::Store> store_ = storage::open_memory_store();
};

TEST_F(RootKeyFileTest, IsMadeOnceForItsUserAlone) {
  const auto made = create_root_key_file(file_, random_);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const auto text = contents_of(file_);
  EXPECT_EQ(create_root_key_file(file_, random_).error().code, ErrorCode::already_exists);
  EXPECT_EQ(contents_of(file_), text);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".new"));
  const auto read = read_root_key_file(file_);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->id(), made->id());
  EXPECT_TRUE(read->bytes() == made->bytes());
}

TEST_F(RootKeyFileTest, IsRefusedWithAnyBitFlippedOrByteMissing) {
  ASSERT_TRUE(create_root_key_file(file_, random_));
  const auto whole = contents_of(file_);
  const auto refuses = [&](const std::string& text) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    const auto read = read_root_key_file(file_);
    return !read && read.error().code == ErrorCode::invalid_input;
  };
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto altered = whole;
    altered[bit / 8] = static_cast<char>(static_cast<unsigned char>(altered[bit / 8]) ^ (1U << (bit % 8)));
    // The case of a hexadecimal digit carries nothing.
    if (std::tolower(altered[bit / 8]) == whole[bit / 8] && std::isxdigit(whole[bit / 8]) != 0) continue;
    EXPECT_TRUE(refuses(altered)) << bit;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(refuses(whole.substr(0, size))) << size;
  EXPECT_TRUE(refuses(whole + "\n"));
}

TEST_F(RootKeyFileTest, IsRefusedWhenOthersMayUseIt) {
  ASSERT_TRUE(create_root_key_file(file_, random_));
  for (mode_t mode = 0; mode < 0100; ++mode) {
    ASSERT_EQ(chmod(file_.c_str(), 0600 | mode), 0);
    EXPECT_EQ(read_root_key_file(file_).has_value(), mode == 0) << std::oct << mode;
  }
}

TEST_F(RootKeyFileTest, IsRefusedWhenItIsADirectory) {
  EXPECT_EQ(read_root_key_file(directory_.path()).error().code, ErrorCode::invalid_input);
}

TEST_F(RootKeyFileTest, IsMadeForAnEmptyStoreAndNeverForOneThatHasData) {
  const RootKeySource source = RootKeyFile{file_};
  auto root = obtain_root_key(*store_, source, {}, random_);
  ASSERT_TRUE(root) << root.error().message;
  const auto id = root->id();
  // The server may have been killed before it wrote anything.
  EXPECT_EQ(obtain_root_key(*store_, source, {}, random_)->id(), id);
  ASSERT_TRUE(SealedStore::open(*store_, *std::move(root), random_, Mode::production));
  EXPECT_EQ(obtain_root_key(*store_, source, {}, random_)->id(), id);

  const auto before = *store_->scan("", "", 100);
  std::filesystem::rename(file_, directory_ / "elsewhere");
  const auto missing = obtain_root_key(*store_, source, {}, random_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find(to_hex(id)), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file_));
  ASSERT_TRUE(create_root_key_file(file_, random_));
  const auto wrong = obtain_root_key(*store_, source, {}, random_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::authentication);
  EXPECT_EQ(obtain_root_key(*store_, passphrase("a long passphrase"), {}, random_).error().code,
            ErrorCode::invalid_input);
  EXPECT_EQ(*store_->scan("", "", 100), before);
}

TEST_F(RootKeyFileTest, NeverLiesInTheDataDirectory) {
  const auto data = directory_ / "data";
  ASSERT_TRUE(std::filesystem::create_directories(data / "deeper"));
  std::filesystem::create_directory_symlink(data, directory_ / "link");
  for (const auto& inside :
       {data / "root.key", data / "deeper/root.key", data / "deeper/../root.key", directory_ / "link/root.key"}) {
    EXPECT_EQ(obtain_root_key(*store_, RootKeyFile{inside}, data, random_).error().code, ErrorCode::invalid_input)
        << inside;
    EXPECT_FALSE(std::filesystem::exists(inside)) << inside;
  }
  EXPECT_TRUE(obtain_root_key(*store_, RootKeyFile{directory_ / "data.key"}, data, random_));
  EXPECT_TRUE(obtain_root_key(*store_, RootKeyFile{data / "../beside.key"}, data, random_));
}

// What is written beside a link lies where the link does.
TEST_F(RootKeyFileTest, NeitherItNorALinkToItLiesInTheDataDirectory) {
  const auto data = directory_ / "data";
  ASSERT_TRUE(std::filesystem::create_directory(data));
  std::filesystem::create_directory_symlink(data, directory_ / "link");
  std::ofstream(directory_ / "real.key") << "there";
  std::ofstream(data / "inside.key") << "there";
  std::filesystem::create_symlink(directory_ / "real.key", data / "to-outside.key");
  std::filesystem::create_symlink(directory_ / "absent.key", data / "to-nothing.key");
  std::filesystem::create_symlink(data / "inside.key", directory_ / "to-inside.key");
  std::filesystem::create_symlink("real.key", directory_ / "beside.key");
  for (const auto& refused : {data / "to-outside.key", directory_ / "link/to-outside.key", data / "to-nothing.key",
                              directory_ / "to-inside.key"})
    EXPECT_EQ(check_outside("root key", refused, data).error().code, ErrorCode::invalid_input) << refused;
  for (const auto& taken : {directory_ / "real.key", directory_ / "beside.key", data / "../beside.key"})
    EXPECT_TRUE(check_outside("root key", taken, data)) << taken;
}

TEST_F(RootKeyFileTest, IsRefusedInADataDirectoryThatIsNotThereYet) {
  const auto former = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  const auto here = std::filesystem::current_path();
  std::filesystem::create_directory_symlink("new", "link");
  std::filesystem::create_directory_symlink(here / "link/deeper", "link-to-deeper");
  std::filesystem::create_symlink("link-to-deeper/root.key", "link.key");
  std::filesystem::create_symlink("round.key", "round.key");
  for (const std::filesystem::path& data :
       {here / "new", here / "new/", here / "x/../new", std::filesystem::path("new"), std::filesystem::path("./new/"),
        here / "link", std::filesystem::path("link/")}) {
    for (const std::filesystem::path& inside :
         {here / "new/root.key", here / "new/deeper/root.key", std::filesystem::path("new/root.key"),
          here / "link/root.key", std::filesystem::path("link/root.key"), here / "link-to-deeper/root.key",
          here / "link.key"})
      EXPECT_EQ(check_outside("root key", inside, data).error().code, ErrorCode::invalid_input) << inside << data;
    for (const std::filesystem::path& outside :
         {here / "new.key", here / "new/../root.key", std::filesystem::path("root.key")})
      EXPECT_TRUE(check_outside("root key", outside, data)) << outside << data;
    EXPECT_EQ(check_outside("root key", "round.key", data).error().code, ErrorCode::io);
    EXPECT_FALSE(std::filesystem::exists("new"));
  }
  std::filesystem::current_path(former);
}

TEST_F(RootKeyFileTest, ComesFromAPassphraseAsWell) {
  EXPECT_EQ(obtain_root_key(*store_, passphrase("too short"), {}, random_).error().code, ErrorCode::invalid_input);
  auto root = obtain_root_key(*store_, passphrase("a long passphrase"), {}, random_);
  ASSERT_TRUE(root);
  const auto id = root->id();
  ASSERT_TRUE(SealedStore::open(*store_, *std::move(root), random_, Mode::production));
  auto again = obtain_root_key(*store_, passphrase("a long passphrase"), {}, random_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id(), id);
  EXPECT_TRUE(SealedStore::open(*store_, *std::move(again), random_, Mode::production));
  const auto wrong = obtain_root_key(*store_, passphrase("a long passphrasf"), {}, random_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::authentication);
  EXPECT_NE(wrong.error().message.find("passphrase"), std::string::npos);
  EXPECT_EQ(obtain_root_key(*store_, RootKeyFile{file_}, {}, random_).error().code, ErrorCode::invalid_input);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(RootKeyFileTest, ReadsThePassphraseFromTheFirstLine) {
  const auto read = [&](const std::string& text) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    EXPECT_EQ(chmod(file_.c_str(), 0600), 0);
    return read_passphrase_file(file_);
  };
  for (const std::string ending : {"", "\n", "\r\n", "\nsecond line\n"})
    EXPECT_EQ(as_text(read(" a phrase " + ending)->reveal()), " a phrase ");
  for (const std::string empty : {"", "\n", "\r\n", "\nsecond"})
    EXPECT_EQ(read(empty).error().code, ErrorCode::invalid_input);
  for (const std::string ending : {"", "\n", "\r\n"}) {
    EXPECT_EQ(read(std::string(passphrase_size_max, 'p') + ending)->size(), passphrase_size_max);
    EXPECT_FALSE(read(std::string(passphrase_size_max + 1, 'p') + ending));
  }
  EXPECT_FALSE(read(std::string(100000, 'p')));
  ASSERT_EQ(chmod(file_.c_str(), 0644), 0);
  EXPECT_FALSE(read_passphrase_file(file_));
}

}  // namespace
}  // namespace keyfold::vault
