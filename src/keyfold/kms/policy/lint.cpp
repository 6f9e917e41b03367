#include "keyfold/kms/policy/lint.h"

#include <algorithm>
#include <array>

#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::policy {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

constexpr std::array decrypting = {op::Decrypt::action, op::ReEncryptFrom::action};
constexpr std::string_view create_grant = "kms:CreateGrant";
constexpr std::string_view assume_role = "sts:AssumeRole";
constexpr std::string_view context_keys = "kms:EncryptionContext";  // What is in it, and which names it has.

bool allows_decrypting(const Statement& statement) {
  return std::ranges::any_of(decrypting, [&](std::string_view action) { return is_about(statement, action); });
}

// By meaning, whatever it is spelled like: everything that a grant could give, and what administers a key.
bool allows_every_action(const Statement& statement) {
  const auto is_allowed = [&](std::string_view action) { return is_about(statement, action); };
  return statement.listed_actions == Listed::these && std::ranges::all_of(grant_actions, is_allowed) &&
         is_allowed(op::PutKeyPolicy::action) && is_allowed(op::ScheduleKeyDeletion::action);
}

// Two of each kind that have nothing in common: what takes both of them names none in particular.
using Pair = std::array<std::string_view, 2>;
constexpr Pair made_up_keys = {"10000000-1000-4000-8000-100000000001", "efffffff-efff-4fff-afff-effffffffffe"};
constexpr std::array made_up = {
    Pair{"q-one", "z-two"}, Pair{"alias/q-one", "alias/z-two"}, Pair{"000000000001", "999999999998"},
    Pair{"arn:aws:iam::000000000001:user/q-one", "arn:aws:sts::999999999998:assumed-role/z-two/z"}};

// What a field of an ARN pattern says, or else this.
std::string literal_or(std::string_view field, std::string_view otherwise) {
  return std::string(field.empty() || field.find_first_of("*?$") != std::string_view::npos ? otherwise : field);
}

// Whether no key in particular is named: "*", or all keys of an account and Region.
bool is_any_key(const ArnPattern& resource, const AccountId& account) {
  std::array<std::string_view, 6> fields;
  std::string_view rest = resource.text();
  for (auto& field : fields) {
    field = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
  }
  const Request anything;
  return std::ranges::all_of(made_up_keys, [&](std::string_view id) {
    const std::string arn = "arn:" + literal_or(fields[1], "aws") + ":kms:" + literal_or(fields[3], "eu-central-1") +
                            ":" + literal_or(fields[4], account.text()) + ":key/" + std::string(id);
    return resource.matches(arn, anything) != Tri::no;
  });
}

// Whether an Allow's condition holds when its key has this value.
bool holds_of(const Condition& condition, std::string_view value) {
  const std::string_view key = condition.key();
  const bool is_of_pair = starts_with_ignoring_case(key, condition_key::encryption_context_prefix);
  const bool is_of_names = equal_ignoring_case(key, condition_key::encryption_context_keys);
  std::vector<ContextPair> pairs = {
      {.key = is_of_pair ? key.substr(condition_key::encryption_context_prefix.size()) : value, .value = value}};
  const ConditionValue fact{.key = key, .values = Values(&value, 1)};
  Request request;
  if (is_of_pair || is_of_names) {
    const auto context = ContextView::over(pairs);
    if (!context) return false;
    request.context = *context;
    return condition.holds(request, Effect::allow) == Tri::yes;
  }
  request.conditions = std::span(&fact, 1);
  return condition.holds(request, Effect::allow) == Tri::yes;
}

// Whether it takes values that have nothing in common, or that there is none (…IfExists, ForAllValues, negated ones).
bool narrows_nothing(const Condition& condition) {
  return condition.holds_of_nothing() || std::ranges::any_of(made_up, [&](const Pair& pair) {
           return holds_of(condition, pair[0]) && holds_of(condition, pair[1]);
         });
}

// Whether a condition narrows by something whose name starts so.
bool narrows_by(const Statement& statement, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(statement.conditions, [&](const Condition& condition) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) {
      return starts_with_ignoring_case(condition.key(), prefix) && !narrows_nothing(condition);
    });
  });
}

bool narrows_by_caller(const Statement& statement) {
  return narrows_by(statement,
                    {condition_key::caller_account, condition_key::principal_account, condition_key::principal_arn,
                     condition_key::principal_tag_prefix, condition_key::user_id, condition_key::username});
}

bool names_everyone(const Statement& statement) {
  return std::ranges::any_of(statement.principals, [](const PrincipalPattern& principal) {
    return principal.kind == PrincipalPattern::Kind::everyone;
  });
}

// The first whole account that it names and that is not `account`; empty: none.
std::string_view foreign_account_of(const Statement& statement, const AccountId& account) {
  for (const auto& principal : statement.principals)
    if (principal.kind == PrincipalPattern::Kind::account && principal.text != account.text()) return principal.text;
  return {};
}

