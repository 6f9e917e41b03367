#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::generate_data_key>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::GenerateDataKeyRequest>());
  TRY(call.check_grant_tokens(request.grant_tokens));
  TRY(call.refuse_unserved(request.unserved));
  TRY_ASSIGN(const auto size, data_key_size(call, request));
  policy::FactList<1> facts;
  add_algorithm(facts, {});
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(request.key_id));
    TRY_ASSIGN(auto permit, call.authorize<op::GenerateDataKey>(found, request.context, facts.view()));
    if (request.dry_run) return dry_run(call, *found.key);
    TRY_ASSIGN(const auto data_key,
               call.keys().generate_data_key(std::move(permit), size, request.context, call.blob()));
    call.note(data_key.material);
    call.reserve_secret(data_key.plaintext.size());
    const std::optional<BytesView> plaintext = data_key.plaintext.reveal();
    protocol::append(call.reply(), protocol::GenerateDataKeyResponse{.ciphertext = call.blob(),
                                                                     .plaintext = plaintext,
                                                                     .key_id = found.key->arn.text(),
                                                                     .key_material_id = call.record().material.view()});
    return ok();
  });
}

}  // namespace keyfold::server
