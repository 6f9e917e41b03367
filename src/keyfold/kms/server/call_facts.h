#pragma once
// CallFacts: what is known of a call as condition values, when a policy asks: of the request as it came in, of the key
// it acts on, and of how that was named. Which of the request's it has, the operation's row says. (KMS Developer Guide,
// "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".)

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/http/service.h"
#include "keyfold/core/protocol/requests.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/request.h"
#include "keyfold/kms/server/operation_table.h"

namespace keyfold::server {

// What is known of a key, by the name of a condition key. False when that is about no key. Visits nothing when this key
// has none. Allocates for a key's aliases only.
bool tell_of_key(const keys::Keys& keys, const keys::KeyRecord& key, std::string_view name,
                 policy::ConditionSource::Visit visit);

// What holds of every call at this moment in this place. False when the name is about something else.
bool tell_of_moment(Timestamp now, const Region& region, std::string_view name, policy::ConditionSource::Visit visit);
// What every request of an operation has in the same way, by what its row carries. False as above.
bool tell_of_operation(const OperationRow& row, std::string_view name, policy::ConditionSource::Visit visit);

// Lives for one decision, on one thread. Allocates only for times and for a key's aliases.
class CallFacts final : public policy::ConditionSource {
 public:
  // `found`: null when no key is acted on. All of it outlives this.
  CallFacts(const OperationRow& row, const http::Request& http, const keys::Place& place, Timestamp now,
            const keys::Keys& keys, const keys::Found* found)
      : row_(row), http_(http), place_(place), now_(now), keys_(keys), found_(found) {}

  void each_spelling(std::string_view key, Visit visit) const override;

 private:
  bool of_call(std::string_view key, Visit visit) const;
  bool of_request(std::string_view key, Visit visit) const;

  const OperationRow& row_;
  const http::Request& http_;
  const keys::Place& place_;
  const Timestamp now_;
  const keys::Keys& keys_;
  const keys::Found* found_;
};

// What a request says of tags that are to be put, or taken away: aws:RequestTag/<key> and aws:TagKeys; and what else
// its operation adds.
class TagFacts {
 public:
  explicit TagFacts(std::span<const protocol::Tag> tags);
  explicit TagFacts(std::span<const std::string_view> tag_keys);
  TagFacts(const TagFacts&) = delete;
  TagFacts& operator=(const TagFacts&) = delete;

  // Views of this and of the request.
  std::span<const policy::ConditionValue> view() const { return facts_; }
  void add(std::string_view key, std::string_view value);

 private:
  std::deque<std::string> names_;
  std::deque<std::string_view> values_;
  std::vector<std::string_view> keys_;
  std::vector<policy::ConditionValue> facts_;
};

}  // namespace keyfold::server
