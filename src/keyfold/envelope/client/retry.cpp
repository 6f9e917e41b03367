#include "keyfold/envelope/client/retry.h"

#include <algorithm>

#include "keyfold/envelope/keyrings/failures.h"

namespace keyfold::client {

bool is_transient(ErrorCode code) { return keyrings::is_no_answer(code); }

std::chrono::milliseconds pause_before_retry(unsigned attempt, std::chrono::milliseconds first, Random& random) {
  const std::int64_t longest = std::min<std::int64_t>(first.count() << std::min(attempt - 1, 16U), 2'000);
  const auto bytes = random.bytes<4>();
  const auto draw = static_cast<std::int64_t>(*Reader(bytes).u32());
  return std::chrono::milliseconds(longest <= 0 ? 0 : draw % (longest + 1));
}

}  // namespace keyfold::client
