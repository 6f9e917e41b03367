#pragma once
// RequestReader: a request body → the request as a value, checked against the limits of AWS's API model, in AWS's
// words. "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: …"; several are
// told at once.

#include <optional>
#include <string_view>
#include <vector>

#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/requests.h"

namespace keyfold::protocol {

// What decoded requests point into, besides the document. Reused: steady-state decoding allocates nothing.
struct RequestScratch {
  Bytes blob;
  std::vector<ContextPair> context;
  std::vector<ContextPair> second_context;
  std::vector<Tag> tags;
  std::vector<std::string_view> texts;
  std::vector<std::string_view> grant_tokens;
};

// One per thread; not safe to use from several threads at once.
class RequestReader {
 public:
  // The request in `body`; valid until the next read or wipe. `Request` is one of requests.h.
  // Fails with `serialization` (not JSON, a wrong type, not base64) or `validation`.
  template <class Request>
  Result<Request> read(std::string_view body) {
    auto object = parse(body);
    if (!object) return std::move(object).error();
    return decode<Request>(*object);
  }
  // A member of the last body that is text, also when the body was refused for another of its members; else empty.
  // Valid until the next read or wipe.
  std::string_view text_of(std::string_view member) const;
  // Overwrites the last body and what was decoded from it.
  void wipe();

 private:
  Result<JsonValue> parse(std::string_view body);
  template <class Request>
  Result<Request> decode(const JsonValue& object);

  JsonReader json_;
  std::optional<JsonValue> object_;  // The last body.
  RequestScratch scratch_;
};

// Defined in request_reader.cpp.
template <>
Result<EncryptRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<DecryptRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ReEncryptRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<GenerateDataKeyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<GenerateRandomRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<CreateKeyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<DescribeKeyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<KeyIdRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListKeysRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<UpdateKeyDescriptionRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ScheduleKeyDeletionRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<AliasRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<DeleteAliasRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListAliasesRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<TagResourceRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<UntagResourceRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListOfKeyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<GetKeyPolicyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<PutKeyPolicyRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<EnableKeyRotationRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListKeyRotationsRequest> RequestReader::decode(const JsonValue& object);
// In request_reader_grants.cpp.
template <>
Result<CreateGrantRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListGrantsRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ListRetirableGrantsRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<RetireGrantRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<RevokeGrantRequest> RequestReader::decode(const JsonValue& object);

}  // namespace keyfold::protocol
