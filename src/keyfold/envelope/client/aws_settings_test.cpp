#include "keyfold/envelope/client/aws_settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/client/shared_file.h"
#include "keyfold/testing/temporary_folder.h"

namespace keyfold::client {
namespace {

// A home of its own, and an environment of its own.
class AwsSettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(home_ / ".aws");
    variables_["HOME"] = home_.string();
  }

  void write(const std::string& name, std::string_view text) { std::ofstream(home_ / ".aws" / name) << text; }
  Result<AwsSettings> settings(const AwsOverrides& overrides = {}) {
    return aws_settings(overrides, [this](const char* name) -> const char* {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    });
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  const keyfold::testing::TemporaryFolder temporary_;
  const std::filesystem::path home_ = temporary_.path();
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
  EXPECT_EQ(as_text(found->credentials.session_token.reveal()), "token");
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

TEST_F(AwsSettingsTest, TakesFilesUpToTheirLimit) {
  set("AWS_REGION", "eu-west-1");
  const std::string text = "[default] # ours\naws_access_key_id = A\naws_secret_access_key = a\n";
  write("credentials", text + std::string(aws_file_size_max - text.size(), '\n'));
  EXPECT_EQ(settings()->credentials.access_key_id, "A");
  write("credentials", text + std::string(aws_file_size_max - text.size() + 1, '\n'));
  EXPECT_EQ(settings().error().message, (home_ / ".aws/credentials").string() + " is larger than 1 MiB");
}

// An access key in reach of the environment's Region, so that everything else of a test is about its own settings.
constexpr std::string_view access_key = "aws_access_key_id = A\naws_secret_access_key = a\n";

TEST_F(AwsSettingsTest, NamesAFileThatIsThereAndCannotBeRead) {
  set("AWS_REGION", "eu-west-1");
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  const auto config = home_ / ".aws/config";
  std::filesystem::create_directory(config);
  EXPECT_EQ(settings().error().message, config.string() + ": Is a directory");
  std::filesystem::remove(config);
  std::filesystem::create_symlink("config", config);
  EXPECT_EQ(settings().error().message, config.string() + ": Too many levels of symbolic links");
  std::filesystem::remove(config);
  EXPECT_TRUE(settings());
  set("AWS_CONFIG_FILE", (home_ / ".aws/absent/config").string());
  EXPECT_TRUE(settings());
  write("file", "");
  set("AWS_CONFIG_FILE", (home_ / ".aws/file/config").string());
  EXPECT_TRUE(settings());
}

TEST_F(AwsSettingsTest, RefusesAProfileThatIsSomebodyElseThanItsAccessKey) {
  set("AWS_REGION", "eu-west-1");
  const std::string key(access_key);
  for (const std::string setting :
       {"role_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = default\n", "ROLE_ARN=r\n",
        "web_identity_token_file = /token\n", "sso_account_id = 123456789012\n", "sso_role_name = reader\n"}) {
    for (const std::string file : {"config", "credentials"}) {
      write("config", "[default]\n");
      write("credentials", "[default]\n" + key);
      ASSERT_TRUE(settings());
      write(file, "[default]\n" + key + setting);
      const auto found = settings();
      ASSERT_FALSE(found) << setting << file;
      EXPECT_EQ(found.error().code, ErrorCode::invalid_input);
      EXPECT_NE(found.error().message.find("profile default in " + (home_ / ".aws" / file).string()), std::string::npos)
          << found.error().message;
      EXPECT_NE(found.error().message.find("not supported"), std::string::npos);
    }
  }
}

TEST_F(AwsSettingsTest, TakesAProfilesAccessKeyBeforeWhatWouldProduceOne) {
  set("AWS_REGION", "eu-west-1");
  for (const std::string setting :
       {"credential_process = /bin/false\n", "sso_session = s\n", "sso_start_url = u\n", "login_session = l\n"}) {
    write("config", "[default]\n" + setting);
    write("credentials", "[default]\n");
    EXPECT_NE(settings().error().message.find("not supported"), std::string::npos) << setting;
    write("credentials", "[default]\n" + std::string(access_key));
    EXPECT_TRUE(settings()) << setting;
  }
}

TEST_F(AwsSettingsTest, LetsTheEnvironmentsAccessKeyWinOverARole) {
  set("AWS_REGION", "eu-west-1");
  set("AWS_ACCESS_KEY_ID", "FROMENV");
  set("AWS_SECRET_ACCESS_KEY", "e");
  set("AWS_PROFILE", "reader");
  write("config", "[profile reader]\nrole_arn = r\nsource_profile = default\n[profile other]\n");
  EXPECT_EQ(settings()->credentials.access_key_id, "FROMENV");
  EXPECT_FALSE(settings({.endpoint_url = {}, .region = {}, .profile = "reader", .ca_file = {}}));
}

TEST_F(AwsSettingsTest, TakesTheFipsAndDualStackEndpointsOrRefuses) {
  write("credentials", "[default]\n" + std::string(access_key));
  const auto endpoint = [this](const std::string& region, const std::string& fips, const std::string& dual_stack) {
    set("AWS_REGION", region);
    set("AWS_USE_FIPS_ENDPOINT", fips);
    set("AWS_USE_DUALSTACK_ENDPOINT", dual_stack);
    write("config", "[default]\n");
    const auto by_environment = settings();
    set("AWS_USE_FIPS_ENDPOINT", "");
    set("AWS_USE_DUALSTACK_ENDPOINT", "");
    write("config", "[default]\nuse_fips_endpoint=" + fips + "\nuse_dualstack_endpoint=" + dual_stack + "\n");
    const auto by_profile = settings();
    const auto text = [](const auto& found) { return found ? found->endpoint_url : found.error().message; };
    EXPECT_EQ(text(by_environment), text(by_profile));
    return text(by_environment);
  };
  EXPECT_EQ(endpoint("us-east-1", "", ""), "https://kms.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-east-1", "false", "1"), "https://kms.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-east-1", "true", ""), "https://kms-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-east-1", "", "True"), "https://kms.us-east-1.api.aws");
  EXPECT_EQ(endpoint("us-gov-west-1", "TRUE", "true"), "https://kms-fips.us-gov-west-1.api.aws");
  EXPECT_EQ(endpoint("cn-north-1", "", "true"), "https://kms.cn-north-1.api.amazonwebservices.com.cn");
  EXPECT_NE(endpoint("cn-north-1", "true", "").find("FIPS endpoint in the Region cn-north-1 is not known"),
            std::string::npos);
  set("AWS_USE_FIPS_ENDPOINT", "true");
  set("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
  EXPECT_EQ(settings()->endpoint_url, "http://127.0.0.1:1");
}

