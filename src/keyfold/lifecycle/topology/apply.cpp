#include "keyfold/lifecycle/topology/apply.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::topology {
namespace {

constexpr std::chrono::milliseconds first_pause{200};  // Doubles.

std::string request_for(const Step& step, const std::string& key_id) {
  std::string request = "{";
  if (!step.key_member.empty()) {
    request = request_of(step.key_member, key_id);
    request.pop_back();
    if (!step.members.empty()) request += ',';
  }
  return request + step.members + "}";
}

class Applying {
 public:
  Applying(const AccountId& account, const RegionalKms& clients, const std::function<void(const Done&)>& report,
           const Pause& pause)
      : account_(account), clients_(clients), report_(report), pause_(pause) {}

  void apply(const KeyPlan& key) {
    std::string key_id = key.key_id;
    const Newness newness = key_id.empty() ? Newness::made_now : Newness::found;
    bool failed = is_elsewhere_;
    for (const auto& step : key.steps) {
      if (failed) {
        ++summary_.skipped;
        continue;
      }
      auto error = run(key.region, step, newness, key_id);
      failed = error.has_value();
      told({.region = key.region,
            .environment = key.environment,
            .domain = key.domain,
            .key_id = key_id,
            .step = step,
            .error = std::move(error)});
    }
  }

  void remove(const UnwantedKey& key) {
    std::string key_id = key.key_id;
    told({.region = key.region,
          .environment = key.environment,
          .domain = key.domain,
          .key_id = key_id,
          .step = key.deletion,
          .error = run(key.region, key.deletion, Newness::found, key_id)});
  }
  void keep() { ++summary_.kept; }
  void keep_after_failure() { ++summary_.kept_after_failure; }
  void leave_to_a_person() { ++summary_.doubtful; }
  const ApplySummary& summary() const { return summary_; }

 private:
  enum class Newness : std::uint8_t { found, made_now };

  client::Kms& kms_of(const Region& region) const { return *clients_.find(region.text())->second; }

  void told(const Done& done) {
    ++(done.error ? summary_.failed : summary_.done);
    report_(done);
  }

  // What went wrong, or nothing. Sets `key_id` when the step makes the key.
  std::optional<Error> run(const Region& region, const Step& step, Newness newness, std::string& key_id) {
    auto reply = call(kms_of(region), step, newness, key_id);
    if (!reply) return reply.error();
    if (!step.key_member.empty()) return std::nullopt;
    const auto metadata = reply->object().find("KeyMetadata");
    if (!metadata || !metadata->is(protocol::JsonValue::Kind::object) || metadata->text_of("KeyId").empty())
      return Error{ErrorCode::serialization, "CreateKey: the KMS did not say which key it made"};
    key_id = metadata->text_of("KeyId");
    // Where there was no key and no alias at all, this is the first that the KMS says of its account.
    const auto right = check_is_of(metadata->text_of("Arn"), account_, region);
    if (right) return std::nullopt;
    is_elsewhere_ = true;
    return Error{right.error().code, "CreateKey: " + right.error().message};
  }

  // Elsewhere than in one process a key that was just made may not be known everywhere at once.
  Result<Reply> call(client::Kms& kms, const Step& step, Newness newness, const std::string& key_id) {
    const auto request = request_for(step, key_id);
    auto wait = first_pause;
    for (unsigned attempt = 1;; ++attempt) {
      auto reply = Reply::to(kms, step.operation, request);
      const bool again = !reply && reply.error().code == ErrorCode::not_found && newness == Newness::made_now &&
                         !step.key_member.empty() && attempt < call_attempts_max;
      if (!again) return reply;
      pause_(wait);
      wait *= 2;
    }
  }

  const AccountId& account_;
  const RegionalKms& clients_;
  const std::function<void(const Done&)>& report_;
  const Pause& pause_;
  ApplySummary summary_;
  bool is_elsewhere_ = false;  // A key was made where none was to be.
};

}  // namespace

Result<ApplySummary> apply(const Plan& plan, const RegionalKms& clients, Deletion deletion,
                           const std::function<void(const Done&)>& report, const Pause& pause) {
  for (const auto& key : plan.keys)
    if (!clients.contains(key.region.text()))
      return Error{ErrorCode::invalid_input, "there is no client for the Region " + std::string(key.region.text())};
  if (const auto conflicts = plan.conflict_count(); conflicts > 0)
    return Error{ErrorCode::conflict,
                 std::to_string(conflicts) + " of the keys must be looked at first; nothing was done"};
  Applying applying(plan.account, clients, report, pause);
  for (const auto& key : plan.keys) applying.apply(key);
  // What took a key's place may be what failed.
  const bool steps_failed = applying.summary().failed > 0;
  for (const auto& key : plan.unwanted) {
    if (key.is_going) continue;
    if (key.is_doubtful)
      applying.leave_to_a_person();
    else if (deletion == Deletion::refused)
      applying.keep();
    else if (steps_failed)
      applying.keep_after_failure();
    else
      applying.remove(key);
  }
  return applying.summary();
}

}  // namespace keyfold::topology
