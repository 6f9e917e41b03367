#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::re_encrypt>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ReEncryptRequest>());
  call.record().key_id = request.destination_key_id;
  call.record().context = request.destination_context;
  call.record().algorithm = request.destination_algorithm.value_or(protocol::symmetric_default);
  call.record().source.emplace(
      CallRecord::Source{.key_id = request.source_key_id.value_or(std::string_view()),
                         .context = request.source_context,
                         .algorithm = request.source_algorithm.value_or(protocol::symmetric_default),
                         .resource = {},
                         .material = {},
                         .decision = {}});
  TRY(call.check_grant_tokens(request.grant_tokens));
  TRY(ignores_ciphertext_properly(request.dry_run, request.ignore_ciphertext, request.source_key_id, "sourceKeyId"));
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto source, find_for_ciphertext(call, request.ciphertext, request.source_key_id));
    call.note_source(*source.key);
    const auto named = call.keys().find(call.place(), request.destination_key_id);
    const auto on_same_key = policy::text_of(named && named->key->arn == source.key->arn);
    policy::FactList<2> from_facts;
    add_algorithm(from_facts, request.source_algorithm);
    from_facts.add(condition_key::re_encrypt_on_same_key, on_same_key);
    TRY_ASSIGN(auto from, call.authorize<op::ReEncryptFrom>(source, request.source_context, from_facts.view()));
    call.note_source_allowed();
    if (!request.ignore_ciphertext) TRY(is_of(call, request.ciphertext, source));
    TRY_ASSIGN(const auto destination, call.find(request.destination_key_id, op::ReEncryptTo::action));
    policy::FactList<2> to_facts;
    add_algorithm(to_facts, request.destination_algorithm);
    to_facts.add(condition_key::re_encrypt_on_same_key, on_same_key);
    TRY_ASSIGN(auto to, call.authorize<op::ReEncryptTo>(destination, request.destination_context, to_facts.view()));
    TRY(suits_symmetric_key(request.source_algorithm));
    TRY(suits_symmetric_key(request.destination_algorithm));
    if (request.ignore_ciphertext) {
      TRY(call.state_allows(*source.key));
      return dry_run(call, *destination.key);
    }
    TRY_ASSIGN(const auto materials,
               call.keys().re_encrypt(std::move(from), std::move(to), request.ciphertext, request.source_context,
                                      request.destination_context, call.blob()));
    call.note_source(materials.source);
    call.note(materials.destination);
    if (request.dry_run) return dry_run_succeeded();
    protocol::append(call.reply(),
                     protocol::ReEncryptResponse{.ciphertext = call.blob(),
                                                 .source_key_id = source.key->arn.text(),
                                                 .key_id = destination.key->arn.text(),
                                                 .source_key_material_id = call.record().source->material.view(),
                                                 .destination_key_material_id = call.record().material.view()});
    return ok();
  });
}

}  // namespace keyfold::server