bool is_delegation(const Statement& statement, const AccountId& account) {
  return statement.listed_principals == Listed::these && !statement.principals.empty() &&
         std::ranges::all_of(statement.principals, [&](const PrincipalPattern& principal) {
           return principal.kind == PrincipalPattern::Kind::account && principal.text == account.text();
         });
}

class Linter {
 public:
  Linter(const Document& document, const AccountId& account) : document_(document), account_(account) {}

  std::vector<Finding> run() {
    for (const auto& statement : document_.statements()) look_at(statement);
    return std::move(findings_);
  }

 private:
  void add(std::string_view rule, Severity severity, const Statement& statement, std::string text) {
    findings_.push_back({.rule = rule, .severity = severity, .statement = statement.label, .text = std::move(text)});
  }

  void look_at(const Statement& statement) {
    look_whether_it_applies(statement);
    if (statement.effect == Effect::deny) return;
    const PolicyKind kind = document_.kind();
    if (kind == PolicyKind::boundary || kind == PolicyKind::session) return;  // They limit; they allow nothing.
    look_at_what_is_left_out(statement);
    if (kind == PolicyKind::trust) return look_at_trust(statement);
    if (kind == PolicyKind::key) {
      look_at_principals(statement);
      if (is_delegation(statement, account_)) return;  // The account's policies decide, and are read themselves.
    }
    look_at_actions(statement);
  }

  void look_whether_it_applies(const Statement& statement) {
    const bool about_resources = document_.kind() != PolicyKind::trust;
    if (statement.actions.empty() || (about_resources && statement.resources.empty()))
      add(rule::no_effect, Severity::warning, statement, "It names no action or no resource, so it has no effect.");
    for (const auto& condition : statement.conditions)
      if (is_never_there(condition.key()) && !condition.holds_of_nothing())
        add(rule::never_applies, statement.effect == Effect::deny ? Severity::error : Severity::warning, statement,
            "It never applies: no request here has " + condition.key() + ".");
  }

  void look_at_what_is_left_out(const Statement& statement) {
    const auto all_but = [&](Listed listed, std::string_view element) {
      if (listed == Listed::all_others)
        add(rule::all_others, Severity::warning, statement,
            "It allows all but what " + std::string(element) + " lists, whatever is added later.");
    };
    all_but(statement.listed_principals, "NotPrincipal");
    all_but(statement.listed_actions, "NotAction");
    all_but(statement.listed_resources, "NotResource");
  }

  void look_at_trust(const Statement& statement) {
    if (!is_about(statement, assume_role)) return;
    if (names_everyone(statement) && !narrows_by_caller(statement))
      add(rule::anyone, Severity::error, statement, "Anyone, of any account, may assume the role.");
    else if (const auto foreign = foreign_account_of(statement, account_);
             !foreign.empty() && !narrows_by(statement, {"sts:ExternalId", condition_key::principal_arn}))
      add(rule::confused_deputy, Severity::warning, statement,
          "All of account " + std::string(foreign) + " may assume the role, and no sts:ExternalId is asked for.");
  }

  void look_at_principals(const Statement& statement) {
    if (names_everyone(statement) && !narrows_by_caller(statement))
      add(rule::anyone, Severity::error, statement, "It allows anyone, of any account.");
    const auto foreign = foreign_account_of(statement, account_);
    if (!foreign.empty() && allows_decrypting(statement) &&
        !narrows_by(statement, {context_keys, condition_key::principal_arn}))
      add(rule::foreign_account, Severity::warning, statement,
          "Whoever account " + std::string(foreign) + " lets may decrypt, whatever the encryption context.");
  }

  void look_at_actions(const Statement& statement) {
    if (allows_every_action(statement))
      add(rule::every_action, Severity::error, statement, "It allows every KMS action.");
    if (document_.kind() == PolicyKind::identity && allows_decrypting(statement) &&
        std::ranges::any_of(statement.resources,
                            [&](const ArnPattern& resource) { return is_any_key(resource, account_); }) &&
        !narrows_by(statement, {context_keys, condition_key::resource_aliases, condition_key::request_alias,
                                condition_key::resource_tag_prefix}))
      add(rule::unbound_decrypt, Severity::error, statement,
          "It allows decrypting with any key, whatever the encryption context.");
    if (is_about(statement, create_grant) &&
        !narrows_by(statement,
                    {condition_key::grant_operations, condition_key::grant_constraint_type,
                     condition_key::grantee_principal, condition_key::grant_is_for_aws_resource, context_keys}))
      add(rule::unbound_grants, Severity::warning, statement,
          "It allows grants to anyone, of any operation that a grant can give.");
  }

  const Document& document_;
  const AccountId& account_;
  std::vector<Finding> findings_;
};

}  // namespace

bool may_allow(const Document& document, std::string_view action) {
  return std::ranges::any_of(document.statements(), [&](const Statement& statement) {
    return statement.effect == Effect::allow && is_about(statement, action);
  });
}

std::vector<Finding> lint(const Document& document, const AccountId& account) {
  return Linter(document, account).run();
}

}  // namespace keyfold::policy
