#pragma once
// Calls to a KMS through its public API, as JSON, and their replies. Through `client::Kms::call` alone, so that it may
// be AWS's, a keyfold-kms, or any other.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "keyfold/core/base/named.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/envelope/client/kms.h"

namespace keyfold::topology {

// One to a Region of the topology, by its name; none is null.
using RegionalKms = std::map<std::string, std::shared_ptr<client::Kms>, std::less<>>;

// Waits; tests have one that does not.
using Pause = std::function<void(std::chrono::milliseconds)>;
void sleep_for(std::chrono::milliseconds time);

inline constexpr unsigned call_attempts_max = 6;
inline constexpr std::size_t pages_max = 10'000;  // Of one list.

class Reply {
 public:
  // Fails with what the KMS answered, and with `serialization` when that is no JSON object.
  static Result<Reply> to(client::Kms& kms, std::string_view operation, std::string_view request);
  const protocol::JsonValue& object() const { return object_; }

 private:
  Reply(protocol::JsonReader reader, protocol::JsonValue object) : reader_(std::move(reader)), object_(object) {}
  protocol::JsonReader reader_;
  protocol::JsonValue object_;
};

// A call that changes nothing: tried again, with growing pauses, while there is no answer.
Result<Reply> ask(client::Kms& kms, std::string_view operation, std::string_view request, const Pause& pause);

// {"NAME":"VALUE"}
std::string request_of(std::string_view name, std::string_view value);

// That what an ARN names is of this account and Region: credentials of another account would find nothing there, make
// everything there, and delete what is not in the file. Fails with `invalid_input`; with `serialization` for no ARN.
Outcome check_is_of(std::string_view arn, const AccountId& account, const Region& region);

// Every page of a list: visit(reply) for each. `request` is an object's members, or nothing.
Outcome each_page(client::Kms& kms, std::string_view operation, std::string_view members, const Pause& pause,
                  const std::function<Outcome(const protocol::JsonValue& page)>& visit);

}  // namespace keyfold::topology
