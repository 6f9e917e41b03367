#include "keyfold/envelope/client/aws_settings.h"

#include <cstdlib>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/client/aws_endpoint.h"
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
  Result<SharedSection> section(SectionName name) {
    if (text_.empty()) TRY(read());
    auto found = SharedSection::find(text_, name);
    if (!found) return missing(path_ + ": " + found.error().message);
    return found;
  }

 private:
  // A file that is not there has no settings. One that cannot be read may have: to go on without it could sign as
  // somebody else, or call another KMS.
  Outcome read() {
    if (path_.empty()) return ok();
    text_.resize(aws_file_size_max + 1);  // Once: growing would leave copies behind.
    const auto size = read_file(path_, std::as_writable_bytes(std::span(text_)));
    text_.resize(size ? *size : 0);
    if (!size && size.error().code != ErrorCode::not_found) return missing(size.error().message);
    if (text_.size() > aws_file_size_max) return missing(path_ + " is larger than 1 MiB");
    return ok();
  }

  std::string path_;
  std::string text_;
};

// In the config file "profile default" wins over "default"; they are not merged.
Result<SharedSection> config_section(SharedFile& config, const std::string& profile) {
  TRY_ASSIGN(auto section, config.section({.kind = "profile", .name = profile}));
  if (section.absent() && profile == "default") return config.section({.kind = "", .name = profile});
  return section;
}

Result<Credentials> credentials_of(std::string_view id, std::string_view secret, std::string_view token,
                                   const std::string& where) {
  if (id.empty() || secret.empty()) return missing(where + " has only one half of the credentials");
  TRY_ASSIGN(auto secret_access_key, SecretBytes::copy_of(as_bytes(secret)));
  TRY_ASSIGN(auto session_token, SecretBytes::copy_of(as_bytes(token)));
  return Credentials{.access_key_id = std::string(id),
                     .secret_access_key = std::move(secret_access_key),
                     .session_token = std::move(session_token)};
}

bool has_access_key(const SharedSection& section) {
  return section.has("aws_access_key_id") || section.has("aws_secret_access_key");
}

// A profile that says to be somebody whom we cannot become. AWS's SDKs let the first group win over an access key that
// stands beside it, so to sign with that key would be to act as another than they do; the second is for want of one.
Outcome check_supported(const SharedSection& section, bool has_key, const std::string& where) {
  for (const auto* setting : {"role_arn", "web_identity_token_file", "sso_account_id", "sso_role_name"}) {
    if (section.has(setting))
      return missing(where + " has " + setting + ": roles and single sign-on are not supported");
  }
  for (const auto* setting : {"credential_process", "sso_session", "sso_start_url", "login_session"}) {
    if (!has_key && section.has(setting)) return missing(where + " has " + setting + ", which is not supported");
  }
  return ok();
}

Result<Credentials> credentials_of_profile(const std::string& profile, SharedFile& credentials, SharedFile& config) {
  const std::string where = "profile " + profile + " in ";
  TRY_ASSIGN(const auto in_credentials, credentials.section({.kind = "", .name = profile}));
  TRY_ASSIGN(const auto in_config, config_section(config, profile));
  const bool has_key = has_access_key(in_credentials) || has_access_key(in_config);
  TRY(check_supported(in_credentials, has_key, where + credentials.path()));
  TRY(check_supported(in_config, has_key, where + config.path()));
  for (const auto& [section, file] : {std::pair(&in_credentials, &credentials), std::pair(&in_config, &config)}) {
    if (!has_access_key(*section)) continue;
    return credentials_of(section->value("aws_access_key_id"), section->value("aws_secret_access_key"),
                          section->value("aws_session_token"), where + file->path());
  }
  return missing("no credentials: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, nor profile " + profile +
                 " in " + credentials.path() + " or " + config.path());
}

Result<Credentials> find_credentials(const AwsOverrides& overrides, const Environment& environment,
                                     const std::string& profile, SharedFile& credentials, SharedFile& config) {
  const auto text = [&environment](const char* name) {
    const char* value = environment(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
  };
  const auto id = text("AWS_ACCESS_KEY_ID"), secret = text("AWS_SECRET_ACCESS_KEY");
  if (overrides.profile.empty() && (!id.empty() || !secret.empty()))
    return credentials_of(id, secret, text("AWS_SESSION_TOKEN"), "the environment");
  return credentials_of_profile(profile, credentials, config);
}

// As AWS's tools read it: any other word than `true` is false.
bool is_true(std::string_view text) {
  constexpr std::string_view lower = "true", upper = "TRUE";
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != lower[i] && text[i] != upper[i]) return false;
  return true;
}

bool is_on(const Environment& environment, const char* variable, const SharedSection& profile,
           std::string_view setting) {
  const std::string said = first_of(environment, {variable});
  return is_true(said.empty() ? profile.value(setting) : std::string_view(said));
}

// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", in its order. Empty: AWS's own.
Result<std::string> configured_endpoint(const Environment& environment, const SharedSection& profile,
                                        SharedFile& config) {
  if (is_on(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile, "ignore_configured_endpoint_urls"))
    return std::string();
  std::string endpoint = first_of(environment, {"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"});
  if (!endpoint.empty()) return endpoint;
  if (const auto name = profile.value("services"); !name.empty()) {
    TRY_ASSIGN(const auto services, config.section({.kind = "services", .name = name}));
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
  TRY_ASSIGN(const auto config, config_section(config_file, profile));

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
  std::optional<EndpointVariant> aws_endpoint;
  if (endpoint.empty()) {
    aws_endpoint = {.fips = is_on(environment, "AWS_USE_FIPS_ENDPOINT", config, "use_fips_endpoint"),
                    .dual_stack = is_on(environment, "AWS_USE_DUALSTACK_ENDPOINT", config, "use_dualstack_endpoint")};
    TRY_ASSIGN(endpoint, aws_kms_endpoint(region, *aws_endpoint));
  }

  std::string ca_file = overrides.ca_file;
  if (ca_file.empty()) ca_file = first_of(environment, {"AWS_CA_BUNDLE"});
  if (ca_file.empty()) ca_file = config.value("ca_bundle");

  TRY_ASSIGN(auto credentials, find_credentials(overrides, environment, profile, credentials_file, config_file));
  return AwsSettings{.endpoint_url = std::move(endpoint),
                     .region = *parsed_region,
                     .ca_file = std::move(ca_file),
                     .credentials = std::move(credentials),
                     .aws_endpoint = aws_endpoint};
}

}  // namespace keyfold::client
