// Somebody edits the store's file by hand. Whatever they do is detected when it is opened, and the record is named.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/vault/sealed_head.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

// The file, as raw rows.
class Rows {
 public:
  struct Row {
    std::uint64_t version;
    std::string value;
    friend bool operator==(const Row&, const Row&) = default;
  };
  explicit Rows(const std::filesystem::path& file) {
    KEYFOLD_CHECK(sqlite3_open(file.c_str(), &raw_) == SQLITE_OK);
    sqlite3_exec(raw_, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { sqlite3_close(raw_); }

  void run(const std::string& sql, const std::vector<std::string>& text = {}, const std::string& blob = {}) {
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(raw_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(raw_);
    int at = 1;
    for (const auto& value : text) sqlite3_bind_text(statement, at++, value.c_str(), -1, SQLITE_TRANSIENT);
    if (sqlite3_bind_parameter_count(statement) >= at)
      sqlite3_bind_blob(statement, at, blob.data(), static_cast<int>(blob.size()), SQLITE_TRANSIENT);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(raw_);
    sqlite3_finalize(statement);
  }
  std::map<std::string, Row> all() {
    std::map<std::string, Row> rows;
    sqlite3_stmt* statement = nullptr;
    KEYFOLD_CHECK(sqlite3_prepare_v2(raw_, "SELECT name, version, value FROM record", -1, &statement, nullptr) ==
                  SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
      rows[reinterpret_cast<const char*>(sqlite3_column_text(statement, 0))] = {
          static_cast<std::uint64_t>(sqlite3_column_int64(statement, 1)),
          std::string(static_cast<const char*>(sqlite3_column_blob(statement, 2)),
                      static_cast<std::size_t>(sqlite3_column_bytes(statement, 2)))};
    sqlite3_finalize(statement);
    return rows;
  }
  void set(const std::string& name, const Row& row) {
    run("INSERT OR REPLACE INTO record VALUES (?1, " + std::to_string(row.version) + ", ?2)", {name}, row.value);
  }
  void drop(const std::string& name) { run("DELETE FROM record WHERE name = ?1", {name}); }

 private:
  sqlite3* raw_ = nullptr;
};

void flip(std::string& value, std::size_t byte, unsigned bit) {
  value[byte] = static_cast<char>(static_cast<unsigned char>(value[byte]) ^ (1U << bit));
}

using Image = std::map<std::string, Rows::Row>;

// A store with every type of record, as it is now and as it was before: its later half changed, removed and added to
// the first.
class Tampering : public testing::Test {
 protected:
  void SetUp() override {
    auto store = open();
    ASSERT_TRUE(store);
    std::map<std::string, std::uint64_t> versions;
    const auto names = some_names();
    for (const auto& name : names)
      versions[name.text()] = commit(*store, {put(name, "first " + name.text())})->revision;
    for (int i = 0; i < 40; ++i) {
      const storage::OutboxRecord event{.event_id = "e" + std::to_string(i), .body = to_bytes("event")};
      ASSERT_TRUE(store->commit({}, &event));
    }
    store.reset();
    before_ = image();
    store = open();
    for (const auto& name : names)
      versions[name.text()] = commit(*store, {put(name, "second " + name.text(), versions[name.text()])})->revision;
    ASSERT_TRUE(
        commit(*store, {removal(test_name(RecordType::key, "0"), versions[test_name(RecordType::key, "0").text()])}));
    ASSERT_TRUE(commit(*store, {put(test_name(RecordType::key, "new"), "v")}));
    ASSERT_TRUE(store->forget(std::vector<std::string>{"e0"}));
    store.reset();
    now_ = image();
    ASSERT_TRUE(open());
  }

  static std::vector<RecordName> some_names() {
    std::vector<RecordName> names;
    for (const auto type : {RecordType::key, RecordType::material, RecordType::alias})
      for (int i = 0; i < 10; ++i) names.push_back(test_name(type, std::to_string(i)));
    for (const auto type : {RecordType::user, RecordType::accesskey})
      for (int i = 0; i < 3; ++i) names.emplace_back(type, test_account(), std::to_string(i));
    names.emplace_back(RecordType::meta, "witness");
    return names;
  }
  // One record of each type, the vault's own included.
  static std::vector<std::string> one_of_each(const Image& image) {
    std::vector<std::string> names;
    for (const auto& [name, row] : image)
      if (names.empty() || names.back().substr(0, names.back().find('/')) != name.substr(0, name.find('/')))
        names.push_back(name);
    return names;
  }

  std::unique_ptr<SealedStore> open() {
    file_store_.reset();
    auto store = storage::open_sqlite_store(file_);
    KEYFOLD_CHECK(store.has_value());
    file_store_ = *std::move(store);
    auto opened = open_with(*file_store_, random_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  Image image() {
    file_store_.reset();
    return Rows(file_).all();
  }
  // Opens what lies there now, which must fail, name `name`, and change nothing. Then puts everything back.
  void expect_named(const std::vector<std::string>& names, const std::string& deed) {
    const auto tampered = image();
    ASSERT_NE(tampered, now_) << deed << ": nothing was done";
    const auto store = storage::open_sqlite_store(file_);
    ASSERT_TRUE(store);
    const auto opened = open_with(**store, random_);
    ASSERT_FALSE(opened) << deed << " was not detected: " << names.front();
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << deed << ": " << opened.error().message;
    for (const auto& name : names)
      EXPECT_NE(opened.error().message.find(name + ": "), std::string::npos)
          << deed << " of " << name << " said: " << opened.error().message;
    EXPECT_EQ(Rows(file_).all(), tampered) << deed;
    restore(now_, tampered);
  }
  void restore(const Image& to, const Image& from) {
    Rows rows(file_);
    rows.run("BEGIN");
    for (const auto& [name, row] : from)
      if (!to.contains(name)) rows.drop(name);
    for (const auto& [name, row] : to)
      if (!from.contains(name) || from.at(name) != row) rows.set(name, row);
    rows.run("COMMIT");
  }

  storage::TemporaryDirectory directory_{storage::TemporaryDirectory::On::memory};
  std::filesystem::path file_ = directory_ / "store.sqlite";
  SeededRandom random_{1};
  std::unique_ptr<storage::Store> file_store_;
  Image before_, now_;
};

TEST_F(Tampering, HasARecordOfEachTypeToTry) {
  std::vector<std::string> types;
  for (const auto& name : one_of_each(now_)) types.push_back(name.substr(0, name.find('/')));
  EXPECT_EQ(types, (std::vector<std::string>{"accesskey", "alias", "head", "key", "manifest", "material", "meta",
                                             "outbox", "root", "storagekey", "user"}));
}

TEST_F(Tampering, OfAByteIsDetectedInEveryType) {
  for (const auto& name : one_of_each(now_)) {
    const auto& row = now_.at(name);
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{5}, std::size_t{10}, row.value.size() / 2, row.value.size() - 1}) {
      auto altered = row;
      altered.value[at] = static_cast<char>(altered.value[at] ^ 4);
      Rows(file_).set(name, altered);
      expect_named({name}, "edit at " + std::to_string(at));
    }
  }
}

TEST_F(Tampering, ByTruncationOrEmptyingIsDetectedInEveryType) {
  for (const auto& name : one_of_each(now_)) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{37}, now_.at(name).value.size() - 1}) {
      Rows(file_).set(name, {now_.at(name).version, now_.at(name).value.substr(0, size)});
      expect_named({name}, "truncation to " + std::to_string(size));
    }
  }
}

TEST_F(Tampering, WithAVersionIsDetectedInEveryType) {
  for (const auto& name : one_of_each(now_)) {
    for (const int by : {-1, 1}) {
      Rows(file_).set(name, {now_.at(name).version + static_cast<std::uint64_t>(by), now_.at(name).value});
      expect_named({name}, "another version number");
    }
  }
}

TEST_F(Tampering, ByDroppingIsDetectedInEveryType) {
  for (const auto& [name, row] : now_) {
    Rows(file_).drop(name);
    expect_named({name}, "drop");
  }
}

TEST_F(Tampering, ByReplayIsDetectedInEveryRecordThatChanged) {
  int replayed = 0;
  for (const auto& [name, row] : before_) {
    if (now_.contains(name) && now_.at(name) == row) continue;
    Rows(file_).set(name, row);
    expect_named({name}, "replay");
    ++replayed;
  }
  EXPECT_GT(replayed, 40);
}

TEST_F(Tampering, ByReplayOfARecordWithItsPageIsDetected) {
  // The record and every manifest page go back together; the head does not.
  for (const auto& name : one_of_each(before_)) {
    if (name.starts_with("head") || (now_.contains(name) && now_.at(name) == before_.at(name))) continue;
    Rows rows(file_);
    rows.set(name, before_.at(name));
    for (const auto& [page, row] : before_)
      if (page.starts_with("manifest/")) rows.set(page, row);
    expect_named({directory_name(0).text()}, "replay with pages");
  }
}

TEST_F(Tampering, ByPuttingBackTheOldHeadWithItsRevisionIsDetected) {
  Rows(file_).set(head_name().text(), before_.at(head_name().text()));
  Rows(file_).run("UPDATE store SET revision = " + std::to_string(before_.at(head_name().text()).version));
  const auto store = storage::open_sqlite_store(file_);
  const auto opened = open_with(**store, random_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find("manifest/-/-/directory-00000000: "), std::string::npos)
      << opened.error().message;
}

TEST_F(Tampering, WithTheStoresRevisionIsDetected) {
  for (const int by : {-1, 1, 1000}) {
    Rows(file_).run("UPDATE store SET revision = revision + " + std::to_string(by));
    const auto store = storage::open_sqlite_store(file_);
    const auto opened = open_with(**store, random_);
    ASSERT_FALSE(opened) << by;
    EXPECT_NE(opened.error().message.find("head/-/-/head: "), std::string::npos) << opened.error().message;
    Rows(file_).run("UPDATE store SET revision = revision - " + std::to_string(by));
  }
  EXPECT_TRUE(open());
}

TEST_F(Tampering, BySwappingIsDetectedBetweenAllTypes) {
  const auto names = one_of_each(now_);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      // A bad root record, head or storage key is reported alone: nothing else can be judged under it.
      const auto alone = [](const std::string& name) {
        return name.starts_with("root/") ? 0 : name.starts_with("head/") ? 1 : name.starts_with("storagekey/") ? 2 : 3;
      };
      auto expected = alone(names[i]) == alone(names[j])
                          ? std::vector{names[i], names[j]}
                          : std::vector{alone(names[i]) < alone(names[j]) ? names[i] : names[j]};
      if (expected.size() == 2 && expected[0].starts_with("manifest/")) expected.pop_back();
      Rows(file_).set(names[i], {now_.at(names[i]).version, now_.at(names[j]).value});
      Rows(file_).set(names[j], {now_.at(names[j]).version, now_.at(names[i]).value});
      expect_named(expected, "swap of values");
      Rows(file_).set(names[i], now_.at(names[j]));
      Rows(file_).set(names[j], now_.at(names[i]));
      expect_named(expected, "swap of names");
    }
  }
}

