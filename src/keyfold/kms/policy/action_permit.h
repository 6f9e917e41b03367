#pragma once
// ActionPermit: proof that a decision was made about an action of IAM or STS. What Permit is for keys: move-only, used
// once, made by Authorizer alone. Which action it is for stands in it: there is one table of them, and its rows are no
// types.

#include <string>
#include <string_view>
#include <utility>

#include "keyfold/core/base/named.h"
#include "keyfold/kms/policy/permit.h"

namespace keyfold::policy {

class [[nodiscard]] ActionPermit {
 public:
  ActionPermit(ActionPermit&&) noexcept = default;
  ActionPermit& operator=(ActionPermit&&) noexcept = default;
  ActionPermit(const ActionPermit&) = delete;
  ActionPermit& operator=(const ActionPermit&) = delete;
  ~ActionPermit() = default;

  // The one use, as Permit::spend: that it is for this action in this account.
  Outcome spend(std::string_view action, const AccountId& account) {
    if (once_.take() == detail::Spent::yes) return detail::refused_permit("was spent before");
    if (action != action_) return detail::refused_permit("is for another action");
    if (account != account_) return detail::refused_permit("is for another account");
    return ok();
  }
  const std::string& resource() const { return resource_; }

 private:
  friend class Authorizer;
  ActionPermit(std::string_view action, const AccountId& account, std::string_view resource)
      : action_(action), account_(account), resource_(resource) {}
  std::string action_;
  AccountId account_;
  std::string resource_;
  detail::Once once_;
};

}  // namespace keyfold::policy
