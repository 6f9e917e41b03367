#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::generate_random>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::GenerateRandomRequest>());
  TRY(call.refuse_unserved(request.unserved));
  if (!request.number_of_bytes) return Error{ErrorCode::validation, "NumberOfBytes is required."};
  call.record().request.push_back(audit::EventField::number("numberOfBytes", *request.number_of_bytes));
  TRY(no_custom_key_store(request.custom_key_store_id));
  TRY_ASSIGN(auto permit, call.authorize<op::GenerateRandom>());
  TRY_ASSIGN(const auto random, call.keys().generate_random(std::move(permit), call.place().account,
                                                            static_cast<std::size_t>(*request.number_of_bytes)));
  call.reserve_secret(random.size());
  protocol::append(call.reply(), protocol::GenerateRandomResponse{.plaintext = random.reveal()});
  return ok();
}

}  // namespace keyfold::server
