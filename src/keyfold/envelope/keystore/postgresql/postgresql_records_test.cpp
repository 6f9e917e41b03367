// PostgreSQL under a key store: the contract, and what is particular to a server.

#include "keyfold/envelope/keystore/postgresql/postgresql_records.h"

#include <latch>

#include "keyfold/envelope/keystore/postgresql/cluster_test.h"
#include "keyfold/envelope/keystore/postgresql/sessions.h"
#include "keyfold/envelope/keystore/postgresql/variable_test.h"
#include "keyfold/envelope/keystore/record_store_contract_test.h"

namespace keyfold::keystore {

using testing::RecordStoreContract;

namespace {

using namespace keyfold::keystore::testing;
using namespace std::chrono_literals;

// One cluster for all tests of this process; null, and why, when there can be none. Fails then, when there must be.
Cluster* cluster(std::string& why) {
  static std::string why_not;
  static const std::unique_ptr<Cluster> only = Cluster::start(why_not);
  why = why_not;
  if (only == nullptr && postgresql_is_required()) ADD_FAILURE() << why << ", and KEYFOLD_REQUIRE has postgresql";
  return only.get();
}

// A database of the cluster for each.
std::string new_database(Cluster& server, const std::string& more = "") {
  static int count = 0;
  auto name = "keys_" + std::to_string(++count);
  EXPECT_TRUE(server.run_sql("postgres", "CREATE DATABASE " + name + " " + more));
  return name;
}

class PostgresqlPlace final : public Place {
 public:
  explicit PostgresqlPlace(Cluster& server) : address_(server.address(new_database(server))) {
    const auto made = init_postgresql_records(address_, "tenants");
    EXPECT_TRUE(made) << made.error().message;
  }
  Result<std::shared_ptr<RecordStore>> open(const std::string& logical_name) override {
    return open_postgresql_records(address_, logical_name);
  }

 private:
  const std::string address_;
};
std::unique_ptr<Place> postgresql_place(std::string& why) {
  auto* server = cluster(why);
  return server == nullptr ? nullptr : std::make_unique<PostgresqlPlace>(*server);
}

template <class T>
Error error_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Error{ErrorCode::internal, "it succeeded"} : result.error();
}

class PostgresqlRecords : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = cluster(why);
    ASSERT_FALSE(HasFailure());  // It must be there, and is not.
    if (server_ == nullptr) GTEST_SKIP() << why;
  }
  static Outcome insert(RecordStore& store, const Record& record) {
    const RecordWrite write{.record = record, .replaces = {}};
    return store.write({&write, 1});
  }
  Cluster* server_ = nullptr;
};

TEST_F(PostgresqlRecords, AreNotThereUntilTheyAreMadeAndAreMadeOnce) {
  const auto address = server_->address(new_database(*server_));
  const auto absent = error_of(open_postgresql_records(address, "tenants"));
  EXPECT_EQ(absent.code, ErrorCode::not_found);
  ASSERT_TRUE(init_postgresql_records(address, "tenants"));
  EXPECT_EQ(error_of(init_postgresql_records(address, "tenants")).code, ErrorCode::already_exists);
  EXPECT_TRUE(open_postgresql_records(address, "tenants"));
  EXPECT_EQ(error_of(init_postgresql_records(address, "")).code, ErrorCode::invalid_input);
}

TEST_F(PostgresqlRecords, AreNotOfASchemaThatIsNotKnown) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  ASSERT_TRUE(server_->run_sql(name, "UPDATE keyfold_branch_key_store SET schema_version = '2'"));
  EXPECT_EQ(error_of(open_postgresql_records(server_->address(name), "tenants")).code, ErrorCode::invalid_input);
  ASSERT_TRUE(server_->run_sql(name, "DELETE FROM keyfold_branch_key_store"));
  EXPECT_EQ(error_of(open_postgresql_records(server_->address(name), "tenants")).code, ErrorCode::corrupt);
}

TEST_F(PostgresqlRecords, SayThatARecordIsNoneWhenSomebodyEditedItSo) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  const auto store = *open_postgresql_records(server_->address(name), "tenants");
  ASSERT_TRUE(insert(*store, active_record("a")));
  for (const auto* sql : {"version = ''", "kms_arn = 'alias/a'", "hierarchy_version = '3'", "attributes = '\\x00'",
                          "enc = ''", "create_time = ''"}) {
    ASSERT_TRUE(server_->run_sql(name, "UPDATE keyfold_branch_key SET " + std::string(sql)));
    EXPECT_EQ(error_of(store->get("a", active_type)).code, ErrorCode::corrupt) << sql;
    for (const auto& scan : {store->scan({}, 10), store->scan_active("", 10)}) {
      ASSERT_TRUE(scan) << sql << ": " << scan.error().message;
      ASSERT_EQ(scan->size(), 1U) << sql;
      EXPECT_EQ(scan->front().position.branch_key_id + " " + scan->front().position.type, "a branch:ACTIVE");
      EXPECT_EQ(error_of(scan->front().record).code, ErrorCode::corrupt) << sql;
    }
    ASSERT_TRUE(server_->run_sql(name, "DELETE FROM keyfold_branch_key"));
    ASSERT_TRUE(insert(*store, active_record("a")));
  }
}