TEST_F(AwsSettingsTest, SendsNothingToAwssPublicNamesForARegionThatTheyDoNotHave) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  for (const std::string region :
       {"us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "us-gov-iso-east-1",
        "mars-north-1", "local", "us", "us-east", "us-east-1a", "us-east-1-1", "us-gov-1", "cn-north", "useast-1"}) {
    set("AWS_REGION", region);
    const auto found = settings();
    ASSERT_FALSE(found) << region << found->endpoint_url;
    EXPECT_NE(found.error().message.find("in the Region " + region + " is not known"), std::string::npos);
    EXPECT_TRUE(settings({.endpoint_url = "http://127.0.0.1:1", .region = {}, .profile = {}, .ca_file = {}})) << region;
  }
}

TEST_F(AwsSettingsTest, TakesTheAuthoritiesThatAreSaidThenTheEnvironmentsThenTheProfiles) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  write("config", "[default]\nregion = eu-west-1\nca_bundle = of-profile.pem\n");
  EXPECT_EQ(settings()->ca_file, "of-profile.pem");
  set("AWS_CA_BUNDLE", "of-environment.pem");
  EXPECT_EQ(settings()->ca_file, "of-environment.pem");
  EXPECT_EQ(settings({.endpoint_url = {}, .region = {}, .profile = {}, .ca_file = "said.pem"})->ca_file, "said.pem");
}

TEST_F(AwsSettingsTest, FindsAProfileHoweverItsSectionIsWritten) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  set("AWS_PROFILE", "ledger");
  for (const std::string_view header :
       {"[profile ledger]", "[profile   ledger]", "[ profile ledger ]", "[profile\tledger]", "[profile \"ledger\"]",
        "[profile 'ledger'] # ours", "[profile ledger];ours", "[profile ledger]\r"}) {
    write("config", std::string(header) + "\nregion = eu-west-3\n");
    const auto found = settings();
    ASSERT_TRUE(found) << header << found.error().message;
    EXPECT_EQ(found->region.text(), "eu-west-3") << header;
  }
  for (const std::string_view header : {"[ledger]", "[profileledger]", "[profile ledgers]", "[profile Ledger]",
                                        "[Profile ledger]", "[profile \"ledger]", "[profile]", "[services ledger]"}) {
    write("config", std::string(header) + "\nregion = eu-west-3\n");
    EXPECT_FALSE(settings()) << header;
  }
}

