#pragma once
// For the tests of this room: a whole KMS in memory, without sockets. Requests are signed as a client signs them.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/log.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/core/sigv4/sign.h"
#include "keyfold/kms/audit/reader.h"
#include "keyfold/kms/identity/changes.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/server/pipeline.h"

namespace keyfold::server {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "keyfold-test-XXXXXX").string();
    KEYFOLD_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

template <class T>
T certain(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().message;
  KEYFOLD_CHECK(result.has_value());
  return *std::move(result);
}

// Of an operation of either API.
inline std::string target_of(std::string_view operation) {
  const std::string ours = "Keyfold." + std::string(operation);
  return find_operation(ours) != nullptr ? ours : "TrentService." + std::string(operation);
}

// A request as it arrives: its text, and the views into it.
struct Signed {
  std::string target = "/";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  http::Method method = http::Method::post;

  http::Request view() {
    views_.clear();
    for (const auto& [name, value] : headers) views_.push_back({.name = name, .value = value});
    return {.method = method,
            .target = target,
            .headers = views_,
            .body = std::as_writable_bytes(std::span(body.data(), body.size())),
            .peer = "192.0.2.7",
            .transport = http::Transport::plain};
  }
  std::string* header(std::string_view name) {
    for (auto& [n, value] : headers)
      if (n == name) return &value;
    return nullptr;
  }

 private:
  std::vector<HeaderView> views_;
};

struct Answer {
  int status;
  std::string error;  // x-amzn-ErrorType.
  std::string body;
};

// The Kms under test. Access key "test", or a 12-digit account id; secret "test".
class Kms {
 public:
  explicit Kms(audit::Sync sync = audit::Sync::interval)
      : root_(certain(vault::RootKey::of(certain(random_.secret(32))))),
        store_(storage::open_memory_store()),
        sealed_(certain(vault::SealedStore::open(*store_, std::move(root_), random_, vault::Mode::dev))),
        callers_(certain(identity::open_dev_directory(*sealed_, clock_, random_, account_))),
        keys_(certain(keys::Keys::open(*sealed_, clock_, random_))),
        audit_(certain(audit::AuditLog::open(audit_options(sync), random_, clock_, log_))),
        refusals_(random_),
        pipeline_(services(), {}, refusals_, metrics_, 1) {
    sealed_->set_health_check([this] { return audit_->healthy(); });
  }