TEST_F(Tampering, BySwappingIsDetectedWithinAType) {
  const auto a = test_name(RecordType::key, "1").text();
  const auto b = test_name(RecordType::key, "2").text();
  Rows(file_).set(a, now_.at(b));
  Rows(file_).set(b, now_.at(a));
  expect_named({a, b}, "swap");
}

TEST_F(Tampering, ByAddingIsDetected) {
  const auto copied = now_.at(test_name(RecordType::key, "1").text());
  const std::vector<std::string> added = {test_name(RecordType::key, "added").text(),
                                          RecordName(RecordType::user, "added").text(),
                                          "manifest/-/-/page-00000999",
                                          "manifest/-/-/directory-00000999",
                                          "outbox/-/-/0000000000000001.added",
                                          "head/-/-/second",
                                          "root/-/-/second",
                                          "storagekey/-/-/00112233445566778899aabbccddeeff",
                                          "no name of ours"};
  for (const auto& name : added) {
    Rows(file_).set(name, copied);
    expect_named({name}, "addition");
    Rows(file_).set(name, {1, "x"});
    expect_named({name}, "addition of nonsense");
  }
  // A copy of the root record under another name carries a check that holds.
  Rows(file_).set("root/-/-/second", now_.at("root/-/-/root"));
  expect_named({"root/-/-/second"}, "addition of a root record");
}

