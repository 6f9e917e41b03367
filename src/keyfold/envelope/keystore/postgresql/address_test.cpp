#include "keyfold/envelope/keystore/postgresql/address.h"

#include <gtest/gtest.h>

namespace keyfold::keystore {
namespace {

TEST(PostgresqlRoute, LeadsToAnotherMachineOnlyEncrypted) {
  for (const auto* mode : {"require", "verify-ca", "verify-full"})
    EXPECT_TRUE(check_route({.ssl_mode = mode, .gss_mode = "prefer", .hosts = "db.example", .addresses = ""})) << mode;
  EXPECT_TRUE(check_route({.ssl_mode = "disable", .gss_mode = "require", .hosts = "db.example", .addresses = ""}));
  for (const auto* mode : {"disable", "allow", "prefer", "", "Require", "nonsense"}) {
    const auto refused = check_route({.ssl_mode = mode, .gss_mode = "prefer", .hosts = "db.example", .addresses = ""});
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
    EXPECT_NE(refused.error().message.find("sslmode"), std::string::npos);
  }
}

TEST(PostgresqlRoute, IsClearOnlyWhenEveryHostIsHere) {
  const auto is_clear = [](const char* hosts, const char* addresses) {
    return static_cast<bool>(
        check_route({.ssl_mode = "prefer", .gss_mode = "disable", .hosts = hosts, .addresses = addresses}));
  };
  for (const auto* hosts : {"", "/run/postgresql", "@keys", "localhost", "127.0.0.1", "127.255.255.254", "::1",
                            "localhost,127.0.0.1,::1", "/run/postgresql,,localhost", ","})
    EXPECT_TRUE(is_clear(hosts, "")) << hosts;
  for (const auto* hosts :
       {"db.example", "localhost.example", "127.example", "127.0.0.1.example", "126.255.255.255", "128.0.0.0",
        "0.0.0.0", "10.0.0.1", "127.1", "2130706433", "::", "::2", "::ffff:10.0.0.1", " localhost",
        "localhost,db.example", "db.example,localhost", ",db.example", "localhost,,10.0.0.1"})
    EXPECT_FALSE(is_clear(hosts, "")) << hosts;
  // The address is where it goes, whatever the name.
  EXPECT_TRUE(is_clear("db.example", "127.0.0.1"));
  EXPECT_TRUE(is_clear("", "::1"));
  EXPECT_TRUE(is_clear("a,localhost", "127.0.0.1,"));
  EXPECT_FALSE(is_clear("localhost", "10.0.0.1"));
  EXPECT_FALSE(is_clear("/run/postgresql", "10.0.0.1"));
  EXPECT_FALSE(is_clear("localhost,localhost", "127.0.0.1,10.0.0.1"));
  EXPECT_FALSE(is_clear("localhost,db.example", "127.0.0.1,"));
  EXPECT_FALSE(is_clear("localhost", "127.0.0.1,10.0.0.1"));
}

}  // namespace
}  // namespace keyfold::keystore
