#pragma once
// IamCall: one authenticated request of IAM or STS on its way through an operation: what Call is for KMS. Decoding and
// the decision come before the handler, by the table; what a handler reads or changes, it needs the permit for.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/http/service.h"
#include "keyfold/core/protocol/query.h"
#include "keyfold/core/protocol/xml_writer.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/identity/changes.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/call_facts.h"
#include "keyfold/kms/server/iam/iam_table.h"

namespace keyfold::server {

// Condition values of a request, with their texts.
struct IamFacts {
  identity::OwnedFacts owned;
  std::deque<std::vector<std::string_view>> lists;
  std::vector<policy::ConditionValue> all;
  std::size_t taken = 0;  // Of `owned`, how many are in `all`.
  void add(std::string key, std::string value) { owned.add(std::move(key), std::move(value)); }
  void add_list(std::string_view key, std::vector<std::string_view> values);
  std::span<const policy::ConditionValue> view();
};

// Of parameters that are booleans: for IamCall::choice.
inline constexpr std::array<std::string_view, 2> truth_values = {"true", "false"};

// What a decision is about, as it was then.
struct About {
  std::string arn;
  std::vector<identity::Tag> tags{};      // Its own; of one that is yet to be made, none.
  std::optional<std::string> boundary{};  // Likewise.
  friend bool operator==(const About&, const About&) = default;
};

// Lives for one request, on one thread.
class IamCall {
 public:
  IamCall(Services& services, QueryService service, const identity::Caller& caller, const keys::Place& place,
          const http::Request& http, http::Reply& reply);
  IamCall(const IamCall&) = delete;
  IamCall& operator=(const IamCall&) = delete;
  ~IamCall() { query_.wipe(); }

  // All of it: decode, decide, do. The reply has its XML when this succeeds.
  Outcome perform();

  const IamRow& row() const { return *row_; }
  const IamRow* known_row() const { return row_; }  // Null: the request asks for none that there is.
  const identity::Caller& caller() const { return caller_; }
  const AccountId& account() const { return caller_.account; }
  Timestamp now() const { return services_.clock.now(); }
  Random& random() const { return services_.random; }
  identity::Entities& entities() const { return services_.entities; }
  protocol::XmlWriter& xml() { return xml_; }
  // Before a secret is written to the reply: a string that grows leaves a copy behind.
  void reserve_secret() { reply_.body.reserve(reply_.body.size() + secret_room); }

  // Parameters. Those that must be there, or are not of their form, fail with `validation` and AWS's text.
  std::optional<std::string_view> text(std::string_view parameter) const { return query_.text(parameter); }
  Result<std::string_view> need(std::string_view parameter) const;
  template <class Name>
  Result<Name> name(std::string_view parameter) const {
    auto text = need(parameter);
    if (!text) return std::move(text).error();
    auto name = Name::parse(*text);
    if (!name) return malformed(parameter, *text);
    return name;
  }
  // The one named, or the caller; none: the root.
  Result<std::optional<identity::UserName>> user_or_caller() const;
  Result<std::string_view> arn(std::string_view parameter) const;  // Its length is checked, no more.
  Result<identity::EntityPath> path() const;                       // "/" when none is given.
  Result<std::string> path_prefix() const;                         // Likewise.
  Result<std::int64_t> number(std::string_view parameter, std::int64_t usual, std::int64_t min, std::int64_t max) const;
  Result<std::string> description() const;
  Result<std::string> role_description() const;  // In fewer characters.
  Result<std::uint32_t> version_number() const;  // VersionId: "v3".
  Result<std::vector<identity::Tag>> tags() const;
  // A list of text; of a list of something else, a part of each member.
  Result<std::vector<std::string_view>> texts(std::string_view list, std::string_view part = {}) const;
  // One of these, or "" when it is not there.
  Result<std::string_view> choice(std::string_view parameter, std::span<const std::string_view> choices) const;
  bool has(std::string_view parameter) const;  // Or a member of the list of this name.
  static Error malformed(std::string_view parameter, std::string_view value);

  // The decision, by the table, and about the tags that the request puts. What it was is noted for the record.
  Result<policy::ActionPermit> authorize();

  // Spends the permit, and gives what there is: that which was decided on.
  Result<std::shared_ptr<const identity::Snapshot>> look(policy::ActionPermit permit) const {
    return look(std::move(permit), account());
  }
  // Likewise, where it is for an account that need not be the caller's.
  Result<std::shared_ptr<const identity::Snapshot>> look(policy::ActionPermit permit, const AccountId& account) const;
  // Spends the permit, changes, and commits the record of this call with the change. Fails with `conflict` when what
  // the decision was about has become something else.
  Outcome change(policy::ActionPermit permit, FunctionRef<Outcome(identity::Edit&)> edit);

  // For the record: responseElements. Never a secret.
  void note_response(std::string_view name, std::string_view value);
  bool committed() const { return committed_; }
  // The leaf of this call: how it ended.
  std::string leaf(const Outcome& outcome, std::string_view event_id) const;
  std::string_view operation_name() const { return row_ == nullptr ? "UnknownOperation" : row_->name; }

  // A page of a list: <name><member>…</member></name><IsTruncated>…<Marker>…. Items are given in the order of their
  // keys; `write(xml, item)` writes the inside of a member.
  template <class Item, class Write>
  Outcome page(std::string_view list, std::vector<std::pair<std::string, Item>> items, Write&& write);
  // Likewise, of items that stand in several lists, one list after another; `list_of(item)` says in which.
  template <class Item, class ListOf, class Write>
  Outcome page_of_lists(std::initializer_list<std::string_view> lists, std::vector<std::pair<std::string, Item>> items,
                        ListOf&& list_of, Write&& write);
  // Likewise, of a list whose members are text.
  Outcome page_of_texts(std::string_view list, std::vector<std::string> texts);

