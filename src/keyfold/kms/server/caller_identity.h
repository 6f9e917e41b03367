#pragma once
// CallerIdentity: who called, as an audit record says it (CloudTrail, "userIdentity element").

#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/identity/session.h"

namespace keyfold::server {

// Views of the caller, who must outlive it.
class CallerIdentity {
 public:
  explicit CallerIdentity(const identity::Caller& caller);
  CallerIdentity(const CallerIdentity&) = delete;
  CallerIdentity& operator=(const CallerIdentity&) = delete;
  const audit::UserIdentity& user() const { return user_; }

 private:
  audit::UserIdentity user_;
  audit::SessionContext session_;
};

}  // namespace keyfold::server
