// From an operation to its handler: the table's order, so that an operation without a handler does not link.

#include <utility>

#include "keyfold/kms/server/iam/iam_call.h"

namespace keyfold::server {
namespace {

using Handler = Outcome (*)(IamCall&, policy::ActionPermit);

template <std::size_t... I>
constexpr std::array<Handler, iam_operation_count> handlers_of(std::index_sequence<I...>) {
  return {&run<static_cast<IamOperation>(I)>...};
}

}  // namespace

Outcome run(IamOperation operation, IamCall& call, policy::ActionPermit permit) {
  static constexpr auto handlers = handlers_of(std::make_index_sequence<iam_operation_count>());
  return handlers[static_cast<std::size_t>(operation)](call, std::move(permit));
}

}  // namespace keyfold::server