TEST_F(Tampering, ByPuttingBackWhatWasRemovedIsDetected) {
  const auto name = test_name(RecordType::key, "0").text();
  Rows(file_).set(name, before_.at(name));
  expect_named({name}, "putting back");
}

TEST_F(Tampering, ByPuttingInAnotherStoresRecordIsDetected) {
  const auto memory = storage::open_memory_store();
  SeededRandom other_random(2);
  auto other = open_with(*memory, other_random);
  ASSERT_TRUE(other);
  const auto name = test_name(RecordType::key, "1");
  ASSERT_TRUE(commit(**other, {put(name, "x")}));
  for (const auto& record : *memory->scan("", "", 1000)) {
    Rows(file_).set(record.name, {record.version, std::string(as_text(record.value))});
    // Its root record says so of itself; only the head does not fit it.
    expect_named({record.name.starts_with("root/") ? head_name().text() : record.name}, "another store's record");
  }
}

TEST_F(Tampering, ByEmptyingTheStoreIsDetected) {
  Rows(file_).run("DELETE FROM record");
  expect_named({"root/-/-/root"}, "emptying");
  Rows(file_).run("DELETE FROM record WHERE name NOT LIKE 'root/%' AND name NOT LIKE 'head/%'");
  const auto store = storage::open_sqlite_store(file_);
  EXPECT_FALSE(open_with(**store, random_));
}