TEST_F(PostgresqlRecords, GoOnAfterTheServerWasStartedAnew) {
  const auto address = server_->address(new_database(*server_));
  ASSERT_TRUE(init_postgresql_records(address, "tenants"));
  const auto store = *open_postgresql_records(address, "tenants");
  ASSERT_TRUE(insert(*store, active_record("a")));
  ASSERT_TRUE(server_->start_again());
  EXPECT_EQ(**store->get("a", active_type), active_record("a"));
  ASSERT_TRUE(server_->start_again());
  EXPECT_TRUE(insert(*store, active_record("b")));
}

TEST_F(PostgresqlRecords, SayWhoIsNotThereAndWhoIsNotLetIn) {
  const auto name = new_database(*server_);
  const auto address = server_->address(name);
  ASSERT_TRUE(init_postgresql_records(address, "tenants"));
  EXPECT_EQ(error_of(open_postgresql_records("postgresql:///keys?host=/nowhere/at/all", "tenants")).code,
            ErrorCode::unavailable);
  const auto store = *open_postgresql_records(address, "tenants");
  ASSERT_TRUE(insert(*store, active_record("a")));
  ASSERT_TRUE(server_->run_sql(name, "CREATE ROLE reader_" + name +
                                         " LOGIN; GRANT SELECT ON keyfold_branch_key,"
                                         " keyfold_branch_key_store TO reader_" +
                                         name));
  auto as_reader = address;
  as_reader.replace(as_reader.find("keyfold@"), 8, "reader_" + name + "@");
  const auto reader = open_postgresql_records(as_reader, "tenants");
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(**(*reader)->get("a", active_type), active_record("a"));
  EXPECT_EQ(error_of(insert(**reader, active_record("b"))).code, ErrorCode::access_denied);
  EXPECT_TRUE((*reader)->get("a", active_type));  // The refused transaction is over.
}

TEST_F(PostgresqlRecords, WantACertificateThatVerifiesUnlessToldOtherwise) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  const auto address = server_->loopback_address(name);
  const auto verified = [&](const std::string& host, const std::string& root) {
    return open_postgresql_records(address + "?host=" + host + "&hostaddr=127.0.0.1&sslrootcert=" + root, "tenants");
  };
  const auto opened = verified("localhost", server_->certificate());
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(insert(**opened, active_record("a")));
  EXPECT_EQ(**(*opened)->get("a", active_type), active_record("a"));
  for (const auto& refused :
       {error_of(verified("localhost", server_->other_certificate())),
        error_of(verified("db.example", server_->certificate())), error_of(verified("localhost", "/nowhere"))}) {
    EXPECT_EQ(refused.code, ErrorCode::access_denied) << refused.message;
    EXPECT_NE(refused.message.find("certificate"), std::string::npos) << refused.message;
  }
  const auto told = open_postgresql_records(address + "?sslmode=disable", "tenants");
  EXPECT_TRUE(told) << told.error().message;
}

TEST_F(PostgresqlRecords, SayThatALoginWasRefused) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  ASSERT_TRUE(server_->run_sql("postgres",
                               "CREATE ROLE outsider LOGIN; CREATE ROLE nologin;"
                               "CREATE ROLE with_password LOGIN SUPERUSER PASSWORD 'right'"));
  const auto opened_as = [&](const std::string& user, const std::string& database = "") {
    auto address = server_->loopback_address(database.empty() ? name : database) + "?sslmode=disable";
    return open_postgresql_records(address.replace(address.find("keyfold@"), 7, user), "tenants");
  };
  const Variable right("PGPASSWORD", "right");
  EXPECT_TRUE(opened_as("with_password"));
  const Variable wrong("PGPASSWORD", "wrong");
  for (const auto& [refused, words] :
       {std::pair(error_of(opened_as("with_password")), "28P01: password authentication failed"),
        std::pair(error_of(opened_as("outsider")), "28000: pg_hba.conf rejects"),
        std::pair(error_of(opened_as("nobody")), "28000: role \"nobody\" does not exist"),
        std::pair(error_of(opened_as("nologin")), "28000: role \"nologin\" is not permitted to log in"),
        std::pair(error_of(opened_as("keyfold", "nothing")), "3D000: database \"nothing\" does not exist")}) {
    EXPECT_EQ(refused.code, ErrorCode::access_denied) << refused.message;
    EXPECT_NE(refused.message.find(words), std::string::npos) << refused.message;
    EXPECT_EQ(refused.message.find("LOCATION"), std::string::npos) << refused.message;
  }
}

