#include "keyfold/envelope/client/aws_settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/client/shared_file.h"

namespace keyfold::client {
namespace {

// A home of its own, and an environment of its own.
class AwsSettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "keyfold-settings-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    std::filesystem::create_directory(home_ / ".aws");
    variables_["HOME"] = home_.string();
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, std::string_view text) { std::ofstream(home_ / ".aws" / name) << text; }
  Result<AwsSettings> settings(const AwsOverrides& overrides = {}) {
    return aws_settings(overrides, [this](const char* name) -> const char* {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    });
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  std::filesystem::path home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(AwsSettingsTest, TakesEverythingFromTheEnvironment) {
  set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set("AWS_SECRET_ACCESS_KEY", "hidden");
  set("AWS_SESSION_TOKEN", "token");
  set("AWS_DEFAULT_REGION", "eu-west-1");
  set("AWS_CA_BUNDLE", "authorities.pem");
  const auto found = settings();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(as_text(found->credentials.secret_access_key.reveal()), "hidden");
  EXPECT_EQ(found->credentials.session_token, "token");
  EXPECT_EQ(found->endpoint_url, "https://kms.eu-west-1.amazonaws.com");
  EXPECT_EQ(found->ca_file, "authorities.pem");
}

TEST_F(AwsSettingsTest, PrefersWhatIsSaidToTheEnvironmentToTheFiles) {
  write("config", "[default]\nregion = eu-north-1\n");
  write("credentials", "[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = f\n");
  EXPECT_EQ(settings()->region.text(), "eu-north-1");
  EXPECT_EQ(settings()->credentials.access_key_id, "FROMFILE");
  set("AWS_REGION", "eu-west-1");
  set("AWS_ACCESS_KEY_ID", "FROMENV");
  set("AWS_SECRET_ACCESS_KEY", "e");
  set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  set("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:2");
  EXPECT_EQ(settings()->region.text(), "eu-west-1");
  EXPECT_EQ(settings()->credentials.access_key_id, "FROMENV");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:2");
  EXPECT_EQ(
      settings({.endpoint_url = {}, .region = {}, .profile = "default", .ca_file = {}})->credentials.access_key_id,
      "FROMFILE");
  EXPECT_EQ(
      settings({.endpoint_url = "http://[::1]:3", .region = "us-east-1", .profile = {}, .ca_file = {}})->region.text(),
      "us-east-1");
}

TEST_F(AwsSettingsTest, FindsANamedProfileInBothFiles) {
  set("AWS_PROFILE", "ledger");
  write("config", "[default]\nregion = eu-north-1\n\n[profile ledger]\nregion = eu-south-2\ns3 =\n  region = nested\n");
  write("credentials",
        "# two\n[default]\naws_access_key_id = A\naws_secret_access_key = "
        "a\n[ledger]\naws_access_key_id=B\naws_secret_access_key=b==\n");
  const auto found = settings();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->region.text(), "eu-south-2");
  EXPECT_EQ(found->credentials.access_key_id, "B");
  EXPECT_EQ(as_text(found->credentials.secret_access_key.reveal()), "b==");
}

TEST_F(AwsSettingsTest, SaysWhatIsMissingAndWhereItLooked) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  auto found = settings();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::invalid_input);
  EXPECT_NE(found.error().message.find("AWS_REGION"), std::string::npos);
  set("AWS_REGION", "eu-west-1");
  set("AWS_SECRET_ACCESS_KEY", "");
  found = settings();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("one half"), std::string::npos);
  set("AWS_ACCESS_KEY_ID", "");
  found = settings();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find((home_ / ".aws/credentials").string()), std::string::npos);
  set("AWS_REGION", "EU West");
  EXPECT_FALSE(settings());
}

TEST_F(AwsSettingsTest, RefusesAMalformedFileNamingTheLine) {
  set("AWS_REGION", "eu-west-1");
  write("credentials", "[default]\naws_access_key_id = A\nnonsense\n");
  const auto found = settings();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("line 3"), std::string::npos) << found.error().message;
}

TEST_F(AwsSettingsTest, TakesTheEndpointOfTheRegionsPartition) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  for (const auto& [region, endpoint] : {std::pair("cn-north-1", "https://kms.cn-north-1.amazonaws.com.cn"),
                                         std::pair("us-gov-west-1", "https://kms.us-gov-west-1.amazonaws.com"),
                                         std::pair("ca-central-1", "https://kms.ca-central-1.amazonaws.com")}) {
    set("AWS_REGION", region);
    EXPECT_EQ(settings()->endpoint_url, endpoint);
  }
}