TEST_F(Tampering, AtRandomIsDetectedAThousandTimes) {
  std::vector<std::string> names;
  for (const auto& [name, row] : now_) names.push_back(name);
  std::vector<std::string> old_names;
  for (const auto& [name, row] : before_) old_names.push_back(name);
  SeededRandom random(6);
  const auto below = [&](std::size_t limit) {
    const auto roll = random.bytes<4>();
    std::size_t number = 0;
    for (const auto b : roll) number = number << 8 | std::to_integer<std::size_t>(b);
    return number % limit;
  };
  int done = 0;
  while (done < 1000) {
    Image tampered = now_;
    const auto& name = names[below(names.size())];
    switch (below(6)) {
      case 0:
        flip(tampered[name].value, below(tampered[name].value.size()), static_cast<unsigned>(below(8)));
        break;
      case 1:
        tampered.erase(name);
        break;
      case 2:
        std::swap(tampered[name], tampered[names[below(names.size())]]);
        break;
      case 3: {
        const auto& old = old_names[below(old_names.size())];
        tampered[old] = before_.at(old);
        break;
      }
      case 4:
        tampered[name].version += 1 + below(50);
        break;
      default:
        tampered[name + "x"] = now_.at(names[below(names.size())]);
    }
    if (tampered == now_) continue;
    ++done;
    restore(tampered, now_);
    const auto store = storage::open_sqlite_store(file_);
    ASSERT_TRUE(store);
    const auto opened = open_with(**store, random_);
    ASSERT_FALSE(opened) << done;
    ASSERT_TRUE(opened.error().code == ErrorCode::corrupt) << opened.error().message;
    restore(now_, tampered);
  }
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace keyfold::vault