// What a server says in a moment that cannot be brought about here: a deadlock's victim, a standby, a full disk.
TEST_F(PostgresqlRecords, TellWhatMayPassFromWhatWasRefusedAndWhatIsThere) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  const auto store = *open_postgresql_records(server_->address(name), "tenants");
  for (const auto& [state, code] :
       {std::pair("40P01", ErrorCode::unavailable), std::pair("40001", ErrorCode::unavailable),
        std::pair("25006", ErrorCode::unavailable), std::pair("53100", ErrorCode::unavailable),
        std::pair("57014", ErrorCode::unavailable), std::pair("42501", ErrorCode::access_denied),
        std::pair("23505", ErrorCode::conflict), std::pair("22000", ErrorCode::io)}) {
    ASSERT_TRUE(server_->run_sql(
        name,
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
        " 'words of the server' USING ERRCODE = '" +
            std::string(state) +
            "'; END $$;"
            "CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON keyfold_branch_key FOR EACH ROW EXECUTE FUNCTION fail()"));
    const auto failed = insert(*store, active_record("a"));
    ASSERT_FALSE(failed) << state;
    EXPECT_EQ(failed.error().code, code) << state;
    EXPECT_EQ(failed.error().message, "the database: words of the server");
  }
}

TEST_F(PostgresqlRecords, GoOnWithAnotherConnectionAfterOneDidNotAnswerInTime) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  const auto store = *open_postgresql_records(server_->address(name), "tenants", 2s);
  ASSERT_TRUE(insert(*store, active_record("a")));
  {
    const auto busy = server_->connect(name);  // For longer than that.
    PQclear(PQexec(busy.get(), "BEGIN; LOCK TABLE keyfold_branch_key"));
    for (const auto& silent : {error_of(store->get("a", active_type)), insert(*store, active_record("b")).error()}) {
      EXPECT_EQ(silent.code, ErrorCode::unavailable);
      EXPECT_NE(silent.message.find("in time"), std::string::npos) << silent.message;
    }
  }
  EXPECT_EQ(**store->get("a", active_type), active_record("a"));
}

TEST_F(PostgresqlRecords, WaitForTheirTurnNoLongerThanForTheDatabase) {
  Sessions sessions(server_->address("postgres"), 2s);
  std::latch all_taken(sessions_max), may_go(1);
  std::vector<std::thread> holders;
  for (std::size_t i = 0; i < sessions_max; ++i)
    holders.emplace_back(
        [&] { (void)sessions.with([&](Session&) { return all_taken.count_down(), may_go.wait(), ok(); }); });
  all_taken.wait();
  const auto late = sessions.with([](Session&) { return ok(); });
  may_go.count_down();
  for (auto& holder : holders) holder.join();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(sessions.with([](Session& session) { return session.run_all("SELECT 1"); }));
}

TEST_F(PostgresqlRecords, CommitToDiskEvenWhereTheDatabaseNeedNot) {
  const auto name = new_database(*server_);
  ASSERT_TRUE(init_postgresql_records(server_->address(name), "tenants"));
  ASSERT_TRUE(server_->run_sql("postgres", "ALTER DATABASE " + name + " SET synchronous_commit = off"));
  // What a session has set is seen from a trigger in it.
  ASSERT_TRUE(server_->run_sql(
      name,
      "CREATE TABLE seen (setting text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;"
      "CREATE TRIGGER note AFTER INSERT ON keyfold_branch_key FOR EACH ROW EXECUTE FUNCTION note()"));
  const auto store = *open_postgresql_records(server_->address(name), "tenants");
  ASSERT_TRUE(insert(*store, active_record("a")));
  EXPECT_TRUE(server_->run_sql(name, "SELECT 1 / (SELECT count(*)::int FROM seen WHERE setting = 'on')"));
}

TEST_F(PostgresqlRecords, WantADatabaseInUtf8) {
  const auto name = new_database(*server_, "ENCODING 'SQL_ASCII' TEMPLATE template0");
  EXPECT_EQ(error_of(init_postgresql_records(server_->address(name), "tenants")).code, ErrorCode::invalid_input);
}

// No server is asked.
TEST(PostgresqlAddress, HoldsNoPassword) {
  for (const auto* address :
       {"postgresql://keys:hunter2@db.example/keys", "host=db.example password=hunter2",
        "postgres://db.example/keys?password=hunter2", "postgres://db.example/keys?sslpassword=hunter2"}) {
    const auto refused = error_of(open_postgresql_records(address, "tenants"));
    EXPECT_EQ(refused.code, ErrorCode::invalid_input);
    EXPECT_NE(refused.message.find("PGPASSFILE"), std::string::npos);
    EXPECT_EQ(refused.message.find("hunter2"), std::string::npos);
  }
  const auto unread =
      error_of(open_postgresql_records("postgresql://keys:hunter2@db.example:x y/keys?nonsense=1", "tenants"));
  EXPECT_EQ(unread.code, ErrorCode::invalid_input);
  EXPECT_EQ(unread.message.find("hunter2"), std::string::npos);
  EXPECT_TRUE(is_postgresql_address("postgres://x") && is_postgresql_address("postgresql://x"));
  EXPECT_FALSE(is_postgresql_address("keys.sqlite") || is_postgresql_address("/postgres://x"));
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(Postgresql, RecordStoreContract, ::testing::Values(&postgresql_place));
}  // namespace testing

}  // namespace keyfold::keystore