 private:
  static constexpr std::size_t secret_room = 32768;  // Bytes: more than any reply with a secret has.
  struct PageWanted {
    std::string after;
    std::size_t limit;
  };
  Result<PageWanted> page_wanted() const;
  struct Cut {
    std::size_t first = 0, count = 0;
    std::string marker;  // Empty: there is no more.
  };
  template <class Items>
  Result<Cut> cut_page(const Items& items) const;
  void end_page(const Cut& cut);
  Outcome read();
  bool note_parameters();
  Outcome check_parameters() const;
  Outcome check_session() const;
  Result<About> about(const identity::Snapshot& snapshot) const;
  Result<About> about_user(const identity::Snapshot& snapshot) const;
  Result<About> about_policy(const identity::Snapshot& snapshot) const;
  Result<About> about_key_holder(const identity::Snapshot& snapshot) const;
  Outcome add_request_facts();
  void add_facts_of(const About& about);
  Result<policy::ActionPermit> authorize_role();
  Result<std::optional<std::string_view>> external_id() const;
  CallFacts call_facts() const;
  Result<policy::ActionPermit> decide(std::string_view action, const std::string& resource);
  Result<policy::ActionPermit> decide(std::string_view action, const identity::RoleEntry& role);
  void note(const policy::Reason& reason, bool allowed);
  storage::OutboxRecord event() const;

  Services& services_;
  const QueryService service_;
  const identity::Caller& caller_;
  const keys::Place& place_;
  const http::Request& http_;
  http::Reply& reply_;
  const IamRow* row_ = nullptr;
  protocol::QueryReader query_;
  protocol::XmlWriter xml_;
  policy::Authorizer authorizer_;
  std::shared_ptr<const identity::Snapshot> snapshot_;  // That decisions are made on.
  IamFacts facts_;
  std::vector<identity::Tag> request_tags_;  // That `facts_` has views of.
  About about_;                              // What was decided on.
  struct AskedRole {
    PrincipalArn arn;
    AccountId account;
  };
  std::optional<AskedRole> role_;  // That the caller asks to become, and there is.
  std::deque<std::string> noted_;
  std::vector<audit::EventField> parameters_, response_;
  std::string_view decision_;
  std::string deciding_statement_;
  bool committed_ = false;
};

// What the operation does. Writes the inside of the result; nothing for those that have none.
template <IamOperation O>
Outcome run(IamCall& call, policy::ActionPermit permit);
Outcome run(IamOperation operation, IamCall& call, policy::ActionPermit permit);  // By the table.

template <class Item, class Write>
Outcome IamCall::page(std::string_view list, std::vector<std::pair<std::string, Item>> items, Write&& write) {
  auto cut = cut_page(items);
  if (!cut) return std::move(cut).error();
  xml_.open(list);
  for (const auto& item : std::span(items).subspan(cut->first, cut->count)) {
    xml_.open("member");
    write(xml_, item.second);
    xml_.close("member");
  }
  xml_.close(list);
  end_page(*cut);
  return ok();
}

template <class Item, class ListOf, class Write>
Outcome IamCall::page_of_lists(std::initializer_list<std::string_view> lists,
                               std::vector<std::pair<std::string, Item>> items, ListOf&& list_of, Write&& write) {
  auto cut = cut_page(items);
  if (!cut) return std::move(cut).error();
  for (const auto list : lists) {
    xml_.open(list);
    for (const auto& item : std::span(items).subspan(cut->first, cut->count)) {
      if (list_of(item.second) != list) continue;
      xml_.open("member");
      write(xml_, item.second);
      xml_.close("member");
    }
    xml_.close(list);
  }
  end_page(*cut);
  return ok();
}

template <class Items>
Result<IamCall::Cut> IamCall::cut_page(const Items& items) const {
  auto wanted = page_wanted();
  if (!wanted) return std::move(wanted).error();
  const auto key_of = [](const auto& item) -> std::string_view {
    if constexpr (requires { item.first; })
      return item.first;
    else
      return item;
  };
  Cut cut;
  while (cut.first < items.size() && !wanted->after.empty() && key_of(items[cut.first]) <= wanted->after) ++cut.first;
  cut.count = std::min(wanted->limit, items.size() - cut.first);
  if (cut.first + cut.count < items.size()) cut.marker = key_of(items[cut.first + cut.count - 1]);
  return cut;
}

// A file for each kind of thing.
template <>
Outcome run<IamOperation::add_user_to_group>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::assume_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::attach_group_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::attach_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::attach_user_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_access_key>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_group>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_policy_version>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::create_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_access_key>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_group>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_group_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_policy_version>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_role_permissions_boundary>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_user_permissions_boundary>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::delete_user_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::detach_group_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::detach_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::detach_user_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_access_key_last_used>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_caller_identity>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_group>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_group_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_policy_version>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_session_token>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::get_user_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_access_keys>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_attached_group_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_attached_role_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_attached_user_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_entities_for_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_group_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_groups>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_groups_for_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_policy_versions>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_role_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_role_tags>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_roles>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_user_policies>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_user_tags>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::list_users>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::put_group_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::put_role_permissions_boundary>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::put_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::put_user_permissions_boundary>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::put_user_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::remove_user_from_group>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::set_default_policy_version>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::tag_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::tag_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::untag_role>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::untag_user>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::update_access_key>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::update_assume_role_policy>(IamCall& call, policy::ActionPermit permit);
template <>
Outcome run<IamOperation::update_role>(IamCall& call, policy::ActionPermit permit);

}  // namespace keyfold::server
