// Any bytes as the body of every request, and of every reply: no crash, and what is accepted can be written and read
// again.

#include <cstdint>
#include <cstdlib>

#include "keyfold/core/protocol/errors.h"
#include "keyfold/core/protocol/request_reader.h"
#include "keyfold/core/protocol/responses.h"

using namespace keyfold;
using namespace keyfold::protocol;

namespace {

template <class... Requests>
void read_all(RequestReader& reader, std::string_view body) {
  (static_cast<void>(reader.read<Requests>(body)), ...);
}

template <class Request>
void write_and_read_again(RequestReader& reader, std::string_view body) {
  const auto request = reader.read<Request>(body);
  if (!request) return;
  std::string written;
  append(written, *request);
  RequestReader other;
  const auto again = other.read<Request>(written);
  // Grant tokens and attestation are noticed, not kept.
  if (!again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static RequestReader reader;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  write_and_read_again<EncryptRequest>(reader, body);
  write_and_read_again<DecryptRequest>(reader, body);
  write_and_read_again<ReEncryptRequest>(reader, body);
  write_and_read_again<GenerateDataKeyRequest>(reader, body);
  write_and_read_again<DescribeKeyRequest>(reader, body);
  read_all<GenerateRandomRequest, CreateKeyRequest, KeyIdRequest, ListKeysRequest, UpdateKeyDescriptionRequest,
           ScheduleKeyDeletionRequest, AliasRequest, DeleteAliasRequest, ListAliasesRequest, TagResourceRequest,
           UntagResourceRequest, ListOfKeyRequest, GetKeyPolicyRequest, PutKeyPolicyRequest, EnableKeyRotationRequest,
           ListKeyRotationsRequest, CreateGrantRequest, ListGrantsRequest, ListRetirableGrantsRequest,
           RetireGrantRequest, RevokeGrantRequest>(reader, body);
  static_cast<void>(read_decrypt_response(body));
  static_cast<void>(read_data_key_response(body));
  static_cast<void>(decode_error(400, "", body));
  reader.wipe();
  return 0;
}