TEST_F(AwsSettingsTest, TakesTheEndpointInTheOrderThatAwsDocuments) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  set("AWS_REGION", "eu-west-1");
  set("AWS_PROFILE", "ledger");
  write("config",
        "[default]\nendpoint_url = http://127.0.0.1:9\n"
        "[profile ledger]\nservices = local\nendpoint_url = http://127.0.0.1:4\n"
        "[services other]\nkms =\n  endpoint_url = http://127.0.0.1:8\n"
        "[services local]\ns3 =\n  endpoint_url = http://127.0.0.1:7\nkms =\n  # ours\n"
        "  endpoint_url = http://127.0.0.1:3\n  max_attempts = 2\ndynamodb =\n  endpoint_url = http://127.0.0.1:6\n"
        "[profile plain]\nendpoint_url = http://127.0.0.1:5\ns3 =\n  endpoint_url = http://127.0.0.1:7\n");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:3");
  set("AWS_ENDPOINT_URL", "http://127.0.0.1:2");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:2");
  set("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:1");
  const AwsOverrides said{.endpoint_url = "http://127.0.0.1:10", .region = {}, .profile = {}, .ca_file = {}};
  EXPECT_EQ(settings(said)->endpoint_url, "http://127.0.0.1:10");
  variables_.erase("AWS_ENDPOINT_URL");
  variables_.erase("AWS_ENDPOINT_URL_KMS");
  set("AWS_PROFILE", "plain");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:5");
  variables_.erase("AWS_PROFILE");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:9");
}

TEST_F(AwsSettingsTest, GoesOnToTheProfilesEndpointWhenItsServicesHaveNoneForKms) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  const std::string profile = "[default]\nregion = eu-west-1\nservices = s\nendpoint_url = http://127.0.0.1:4\n";
  for (const std::string services :
       {"", "kms =\n", "kms =\n  endpoint_url =\n", "kms =\nendpoint_url = http://127.0.0.1:3\n",
        "s3 =\n  endpoint_url = http://127.0.0.1:3\n", "kms = x\n  endpoint_url = http://127.0.0.1:3\n"}) {
    write("config", profile + "[services s]\n" + services);
    EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:4") << services;
  }
  write("config", profile);
  EXPECT_EQ(settings().error().message, (home_ / ".aws/config").string() + " has no section [services s]");
  set("AWS_ENDPOINT_URL", "http://127.0.0.1:2");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:2");
}

TEST_F(AwsSettingsTest, IgnoresConfiguredEndpointsWhenTold) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  set("AWS_ENDPOINT_URL", "http://127.0.0.1:2");
  const auto endpoint = [this](const std::string& variable, const std::string& setting) {
    set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", variable);
    write("config", "[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:4\n" + setting);
    return settings()->endpoint_url;
  };
  const std::string own = "https://kms.eu-west-1.amazonaws.com";
  const std::string yes = "ignore_configured_endpoint_urls = true\n";
  for (const std::string_view word : {"true", "True", "TRUE"}) EXPECT_EQ(endpoint(std::string(word), ""), own);
  EXPECT_EQ(endpoint("", yes), own);
  EXPECT_EQ(endpoint("true", "ignore_configured_endpoint_urls = false\n"), own);
  EXPECT_EQ(endpoint("false", yes), "http://127.0.0.1:2");
  for (const std::string_view word : {"", "false", "1", "yes", "truer"})
    EXPECT_EQ(endpoint(std::string(word), ""), "http://127.0.0.1:2") << word;
  set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  EXPECT_EQ(settings({.endpoint_url = "http://[::1]:3", .region = {}, .profile = {}, .ca_file = {}})->endpoint_url,
            "http://[::1]:3");
}

TEST_F(AwsSettingsTest, TakesFilesUpToTheirLimitAndADirectoryForNone) {
  set("AWS_REGION", "eu-west-1");
  const std::string text = "[default] # ours\naws_access_key_id = A\naws_secret_access_key = a\n";
  write("credentials", text + std::string(aws_file_size_max - text.size(), '\n'));
  EXPECT_EQ(settings()->credentials.access_key_id, "A");
  write("credentials", text + std::string(aws_file_size_max - text.size() + 1, '\n'));
  EXPECT_EQ(settings().error().message, (home_ / ".aws/credentials").string() + " is larger than 1 MiB");
  std::filesystem::remove(home_ / ".aws/credentials");
  std::filesystem::create_directory(home_ / ".aws/credentials");
  EXPECT_NE(settings().error().message.find("no credentials"), std::string::npos);
}

TEST(SharedSection, IsAbsentWhenNoSectionHasItsName) {
  const auto section = SharedSection::find("[a]\nx=1\n", "b");
  ASSERT_TRUE(section);
  EXPECT_TRUE(section->absent());
  EXPECT_EQ(section->value("x"), "");
}

TEST(SharedSection, EndsWhereTheNextBegins) {
  const auto section = SharedSection::find("[a]\n[b]\nx=2\n", "a");
  ASSERT_TRUE(section);
  EXPECT_FALSE(section->absent());
  EXPECT_EQ(section->value("x"), "");
}

}  // namespace
}  // namespace keyfold::client
