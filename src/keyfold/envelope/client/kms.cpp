#include "keyfold/envelope/client/kms.h"

#include <thread>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/core/http/client.h"
#include "keyfold/core/protocol/errors.h"
#include "keyfold/core/protocol/requests.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/core/sigv4/sign.h"
#include "keyfold/envelope/client/retry.h"
#include "keyfold/envelope/keyrings/retry_budget.h"

namespace keyfold::client {
namespace {

constexpr std::string_view content_type = "application/x-amz-json-1.1";
constexpr std::string_view target_prefix = "TrentService.";
constexpr std::size_t request_size_reserved = 16384;  // Bytes: names, data key, what else there is but the context.
constexpr std::size_t escaped_max = 6;                // Bytes that one may take in JSON: \u001f.

// A request body: wiped when it goes, and large enough from the beginning not to be copied while it grows.
class RequestBody {
 public:
  template <class Request>
  explicit RequestBody(const Request& request) {
    text_.reserve(request_size_reserved + size_of(request));
    protocol::append(text_, request);
  }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  ~RequestBody() { wipe(text_); }
  std::string_view text() const { return text_; }

 private:
  // Bytes, at most, of what has no small bound.
  static std::size_t size_of(const ContextView& context) {
    std::size_t size = 0;
    for (const auto& [key, value] : context) size += (key.size() + value.size()) * escaped_max + 6;
    return size;
  }
  template <class Request>
  static std::size_t size_of(const Request& request) {
    return size_of(request.context);
  }
  static std::size_t size_of(const protocol::ReEncryptRequest& request) {
    return size_of(request.source_context) + size_of(request.destination_context);
  }

  std::string text_;
};

// Which attempts may follow one that may have been done.
enum class Repeat : std::uint8_t { harmless, only_if_not_done };

class HttpKms final : public Kms {
 public:
  HttpKms(std::unique_ptr<http::Client> http, AwsSettings settings, const KmsOptions& options)
      : http_(std::move(http)),
        region_(settings.region),
        credentials_{.access_key_id = std::move(settings.credentials.access_key_id),
                     .secret_access_key = std::move(settings.credentials.secret_access_key),
                     .session_token = std::move(settings.credentials.session_token)},
        options_(options),
        budget_(options.retry_budget) {}

  Result<keyrings::GeneratedDataKey> generate_data_key(std::string_view key_id, std::size_t size,
                                                       const ContextView& context) override {
    const RequestBody body(protocol::GenerateDataKeyRequest{.key_id = key_id,
                                                            .context = context,
                                                            .number_of_bytes = static_cast<std::int64_t>(size),
                                                            .key_spec = {},
                                                            .unserved = {}});
    TRY_ASSIGN(const auto reply, send("GenerateDataKey", body.text(), Repeat::harmless));
    TRY_ASSIGN(auto key, protocol::read_data_key_response(as_text(reply.body)));
    return keyrings::GeneratedDataKey{.plaintext = std::move(key.plaintext),
                                      .ciphertext = std::move(key.ciphertext),
                                      .key_arn = std::move(key.key_id)};
  }

  Result<keyrings::WrappedDataKey> encrypt(std::string_view key_id, const SecretBytes& plaintext,
                                           const ContextView& context) override {
    const RequestBody body(protocol::EncryptRequest{
        .key_id = key_id, .plaintext = plaintext.reveal(), .context = context, .algorithm = {}});
    TRY_ASSIGN(const auto reply, send("Encrypt", body.text(), Repeat::harmless));
    TRY_ASSIGN(auto key, protocol::read_encrypt_response(as_text(reply.body)));
    return keyrings::WrappedDataKey{.ciphertext = std::move(key.ciphertext), .key_arn = std::move(key.key_id)};
  }

  Result<keyrings::UnwrappedDataKey> decrypt(std::string_view key_id, BytesView ciphertext,
                                             const ContextView& context) override {
    const RequestBody body(protocol::DecryptRequest{
        .ciphertext = ciphertext, .context = context, .key_id = key_id, .algorithm = {}, .unserved = {}});
    TRY_ASSIGN(const auto reply, send("Decrypt", body.text(), Repeat::harmless));
    TRY_ASSIGN(auto key, protocol::read_decrypt_response(as_text(reply.body)));
    return keyrings::UnwrappedDataKey{.plaintext = std::move(key.plaintext), .key_arn = std::move(key.key_id)};
  }

  Result<keyrings::WrappedDataKey> generate_data_key_without_plaintext(std::string_view key_id, std::size_t size,
                                                                       const ContextView& context) override {
    const RequestBody body(protocol::GenerateDataKeyRequest{.key_id = key_id,
                                                            .context = context,
                                                            .number_of_bytes = static_cast<std::int64_t>(size),
                                                            .key_spec = {},
                                                            .unserved = {}});
    TRY_ASSIGN(const auto reply, send("GenerateDataKeyWithoutPlaintext", body.text(), Repeat::harmless));
    TRY_ASSIGN(auto key, protocol::read_encrypt_response(as_text(reply.body)));  // The same members.
    return keyrings::WrappedDataKey{.ciphertext = std::move(key.ciphertext), .key_arn = std::move(key.key_id)};
  }

