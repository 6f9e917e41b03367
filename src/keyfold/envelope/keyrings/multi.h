#pragma once
// The multi keyring: a generator makes the data key, it and each child wrap it; any one of them can open.
// Spec: framework/multi-keyring.md.

#include <vector>

#include "keyfold/envelope/keyrings/keyring.h"

namespace keyfold::keyrings {

// `generator` may be null: such a keyring only opens, or wraps for another multi keyring. Fails with `invalid_input`
// when there is neither generator nor child.
//
// Sealing fails when one of them fails: a copy that a reader counts on is never left out silently. Opening tries the
// generator, then the children in order; when all fail, the error lists what each said, under the code of the most
// telling one: `unavailable` before all others (while one cannot be reached, nothing is known to be lost), then
// `access_denied`, `disabled`, `invalid_state`, `not_found`, and `incorrect_key` only when the message is for none of
// them.
Result<std::shared_ptr<const Keyring>> multi_keyring(std::shared_ptr<const Keyring> generator,
                                                     std::vector<std::shared_ptr<const Keyring>> children);

}  // namespace keyfold::keyrings
