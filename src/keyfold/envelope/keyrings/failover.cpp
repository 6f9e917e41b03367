#include "keyfold/envelope/keyrings/failover.h"

#include <algorithm>
#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/circuit_breaker.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/kms_calls.h"
#include "keyfold/envelope/keyrings/retry_budget.h"

namespace keyfold::keyrings {
namespace {

using Admission = CircuitBreaker::Admission;

// Whether the Region did not answer. `internal` stands here for an answer that will not do (another key, another size;
// what the KMS says with 5xx comes as `unavailable`): whoever gives that has answered, and is not made up for.
bool is_loss(ErrorCode code) { return code != ErrorCode::internal && is_no_answer(code); }

// The key in one Region, and how that Region is doing.
struct Place {
  KmsKeyArn key;
  std::shared_ptr<KmsClient> client;
  std::unique_ptr<CircuitBreaker> breaker;
};

class FailoverKeyring final : public Keyring {
 public:
  FailoverKeyring(std::vector<Place> places, unsigned retry_budget)
      : places_(std::move(places)), budget_(retry_budget) {}

  std::string describe() const override {
    std::string text = "failover keyring (";
    for (const auto& place : places_) text += (&place == &places_.front() ? "" : ", ") + place.key.text();
    return text + ")";
  }

  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    std::vector<const Place*> all;
    all.reserve(places_.size());
    for (const auto& place : places_) all.push_back(&place);
    Failures failures;
    const auto done = first_answer(all, failures, [&](const Place& place) {
      return generate_or_wrap(*place.client, place.key.text(), materials);
    });
    return done ? ok() : Outcome(failures.summary("no data key for " + describe()));
  }

  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    TRY_ASSIGN(const auto keys, kms_wrapped_keys(wrapped));
    Failures failures;
    for (const auto& key : keys) {
      auto data_key = first_answer(related_to(key.key), failures, [&](const Place& place) {
        return unwrap_one(*place.client, place.key.text(), place.key.text(), wrapped, key.ciphertext);
      });
      if (data_key) return *std::move(data_key);
    }
    return failures.none_or_summary(describe());
  }

 private:
  // Where a data key that `arn` wrapped can be unwrapped: first in its own Region.
  std::vector<const Place*> related_to(const KmsKeyArn& arn) const {
    std::vector<const Place*> found;
    for (const auto& place : places_)
      if (place.key.matches_for_decrypt(arn)) found.push_back(&place);
    const auto own = std::ranges::find_if(found, [&](const Place* place) { return place->key == arn; });
    if (own != found.end()) std::rotate(found.begin(), own, own + 1);
    return found;
  }

  // Asks one after the other until one answers. What was made of the answer; nothing when that is a failure, or none
  // answered: then each has said why in `failures`.
  template <class Ask>
  auto first_answer(const std::vector<const Place*>& places, Failures& failures, Ask&& ask) const
      -> std::optional<typename decltype(ask(*places.front()))::value_type> {
    bool first = true;
    for (const auto* place : places) {
      const auto admission = admit(*place, first, failures);
      if (admission == Admission::refused) continue;
      first = false;
      auto answer = ask(*place);
      const bool lost = !answer && is_loss(answer.error().code);
      lost ? place->breaker->lost(admission, answer.error().message) : place->breaker->answered(admission);
      if (answer) {
        budget_.success();
        return *std::move(answer);
      }
      failures.add("KMS key " + place->key.text(), std::move(answer).error());
      if (!lost) return std::nullopt;
    }
    return std::nullopt;
  }

  Admission admit(const Place& place, bool is_first, Failures& failures) const {
    const auto refuse = [&](std::string why) {
      failures.add("KMS key " + place.key.text(), Error{ErrorCode::unavailable, std::move(why)});
      return Admission::refused;
    };
    const auto admission = place.breaker->admit();
    if (admission == Admission::refused) return refuse(place.breaker->reason());
    if (is_first || budget_.spend()) return admission;
    place.breaker->not_made(admission);
    return refuse("not asked: too many calls had to be tried again of late");
  }

  const std::vector<Place> places_;
  mutable RetryBudget budget_;
};

Outcome check(const std::vector<KmsKeyArn>& keys, const FailoverOptions& options) {
  const auto refuse = [](std::string why) { return Error{ErrorCode::invalid_input, "failover: " + std::move(why)}; };
  if (keys.size() < 2 || keys.size() > failover_keys_max) return refuse("2 to 16 keys are needed");
  for (const auto& key : keys)
    if (std::ranges::count(keys, key.region(), [](const auto& other) { return other.region(); }) > 1)
      return refuse("two keys in " + std::string(key.region()));
  if (options.losses_max == 0) return refuse("a Region must be asked once at least");
  if (options.pause.count() < 0 || options.pause > failover_pause_max) return refuse("the pause is 0 to 60 minutes");
  if (options.retry_budget > failover_retry_budget_max) return refuse("a retry budget above 1,000,000");
  return ok();
}

}  // namespace

Result<std::shared_ptr<const Keyring>> failover_keyring(KmsClients& clients, std::vector<KmsKeyArn> keys,
                                                        const FailoverOptions& options, const FailoverWorld& world) {
  TRY(check(keys, options));
  std::vector<Place> places;
  for (auto& key : keys) {
    TRY_ASSIGN(auto client, clients.in_region(key.region()));
    auto breaker = std::make_unique<CircuitBreaker>(
        CircuitBreaker::Options{.losses_max = options.losses_max, .pause = options.pause}, world.clock, world.random);
    places.push_back({.key = std::move(key), .client = std::move(client), .breaker = std::move(breaker)});
  }
  return std::shared_ptr<const Keyring>(std::make_shared<FailoverKeyring>(std::move(places), options.retry_budget));
}

}  // namespace keyfold::keyrings
