#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::decrypt>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::DecryptRequest>());
  TRY(call.check_grant_tokens(request.grant_tokens));
  TRY(call.refuse_unserved(request.unserved));
  TRY(ignores_ciphertext_properly(request.dry_run, request.ignore_ciphertext, request.key_id, "keyId"));
  policy::FactList<1> facts;
  add_algorithm(facts, request.algorithm);
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, find_for_ciphertext(call, request.ciphertext, request.key_id));
    TRY_ASSIGN(auto permit, call.authorize<op::Decrypt>(found, request.context, facts.view()));
    if (!request.ignore_ciphertext) TRY(is_of(call, request.ciphertext, found));
    TRY(suits_symmetric_key(request.algorithm));
    if (request.ignore_ciphertext) return dry_run(call, *found.key);
    TRY_ASSIGN(const auto decrypted, call.keys().decrypt(std::move(permit), request.ciphertext, request.context));
    call.note(decrypted.material);
    if (request.dry_run) return dry_run_succeeded();
    call.reserve_secret(decrypted.plaintext.size());
    protocol::append(call.reply(), protocol::DecryptResponse{.key_id = found.key->arn.text(),
                                                             .plaintext = decrypted.plaintext.reveal(),
                                                             .key_material_id = call.record().material.view()});
    return ok();
  });
}

}  // namespace keyfold::server