  Services services() {
    return {.keys = *keys_,
            .audit = *audit_,
            .outbox = *sealed_,
            .callers = *callers_,
            .entities = *callers_,
            .clock = clock_,
            .signature_clock = clock_,
            .random = random_,
            .log = log_};
  }
  Signed sign(std::string_view operation, std::string body, std::string_view access_key = "test",
              std::string_view region = "eu-central-1", std::string_view secret = "test") {
    Signed request;
    request.body = std::move(body);
    request.headers = {{"Host", "kms.local"},
                       {"Content-Type", "application/x-amz-json-1.1"},
                       {"X-Amz-Target", target_of(operation)},
                       {"User-Agent", "test"}};
    const http::Request view = request.view();
    const sigv4::Credentials credentials{.access_key_id = std::string(access_key),
                                         .secret_access_key = certain(SecretBytes::copy_of(as_bytes(secret))),
                                         .session_token = {}};
    auto signature = certain(
        sigv4::sign({.method = "POST", .path = "/", .query = {}, .headers = view.headers.first(3), .body = view.body},
                    credentials, certain(Region::parse(region)), "kms", clock_.now()));
    request.headers.emplace_back("Authorization", signature.authorization);
    request.headers.emplace_back("X-Amz-Date", signature.amz_date);
    return request;
  }
  Answer send(Signed& request) {
    reply_.clear();
    release_ = pipeline_.serve(request.view(), reply_, 0);
    return {.status = reply_.status, .error = std::string(reply_.error_type), .body = reply_.body};
  }
  Answer call(std::string_view operation, std::string body, std::string_view access_key = "test",
              std::string_view region = "eu-central-1", std::string_view secret = "test") {
    Signed request = sign(operation, std::move(body), access_key, region, secret);
    return send(request);
  }
  // A user with this identity policy, and an access key.
  identity::NewAccessKey add_user(std::string_view name, std::string_view policy,
                                  std::string_view account = "123456789012") {
    const auto of = certain(AccountId::parse(account));
    const auto user = identity::make_user(of, certain(identity::UserName::parse(name)), policy, clock_, random_);
    EXPECT_TRUE(callers_->add_user(user, nullptr));
    auto key = certain(identity::make_access_key(random_));
    EXPECT_TRUE(callers_->add_access_key(of, user.name, key, nullptr));
    return key;
  }
  // The inline policy that add_user gives, anew. Empty: none any more.
  Outcome put_policy(std::string_view user, std::string_view policy, std::string_view account = "123456789012") {
    const auto of = certain(AccountId::parse(account));
    const auto name = certain(identity::UserName::parse(user));
    const auto inlined = certain(identity::PolicyName::parse(identity::administered_policy_name));
    return callers_->change([&](identity::Edit& edit) -> Outcome {
      if (!policy.empty()) return identity::put_inline_policy<identity::User>(edit, of, name, inlined, policy);
      if (edit.snapshot().find(of, name)->user.administered_policy().empty()) return ok();
      return identity::remove_inline_policy<identity::User>(edit, of, name, inlined);
    });
  }
  Answer call_as(const identity::NewAccessKey& key, std::string_view operation, std::string body) {
    return call(operation, std::move(body), key.id.text(), "eu-central-1", as_text(key.secret.reveal()));
  }
  // A member of the last reply that is text.
  std::string text(const Answer& answer, std::string_view member) {
    const auto value = json_.parse(answer.body);
    if (!value || !value->is(protocol::JsonValue::Kind::object)) return "no object: " + answer.body;
    const auto found = value->find(member);
    return found && found->is(protocol::JsonValue::Kind::text) ? std::string(found->text()) : std::string();
  }
  std::string create_key(std::string_view access_key = "test", std::string body = "{}") {
    const auto answer = call("CreateKey", std::move(body), access_key);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto value = json_.parse(answer.body);
    return std::string(value->find("KeyMetadata")->find("Arn")->text());
  }
  // Every leaf of the audit log so far.
  std::vector<std::string> leaves() {
    EXPECT_TRUE(audit_->flush());
    std::vector<std::string> all;
    EXPECT_TRUE(audit::read_log(directory_.path() / "audit", [&all](std::uint64_t, BytesView leaf) {
      all.emplace_back(as_text(leaf));
      return audit::Next::go_on;
    }));
    return all;
  }

  ManualClock& clock() { return clock_; }
  audit::AuditLog& audit() { return *audit_; }
  audit::RefusalCounter& refusals() { return refusals_; }
  keys::Keys& keys() { return *keys_; }
  identity::Directory& callers() { return *callers_; }
  identity::Entities& entities() { return *callers_; }
  storage::Outbox& outbox() { return *sealed_; }
  std::uint64_t revision() const { return sealed_->revision(); }
  Random& random() { return random_; }
  Pipeline& pipeline() { return pipeline_; }
  Metrics& metrics() { return metrics_; }
  http::Reply& reply() { return reply_; }
  http::Release release() const { return release_; }
  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  audit::Options audit_options(audit::Sync sync) const {
    audit::Options options;
    options.directory = directory_.path() / "audit";
    options.sync = sync;
    return options;
  }

  ManualClock clock_;
  SystemRandom random_;
  Log log_{clock_, STDERR_FILENO, Log::Format::text, Log::Level::error};
  TemporaryDirectory directory_;
  const AccountId account_ = certain(AccountId::parse("123456789012"));
  vault::RootKey root_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<vault::SealedStore> sealed_;
  std::unique_ptr<identity::Directory> callers_;
  std::unique_ptr<keys::Keys> keys_;
  std::unique_ptr<audit::AuditLog> audit_;
  audit::RefusalCounter refusals_;
  Metrics metrics_{1};
  Pipeline pipeline_;
  http::Reply reply_;
  http::Release release_ = http::Release::at_once();
  protocol::JsonReader json_;
};

}  // namespace keyfold::server
