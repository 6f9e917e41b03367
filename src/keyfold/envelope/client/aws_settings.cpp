#include "keyfold/envelope/client/aws_settings.h"

#include <cstdlib>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/client/read_file.h"
#include "keyfold/envelope/client/shared_file.h"

namespace keyfold::client {
namespace {

Error missing(std::string text) { return Error{ErrorCode::invalid_input, std::move(text)}; }

// The first of these variables that is set and not empty.
std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = environment(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

// A shared file's text, wiped when it goes. Empty when the file is not there.
class SharedFile {
 public:
  SharedFile(const Environment& environment, const char* variable, std::string_view below_home) {
    path_ = first_of(environment, {variable});
    if (!path_.empty()) return;
    if (const std::string home = first_of(environment, {"HOME"}); !home.empty())
      path_ = home + "/.aws/" + std::string(below_home);
  }
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;
  ~SharedFile() { wipe(text_); }

  const std::string& path() const { return path_; }
  Result<SharedSection> section(std::string_view name) {
    if (text_.empty()) TRY(read());
    auto found = SharedSection::find(text_, name);
    if (!found) return missing(path_ + ": " + found.error().message);
    return found;
  }

 private:
  Outcome read() {
    if (path_.empty()) return ok();
    text_.resize(aws_file_size_max + 1);  // Once: growing would leave copies behind.
    const auto size = read_file(path_, std::as_writable_bytes(std::span(text_)));
    // Not there, or not ours to read: as AWS's tools have it, no settings from here.
    text_.resize(size ? *size : 0);
    if (text_.size() > aws_file_size_max) return missing(path_ + " is larger than 1 MiB");
    return ok();
  }

  std::string path_;
  std::string text_;
};

Result<Credentials> credentials_of(std::string_view id, std::string_view secret, std::string_view token,
                                   const std::string& where) {
  if (id.empty() || secret.empty()) return missing(where + " has only one half of the credentials");
  TRY_ASSIGN(auto secret_access_key, SecretBytes::copy_of(as_bytes(secret)));
  return Credentials{.access_key_id = std::string(id),
                     .secret_access_key = std::move(secret_access_key),
                     .session_token = std::string(token)};
}

Result<Credentials> find_credentials(const Environment& environment, const std::string& profile, bool profile_was_said,
                                     SharedFile& credentials, SharedFile& config, const std::string& config_section) {
  const char* id = environment("AWS_ACCESS_KEY_ID");
  const char* secret = environment("AWS_SECRET_ACCESS_KEY");
  const auto text = [](const char* value) { return value == nullptr ? std::string_view() : std::string_view(value); };
  if (!profile_was_said && (!text(id).empty() || !text(secret).empty())) {
    return credentials_of(text(id), text(secret), text(environment("AWS_SESSION_TOKEN")), "the environment");
  }
  for (auto* file : {&credentials, &config}) {
    TRY_ASSIGN(const auto section, file->section(file == &config ? config_section : profile));
    if (section.value("aws_access_key_id").empty() && section.value("aws_secret_access_key").empty()) continue;
    return credentials_of(section.value("aws_access_key_id"), section.value("aws_secret_access_key"),
                          section.value("aws_session_token"), "profile " + profile + " in " + file->path());
  }
  return missing("no credentials: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, nor profile " + profile +
                 " in " + credentials.path() + " or " + config.path());
}

// As AWS's tools read it: any other word than `true` is false.
bool is_true(std::string_view text) {
  constexpr std::string_view lower = "true", upper = "TRUE";
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != lower[i] && text[i] != upper[i]) return false;
  return true;
}

// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", in its order. Empty: AWS's own.
Result<std::string> configured_endpoint(const Environment& environment, const SharedSection& profile,
                                        SharedFile& config) {
  std::string ignore = first_of(environment, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"});
  if (ignore.empty()) ignore = profile.value("ignore_configured_endpoint_urls");
  if (is_true(ignore)) return std::string();
  std::string endpoint = first_of(environment, {"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"});
  if (!endpoint.empty()) return endpoint;
  if (const auto name = profile.value("services"); !name.empty()) {
    TRY_ASSIGN(const auto services, config.section("services " + std::string(name)));
    // To go on without it would send the calls elsewhere than somebody thinks.
    if (services.absent()) return missing(config.path() + " has no section [services " + std::string(name) + "]");
    endpoint = services.nested_value("kms", "endpoint_url");
  }
  if (endpoint.empty()) endpoint = profile.value("endpoint_url");
  return endpoint;
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> const char* { return std::getenv(name); };
}

Result<AwsSettings> aws_settings(const AwsOverrides& overrides, const Environment& environment) {
  SharedFile credentials_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  SharedFile config_file(environment, "AWS_CONFIG_FILE", "config");
  std::string profile = overrides.profile.empty() ? first_of(environment, {"AWS_PROFILE"}) : overrides.profile;
  if (profile.empty()) profile = "default";
  const std::string config_section = profile == "default" ? profile : "profile " + profile;
  TRY_ASSIGN(const auto config, config_file.section(config_section));

  std::string region = overrides.region;
  if (region.empty()) region = first_of(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (region.empty()) region = config.value("region");
  if (region.empty())
    return missing("no Region: neither said, nor in AWS_REGION, nor for profile " + profile + " in " +
                   config_file.path());
  auto parsed_region = Region::parse(region);
  if (!parsed_region) return missing("\"" + region + "\" is not a Region");

  std::string endpoint = overrides.endpoint_url;
  if (endpoint.empty()) {
    TRY_ASSIGN(endpoint, configured_endpoint(environment, config, config_file));
  }
  if (endpoint.empty())
    endpoint = "https://kms." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");

  TRY_ASSIGN(auto credentials, find_credentials(environment, profile, !overrides.profile.empty(), credentials_file,
                                                config_file, config_section));
  return AwsSettings{
      .endpoint_url = std::move(endpoint),
      .region = *parsed_region,
      .ca_file = overrides.ca_file.empty() ? first_of(environment, {"AWS_CA_BUNDLE"}) : overrides.ca_file,
      .credentials = std::move(credentials)};
}

}  // namespace keyfold::client
