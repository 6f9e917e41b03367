// From an operation to its handler: the table's order, so that an operation without a handler does not link.

#include <utility>

#include "keyfold/kms/server/call.h"

namespace keyfold::server {
namespace {

using Handler = Outcome (*)(Call&);

template <std::size_t... I>
constexpr std::array<Handler, operation_count> handlers_of(std::index_sequence<I...>) {
  return {&run<static_cast<Operation>(I)>...};
}

}  // namespace

Outcome run(Operation operation, Call& call) {
  static constexpr auto handlers = handlers_of(std::make_index_sequence<operation_count>());
  return handlers[static_cast<std::size_t>(operation)](call);
}

}  // namespace keyfold::server
