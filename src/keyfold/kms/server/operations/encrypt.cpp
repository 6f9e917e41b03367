#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::encrypt>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::EncryptRequest>());
  TRY(call.check_grant_tokens(request.grant_tokens));
  policy::FactList<1> facts;
  add_algorithm(facts, request.algorithm);
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(request.key_id));
    TRY_ASSIGN(auto permit, call.authorize<op::Encrypt>(found, request.context, facts.view()));
    TRY(suits_symmetric_key(request.algorithm));
    if (request.dry_run) return dry_run(call, *found.key);
    TRY_ASSIGN(const auto material,
               call.keys().encrypt(std::move(permit), request.plaintext, request.context, call.blob()));
    call.note(material);
    protocol::append(call.reply(),
                     protocol::EncryptResponse{.ciphertext = call.blob(), .key_id = found.key->arn.text()});
    return ok();
  });
}

}  // namespace keyfold::server
