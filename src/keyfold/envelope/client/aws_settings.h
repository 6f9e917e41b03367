#pragma once
// Where the KMS is and who we are to it, from the places where AWS's own tools look:
//   credentials  AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, unless the caller names a profile;
//                else the profile in the shared credentials file (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials);
//                else the profile in the config file
//   profile      AWS_PROFILE, else "default"
//   Region       AWS_REGION, AWS_DEFAULT_REGION, else the profile's in the config file (AWS_CONFIG_FILE, ~/.aws/config)
//   endpoint     AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL; else in the config file endpoint_url under `kms =` in the
//                [services …] section that the profile names, or the profile's own endpoint_url; none of these when
//                AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or else the profile's ignore_configured_endpoint_urls, is true;
//                else AWS's own of the Region: FIPS or dual-stack when AWS_USE_FIPS_ENDPOINT (or the profile's
//                use_fips_endpoint), AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint) are true
//   authorities  AWS_CA_BUNDLE, else the profile's ca_bundle
// Nothing is asked over the network: a profile that assumes a role or signs on is refused, and instance metadata and
// the proxies of HTTPS_PROXY are not looked at.

#include <functional>
#include <optional>
#include <string>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::client {

struct Credentials {
  std::string access_key_id;
  SecretBytes secret_access_key;
  SecretBytes session_token;  // Empty: none.
};

// Which of AWS's own endpoints.
struct EndpointVariant {
  bool fips = false;
  bool dual_stack = false;
};

struct AwsSettings {
  std::string endpoint_url;
  Region region;
  std::string ca_file;  // Empty: the system's authorities.
  Credentials credentials;
  // When endpoint_url is AWS's own, which one: other Regions' are of the same kind.
  std::optional<EndpointVariant> aws_endpoint = std::nullopt;
};

// What the caller says himself; it wins. Empty: not said.
struct AwsOverrides {
  std::string endpoint_url;
  std::string region;
  std::string profile;
  std::string ca_file;
};

// The value of an environment variable, or null.
using Environment = std::function<const char*(const char* name)>;
Environment process_environment();

inline constexpr std::size_t aws_file_size_max = std::size_t{1} << 20;  // Bytes of a shared file; more is refused.

// Fails with `invalid_input` when Region or credentials are nowhere to be found, or half there, when AWS's endpoint in
// the Region is not known, or when a file is malformed, or there and not to be read; says where it looked. The files'
// contents are wiped from memory.
Result<AwsSettings> aws_settings(const AwsOverrides& overrides = {},
                                 const Environment& environment = process_environment());

}  // namespace keyfold::client