TEST_F(AwsSettingsTest, PrefersTheDefaultProfileThatIsCalledProfile) {
  set("AWS_ACCESS_KEY_ID", "A");
  set("AWS_SECRET_ACCESS_KEY", "a");
  const std::string called = "[profile default]\nregion = eu-west-1\n", bare = "[default]\nregion = eu-west-2\n";
  for (const auto& text : {called, called + bare, bare + called}) {
    write("config", text);
    EXPECT_EQ(settings()->region.text(), "eu-west-1") << text;
  }
  write("config", bare);
  EXPECT_EQ(settings()->region.text(), "eu-west-2");
  write("config", "[profile default]\n" + bare);  // They are not merged.
  EXPECT_FALSE(settings());
}

std::string value_in(std::string_view text, std::string_view setting) {
  const auto section = SharedSection::find(text, {.kind = "", .name = "a"});
  return section ? std::string(section->value(setting)) : section.error().message;
}

TEST(SharedSection, IsAbsentWhenNoSectionHasItsName) {
  const auto section = SharedSection::find("[a]\nx=1\n", {.kind = "", .name = "b"});
  ASSERT_TRUE(section);
  EXPECT_TRUE(section->absent());
  EXPECT_EQ(section->value("x"), "");
}

TEST(SharedSection, EndsWhereTheNextBegins) {
  const auto section = SharedSection::find("[a]\n[b]\nx=2\n", {.kind = "", .name = "a"});
  ASSERT_TRUE(section);
  EXPECT_FALSE(section->absent());
  EXPECT_EQ(section->value("x"), "");
}

TEST(SharedSection, IsOneThoughItStandsInPieces) {
  for (const std::string_view end : {"", "\n", "\r\n", "\n# last\n", "\n\n"}) {
    const std::string text = "[a]\nx=1\ny=1\n[b]\nx=2\ny=2\nz=2\n[a]\n\ny=3" + std::string(end);
    EXPECT_EQ(value_in(text, "x"), "1");
    EXPECT_EQ(value_in(text, "y"), "3");
    EXPECT_EQ(value_in(text, "z"), "");
  }
}

TEST(SharedSection, HasSettingsInAnyCaseAndCommentsBehindABlank) {
  EXPECT_EQ(value_in("[a]\nRegion = x\n", "region"), "x");
  EXPECT_EQ(value_in("[a]\nregion = x\nREGION=y\n", "region"), "y");
  EXPECT_EQ(value_in("[a]\nregions = x\nregio=y\n", "region"), "");
  for (const auto& [line, value] :
       {std::pair("r = x # c", "x"), std::pair("r = x ; c", "x"), std::pair("r=x\t#c", "x"),
        std::pair("r = x#y", "x#y"), std::pair("r = x; y", "x; y"), std::pair("r = #c", ""), std::pair("r =#y", "#y"),
        std::pair("r = x y  # c #", "x y"), std::pair("r = x #", "x"), std::pair("r = x= #", "x="),
        std::pair("r =", ""), std::pair("r = \t\r", "")})
    EXPECT_EQ(value_in("[a]\n" + std::string(line) + "\n", "r"), value) << line;
}

TEST(SharedSection, TakesCommentsInIndentedLinesForText) {
  const auto section =
      SharedSection::find("[a]\nKMS = # ours\n # c\n Endpoint_URL = x # c\n", {.kind = "", .name = "a"});
  ASSERT_TRUE(section);
  EXPECT_EQ(section->nested_value("kms", "endpoint_url"), "x # c");
}

TEST(SharedSection, RefusesWhatBelongsToNothing) {
  for (const auto& [text, said] : {std::pair("x = 1\n[a]\n", "line 1: a setting that is in no section"),
                                   std::pair("# c\n\n x = 1\n[a]\n", "line 3: a setting that is in no section"),
                                   std::pair("[a]\n x = 1\n", "line 2: indented, and no setting above it"),
                                   std::pair("[a]\ny = 1\n[a]\n x = 1\n", "line 4: indented, and no setting above it"),
                                   std::pair("[a]\n= 1\n", "line 2: neither a section nor `name = value`"),
                                   std::pair("[a]\nx : 1\n", "line 2: neither a section nor `name = value`"),
                                   std::pair("[b\n[a]\n", "line 1: a section without its closing bracket")})
    EXPECT_EQ(value_in(text, "x"), said);
}

}  // namespace
}  // namespace keyfold::client
