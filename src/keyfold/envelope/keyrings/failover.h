#pragma once
// The failover keyring: seals and opens as long as one of several Regions answers. It is ours, beyond the
// specification; what it seals is not: messages with one data key, wrapped by the KMS key of whichever Region answered,
// which any Encryption SDK opens with an MRK-aware keyring.
//
// Sealing asks the keys in the order given; opening, for a wrapped key of one of them, that key's own Region first,
// then those that have the same multi-Region key. A Region that does not answer (no connection, a timeout, throttling,
// 5xx) is passed over, for this call and after some such calls in a row for all: a circuit breaker to each Region keeps
// calls away from it, lets one at a time through to see whether it is back, and second tries come out of a budget. An
// answer is final, whatever it is: access denied, a disabled key or a key that is not there is never made up for
// elsewhere.
//
// How long a Region is waited for is its client's business: one try, with a short timeout, is what failover wants.
// Calls meet a loss with as many timeouts as there are Regions lost, until the breakers have opened.

#include <chrono>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings {

struct FailoverOptions {
  unsigned losses_max = 3;  // Unanswered calls in a row, after which a Region is left alone.
  std::chrono::milliseconds pause{
      2'000};                   // For about so long (half to one and a half of it); then one call goes there.
  unsigned retry_budget = 100;  // Second tries that may be owed at once; ten successes earn one back.
};

// How the world looks to it; replaced in tests.
struct FailoverWorld {
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  std::shared_ptr<Random> random = std::make_shared<SystemRandom>();
};

inline constexpr std::size_t failover_keys_max = 16;
inline constexpr std::chrono::minutes failover_pause_max{60};
inline constexpr unsigned failover_retry_budget_max = 1'000'000;

// `keys`: 2 to 16, the preferred first, each in another Region. As a rule one multi-Region key in several Regions; keys
// that are not related seal wherever one answers, and each opens what it sealed itself. Fails with `invalid_input`, and
// as `clients` does, which is asked for each Region's client here and not again. Shareable between threads; no lock is
// held while a KMS is asked.
//
// When no Region answers, the error is `unavailable` and lists what each said. As other KMS keyrings' beside the strict
// one, opening fails as a whole when a wrapped key of the provider "aws-kms" names no key ARN.
Result<std::shared_ptr<const Keyring>> failover_keyring(KmsClients& clients, std::vector<KmsKeyArn> keys,
                                                        const FailoverOptions& options = {},
                                                        const FailoverWorld& world = {});

}  // namespace keyfold::keyrings