  Result<keyrings::WrappedDataKey> re_encrypt(BytesView ciphertext, const keyrings::ReEncryptSide& source,
                                              const keyrings::ReEncryptSide& destination) override {
    const RequestBody body(protocol::ReEncryptRequest{.ciphertext = ciphertext,
                                                      .source_context = source.context,
                                                      .source_key_id = source.key_id,
                                                      .destination_key_id = destination.key_id,
                                                      .destination_context = destination.context,
                                                      .source_algorithm = {},
                                                      .destination_algorithm = {}});
    TRY_ASSIGN(const auto reply, send("ReEncrypt", body.text(), Repeat::harmless));
    TRY_ASSIGN(auto key, protocol::read_encrypt_response(as_text(reply.body)));  // The same members, among others.
    return keyrings::WrappedDataKey{.ciphertext = std::move(key.ciphertext), .key_arn = std::move(key.key_id)};
  }

  Result<std::string> call(std::string_view operation, std::string_view request_json) override {
    TRY_ASSIGN(const auto reply, send(operation, request_json, Repeat::only_if_not_done));
    return std::string(as_text(reply.body));
  }

 private:
  Result<http::ClientResponse> send(std::string_view operation, std::string_view body, Repeat repeat) {
    for (unsigned attempt = 1;; ++attempt) {
      http::Sent sent = http::Sent::no;
      auto reply = attempt_once(operation, body, sent);
      if (reply) {
        budget_.success();
        return reply;
      }
      Error error = std::move(reply).error();
      if (!is_transient(error.code)) return error;
      // What was throttled was refused before anything was done.
      const bool is_not_done = sent == http::Sent::no || error.code == ErrorCode::throttling;
      const bool may_repeat = repeat == Repeat::harmless || is_not_done;
      if (!may_repeat || attempt >= options_.attempts_max || !budget_.spend()) {
        return Error{ErrorCode::unavailable,
                     "the KMS at " + http_->endpoint().authority() + " is not to be had: " + error.message};
      }
      std::this_thread::sleep_for(pause_before_retry(attempt, options_.first_pause_max, random_));
    }
  }

  Result<http::ClientResponse> attempt_once(std::string_view operation, std::string_view body, http::Sent& sent) {
    const bool whole = operation.find('.') != std::string_view::npos;
    const std::string target = std::string(whole ? std::string_view() : target_prefix).append(operation);
    const std::string host = http_->endpoint().authority();
    const HeaderView signed_headers[] = {{.name = "content-type", .value = content_type},
                                         {.name = "host", .value = host},
                                         {.name = "x-amz-target", .value = target}};
    TRY_ASSIGN(
        auto signature,
        sigv4::sign({.method = "POST", .path = "/", .query = "", .headers = signed_headers, .body = as_bytes(body)},
                    credentials_, region_, "kms", clock_.now()));
    const WipeAtEnd wiped(signature.amz_security_token);
    std::vector<HeaderView> headers{{.name = "Content-Type", .value = content_type},
                                    {.name = "X-Amz-Target", .value = target},
                                    {.name = "X-Amz-Date", .value = signature.amz_date},
                                    {.name = "Authorization", .value = signature.authorization}};
    if (!signature.amz_security_token.empty())
      headers.push_back({.name = "X-Amz-Security-Token", .value = signature.amz_security_token});
    auto exchange = http_->send({.headers = headers, .body = as_bytes(body)});
    sent = exchange.sent;
    if (!exchange.response) return std::move(exchange.response).error();
    auto response = *std::move(exchange.response);
    if (response.status == 200) return response;
    auto error = protocol::decode_error(response.status, response.header("x-amzn-ErrorType"), as_text(response.body));
    if (error.message.empty())
      error.message = protocol::error_name(error.code);  // InvalidCiphertextException has none.
    return error;
  }

  const std::unique_ptr<http::Client> http_;
  const Region region_;
  const sigv4::Credentials credentials_;
  const KmsOptions options_;
  keyrings::RetryBudget budget_;
  SystemClock clock_;
  SystemRandom random_;
};

}  // namespace

Result<std::shared_ptr<Kms>> connect_kms(AwsSettings settings, const KmsOptions& options) {
  TRY_ASSIGN(const auto endpoint, http::parse_endpoint(settings.endpoint_url));
  http::ClientOptions http_options;
  http_options.ca_file = settings.ca_file;
  http_options.connect_timeout = options.connect_timeout;
  http_options.request_timeout = options.request_timeout;
  http_options.connections_max = options.connections_max;
  TRY_ASSIGN(auto http, http::open_client(endpoint, http_options));
  return std::shared_ptr<Kms>(std::make_shared<HttpKms>(std::move(http), std::move(settings), options));
}

}  // namespace keyfold::client
