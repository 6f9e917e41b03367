#include "keyfold/kms/server/configuration.h"

#include <gtest/gtest.h>

#include <fstream>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

Settings complete() {
  Settings settings;
  settings.data = "d";
  settings.root_key = "k";
  settings.accounts = {"123456789012"};
  settings.regions = {"eu-central-1", "us-east-1"};
  return settings;
}

std::string refusal(const Settings& settings, Flavour flavour = Flavour::production) {
  const auto configuration = check(settings, flavour);
  EXPECT_FALSE(configuration);
  return configuration ? "" : configuration.error().message;
}

template <class Change>
std::string refusal_of(Change&& change, Flavour flavour = Flavour::production) {
  Settings settings = complete();
  change(settings);
  return refusal(settings, flavour);
}

TEST(Configuration, WhatIsNeededSuffices) {
  const auto configuration = check(complete(), Flavour::production);
  ASSERT_TRUE(configuration) << configuration.error().message;
  EXPECT_EQ(configuration->audit_sync, audit::Sync::always);
  EXPECT_EQ(configuration->regions.size(), 2U);
}

TEST(Configuration, EachRefusalNamesItsSetting) {
  EXPECT_TRUE(refusal_of([](Settings& s) { s.data.clear(); }).starts_with("data:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.root_key.clear(); }).starts_with("root-key:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.passphrase_file = "p"; }).starts_with("root-key:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.accounts.clear(); }).starts_with("account:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.accounts = {"12345678901"}; }).starts_with("account:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.regions.clear(); }).starts_with("region:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.audit_sync = "never"; }).starts_with("audit-sync:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.log_format = "xml"; }).starts_with("log-format:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.listen = "nowhere"; }).starts_with("listen:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.threads = 0; }).starts_with("threads:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.tls_cert = "c"; }).starts_with("tls-cert:"));
}

TEST(Configuration, OffLoopbackNeedsTls) {
  EXPECT_TRUE(refusal_of([](Settings& s) { s.listen = "0.0.0.0:443"; }).starts_with("listen:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.listen = "[::]:443"; }).starts_with("listen:"));
  Settings settings = complete();
  settings.listen = "0.0.0.0:443";
  settings.tls_cert = "c";
  settings.tls_key = "k";
  EXPECT_TRUE(check(settings, Flavour::production));
}

TEST(Configuration, MetricsAndDevelopmentStayOnLoopback) {
  EXPECT_TRUE(refusal_of([](Settings& s) { s.metrics_listen = "0.0.0.0:9090"; }).starts_with("metrics-listen:"));
  EXPECT_TRUE(refusal_of([](Settings& s) { s.listen = "0.0.0.0:1"; }, Flavour::development).starts_with("listen:"));
  const auto configuration = check({}, Flavour::development);
  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->audit_sync, audit::Sync::interval);
  EXPECT_EQ(configuration->accounts.front().text(), "123456789012");
}

class SettingsFile : public testing::Test {
 protected:
  Result<Settings> read(std::string_view text) {
    std::ofstream(file_) << text;
    return read_settings_file(file_);
  }
  TemporaryDirectory directory_;
  const std::filesystem::path file_ = directory_.path() / "kms.toml";
};

TEST_F(SettingsFile, SaysWhatFlagsSay) {
  const auto settings =
      read("data = '/d'\nroot_key = '/k'\naccounts = ['123456789012']\nregions = ['a-b-1']\nthreads = 2\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->data, "/d");
  EXPECT_EQ(settings->threads, 2U);
  Settings flags;
  flags.passphrase_file = "/p";
  flags.regions = {"c-d-1"};
  const auto both = merged(*settings, flags);
  EXPECT_EQ(both.root_key, "") << "a flag's passphrase replaces the file's root key";
  EXPECT_EQ(both.regions, flags.regions);
  EXPECT_EQ(both.data, "/d");
}

TEST_F(SettingsFile, NamesTheLineOfWhatItDoesNotKnow) {
  for (const std::string_view text :
       {"data = '/d'\nroot_kye = '/k'\n", "data = '/d'\nthreads = 'two'\n", "data = '/d'\nregions = 'x'\n",
        "data = '/d'\nregions = [1]\n", "data = '/d'\n[tls]\n", "data = '/d'\n= 3\n"}) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_NE(settings.error().message.find("kms.toml:2:"), std::string::npos) << settings.error().message;
  }
  EXPECT_FALSE(read_settings_file(directory_.path() / "absent.toml"));
  EXPECT_FALSE(read_settings_file(directory_.path())) << "a folder";
}

TEST_F(SettingsFile, WhatTheTomlReaderDoesNotBearIsRefusedByItsLine) {
  const auto refusal = [&](const std::string& text) {
    const auto settings = read(text);
    return settings ? "accepted" : settings.error().message;
  };
  EXPECT_TRUE(read("data = '/donn\u00e9es' # \u00e9\n"));
  EXPECT_NE(refusal("data = '/d'\ndonn\u00e9es = '/d'\n").find("kms.toml:2: a character beyond ASCII outside"),
            std::string::npos);
  std::string dots = "data = '/d'\n";
  for (int i = 0; i < 30'000; ++i) dots += "a.";
  EXPECT_NE(refusal(dots + "a = 1\n").find("kms.toml:2: more than 64 dots in a line"), std::string::npos);
  EXPECT_TRUE(read(std::string(settings_file_size_max, '\n')));
  EXPECT_NE(refusal(std::string(settings_file_size_max + 1, '\n')).find("more than 65536 bytes"), std::string::npos);
}

}  // namespace
}  // namespace keyfold::server
