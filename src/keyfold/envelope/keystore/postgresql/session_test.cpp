// One connection, against a server that behaves badly.

#include "keyfold/envelope/keystore/postgresql/session.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "keyfold/envelope/keystore/postgresql/fake_server_test.h"
#include "keyfold/envelope/keystore/postgresql/variable_test.h"

namespace keyfold::keystore {
namespace {

using namespace keyfold::keystore::testing;
using namespace std::chrono_literals;
using Greeting = FakeServer::Greeting;

Error error_of(const std::string& address, std::chrono::milliseconds patience) {
  const auto opened = Session::open(address, std::chrono::steady_clock::now() + patience);
  EXPECT_FALSE(opened) << address;
  return opened ? Error{ErrorCode::internal, "it succeeded"} : opened.error();
}

// To this machine, by an address that is not a loopback one.
std::string address_of(const FakeServer& server) {
  return "host=db.example hostaddr=0.0.0.0 user=keyfold dbname=keys port=" + server.port();
}
std::string loopback_address_of(const FakeServer& server) {
  return "hostaddr=127.0.0.1 user=keyfold dbname=keys sslmode=disable port=" + server.port();
}

TEST(PostgresqlSession, SendsNoPasswordInClearToAnotherMachine) {
  const Variable password("PGPASSWORD", "hunter2");
  for (const auto* mode : {"disable", "allow", "prefer"}) {
    const FakeServer server(Greeting::asks_for_password);
    const auto refused = error_of(address_of(server) + " sslmode=" + mode, 5s);
    EXPECT_EQ(refused.code, ErrorCode::invalid_input) << refused.message;
    EXPECT_EQ(server.received().find("keyfold"), std::string::npos) << "not even the user's name";
    EXPECT_EQ(server.received().find("hunter2"), std::string::npos);
  }
  for (const auto* mode : {"require", "verify-ca", "verify-full"}) {
    const FakeServer server(Greeting::asks_for_password);
    (void)error_of(address_of(server) + " sslmode=" + mode, 5s);
    EXPECT_EQ(server.received().find("keyfold"), std::string::npos) << mode;
    EXPECT_EQ(server.received().find("hunter2"), std::string::npos) << mode;
  }
}

// The fake server does see one where it may.
TEST(PostgresqlSession, SendsAPasswordToItsOwnMachine) {
  const Variable password("PGPASSWORD", "hunter2");
  const FakeServer server(Greeting::asks_for_password);
  EXPECT_EQ(error_of(loopback_address_of(server), 500ms).code, ErrorCode::unavailable);
  EXPECT_NE(server.received().find("hunter2"), std::string::npos);
}

TEST(PostgresqlSession, IsNotTalkedOutOfEncryptionByItsEnvironment) {
  const std::string folder = ::testing::TempDir() + "/keyfold-services-" + std::to_string(getpid());
  std::ofstream(folder) << "[weak]\nsslmode=disable\nhostaddr=0.0.0.0\n";
  const Variable password("PGPASSWORD", "hunter2"), mode("PGSSLMODE", "disable"), services("PGSERVICEFILE", folder);
  const FakeServer server(Greeting::asks_for_password);
  for (const auto& address : {address_of(server), "service=weak user=keyfold dbname=keys port=" + server.port()})
    (void)error_of(address, 5s);
  // Where the environment says where to go, and the text how.
  const Variable host("PGHOSTADDR", "0.0.0.0"), port("PGPORT", server.port());
  EXPECT_EQ(error_of("postgresql://keyfold@/keys?sslmode=prefer", 5s).code, ErrorCode::invalid_input);
  EXPECT_EQ(error_of("postgresql://keyfold@/keys?service=weak&sslmode=prefer", 5s).code, ErrorCode::invalid_input);
  EXPECT_EQ(server.received().find("hunter2"), std::string::npos);
  std::filesystem::remove(folder);
}

TEST(PostgresqlSession, WaitsForNoServerForEver) {
  for (const auto greeting : {Greeting::none, Greeting::lets_in}) {
    const FakeServer server(greeting);
    const auto silent = error_of(loopback_address_of(server), 300ms);
    EXPECT_EQ(silent.code, ErrorCode::unavailable);
    EXPECT_NE(silent.message.find("in time"), std::string::npos) << silent.message;
  }
}

TEST(PostgresqlSession, SaysThatItHasNoPassword) {
  const Variable password("PGPASSWORD", ""), file("PGPASSFILE", "/nowhere");
  const FakeServer server(Greeting::asks_for_password);
  EXPECT_EQ(error_of(loopback_address_of(server), 5s).code, ErrorCode::access_denied);
}

}  // namespace
}  // namespace keyfold::keystore
