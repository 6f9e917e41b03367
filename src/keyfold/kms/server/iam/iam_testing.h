#pragma once
// For the tests of IAM and STS: a KMS whose identities are asked for with signed requests.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keyfold/kms/server/iam/iam_table.h"
#include "keyfold/kms/server/iam/shapes.h"
#include "keyfold/kms/server/query_service.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Whoever signs.
struct Signer {
  std::string id = "test", secret = "test", token{};
};

class Iam : public testing::Test {
 protected:
  Signed sign(std::string_view service, std::string_view type, std::string target, std::string body, const Signer& by) {
    Signed request;
    request.body = std::move(body);
    request.headers = {{"Host", "kms.local"}, {"Content-Type", std::string(type)}};
    if (!target.empty()) request.headers.emplace_back("X-Amz-Target", target);
    const http::Request view = request.view();
    const sigv4::Credentials credentials{.access_key_id = by.id,
                                         .secret_access_key = certain(SecretBytes::copy_of(as_bytes(by.secret))),
                                         .session_token = certain(SecretBytes::copy_of(as_bytes(by.token)))};
    auto signature =
        certain(sigv4::sign({.method = "POST", .path = "/", .query = {}, .headers = view.headers, .body = view.body},
                            credentials, certain(Region::parse("eu-central-1")), service, kms_.clock().now()));
    request.headers.emplace_back("Authorization", signature.authorization);
    request.headers.emplace_back("X-Amz-Date", signature.amz_date);
    if (!by.token.empty()) request.headers.emplace_back("X-Amz-Security-Token", by.token);
    return request;
  }
  Answer call(const IamRow& row, const Parameters& parameters, const Signer& by = {}) {
    std::string body = "Action=" + std::string(row.name) + "&Version=" + std::string(api_version_of(row.service));
    for (const auto& [name, value] : parameters) body += "&" + name + "=" + url_encoded(value);
    Signed request = sign(name_of(row.service), "application/x-www-form-urlencoded; charset=utf-8", "", body, by);
    return kms_.send(request);
  }
  Answer call(std::string_view operation, const Parameters& parameters, const Signer& by = {}) {
    for (const auto& row : iam_table())
      if (row.name == operation) return call(row, parameters, by);
    ADD_FAILURE() << operation;
    return {};
  }
  Answer kms(std::string_view operation, std::string body, const Signer& by) {
    Signed request = sign("kms", "application/x-amz-json-1.1", "TrentService." + std::string(operation), body, by);
    return kms_.send(request);
  }
  static std::string element(const Answer& answer, std::string_view name) {
    const std::string open = "<" + std::string(name) + ">";
    const auto at = answer.body.find(open);
    if (at == std::string::npos) return {};
    return answer.body.substr(at + open.size(), answer.body.find("</", at) - at - open.size());
  }
  Signer user(std::string_view name, std::string_view policy) {
    const auto key = kms_.add_user(name, policy);
    return {.id = std::string(key.id.text()), .secret = std::string(as_text(key.secret.reveal())), .token = {}};
  }
  static Signer session(const Answer& answer) {
    return {.id = element(answer, "AccessKeyId"),
            .secret = element(answer, "SecretAccessKey"),
            .token = element(answer, "SessionToken")};
  }
  Kms kms_;
};

inline const std::string trust =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}})";
inline const std::string some_policy =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}})";

inline std::string allowing(const std::vector<std::string>& actions) {
  std::string list;
  for (const auto& action : actions) list += (list.empty() ? "\"" : ",\"") + action + "\"";
  return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[)" + list + R"(],"Resource":"*"}})";
}

}  // namespace keyfold::server
