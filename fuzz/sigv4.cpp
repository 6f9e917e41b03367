// Requests of any shape: nothing crashes, what was present()ed lies within the request, and nothing verifies under a
// key that did not sign it, while what we sign ourselves verifies.
//
// A seed is text: method, path, query, then "name: value" lines, an empty line, the body.

#include <string>
#include <vector>

#include "keyfold/core/sigv4/sign.h"
#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/core/sigv4/verify.h"

namespace {

using namespace keyfold;

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void sign_and_verify(sigv4::RequestView request, const sigv4::Credentials& credentials, Timestamp now) {
  const auto region = Region::parse("eu-central-1");
  const auto made = sigv4::sign(request, credentials, *region, "kms", now);
  if (!made) return;
  std::vector<HeaderView> headers(request.headers.begin(), request.headers.end());
  headers.push_back({.name = "X-Amz-Date", .value = made->amz_date});
  headers.push_back({.name = "Authorization", .value = made->authorization});
  request.headers = headers;
  const auto presented = sigv4::present(request, "kms");
  if (!presented) return;  // Signing is for our own client, and takes more than verifying does.
  const auto key = sigv4::derive_signing_key(credentials.secret_access_key, presented->date, presented->region, "kms");
  const auto verified = sigv4::verify(*presented, request, now, *key);
  KEYFOLD_CHECK(verified || verified.error().message.find("x-amz-content-sha256") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  sigv4::RequestView request{};
  request.method = take_line(text);
  request.path = take_line(text);
  request.query = take_line(text);
  std::vector<HeaderView> headers;
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    const auto colon = std::min(line.find(':'), line.size());
    auto value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    headers.push_back({.name = line.substr(0, colon), .value = value});
  }
  request.headers = headers;
  request.body = as_bytes(text);

  static const auto now = *from_iso8601_basic("20150830T123600Z");
  static const sigv4::Credentials credentials{.access_key_id = "AKIDEXAMPLE",
                                              .secret_access_key = *SecretBytes::copy_of(as_bytes("a secret")),
                                              .session_token = {}};
  if (const auto presented = sigv4::present(request, "kms")) {
    const auto key = sigv4::derive_signing_key(credentials.secret_access_key, presented->date, presented->region,
                                               presented->service);
    // The seeds are signed with another secret.
    KEYFOLD_CHECK(!sigv4::verify(*presented, request, presented->time, *key));
    KEYFOLD_CHECK(sigv4::refuse_unknown_key(*presented, request, now).code == ErrorCode::unrecognized_client);
  }
  sign_and_verify(request, credentials, now);
  return 0;
}
