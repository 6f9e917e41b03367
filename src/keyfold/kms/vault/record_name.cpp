#include "keyfold/kms/vault/record_name.h"

#include <algorithm>
#include <array>
#include <utility>

namespace keyfold::vault {
namespace {

using TypeText = std::pair<RecordType, std::string_view>;
constexpr std::array types = {
    TypeText{RecordType::key, "key"},
    TypeText{RecordType::material, "material"},
    TypeText{RecordType::alias, "alias"},
    TypeText{RecordType::grant, "grant"},
    TypeText{RecordType::user, "user"},
    TypeText{RecordType::group, "group"},
    TypeText{RecordType::role, "role"},
    TypeText{RecordType::policy, "policy"},
    TypeText{RecordType::accesskey, "accesskey"},
    TypeText{RecordType::keyuse, "keyuse"},
    TypeText{RecordType::outbox, "outbox"},
    TypeText{RecordType::meta, "meta"},
    TypeText{RecordType::storagekey, "storagekey"},
    TypeText{RecordType::manifest, "manifest"},
    TypeText{RecordType::head, "head"},
    TypeText{RecordType::root, "root"},
};

bool valid_id(std::string_view id) {
  return !id.empty() && id.size() <= RecordName::id_size_max &&
         std::ranges::all_of(id, [](char c) { return c >= ' ' && c <= '~'; });
}

// The text before the next '/', taken off `text` together with it; empty when there is none.
std::string_view take_part(std::string_view& text) {
  const auto end = text.find('/');
  if (end == std::string_view::npos) return {};
  const auto part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

}  // namespace

std::string_view text_of(RecordType type) {
  const auto* const found = std::ranges::find(types, type, &TypeText::first);
  KEYFOLD_CHECK(found != types.end());
  return found->second;
}

RecordName::RecordName(RecordType type, std::string_view id) : RecordName(type, "-", "-", id) {}
RecordName::RecordName(RecordType type, const AccountId& account, std::string_view id)
    : RecordName(type, account.text(), "-", id) {}
RecordName::RecordName(RecordType type, const AccountId& account, const Region& region, std::string_view id)
    : RecordName(type, account.text(), region.text(), id) {}

RecordName::RecordName(RecordType type, std::string_view account, std::string_view region, std::string_view id)
    : type_(type) {
  KEYFOLD_CHECK(valid_id(id));
  text_.append(text_of(type)).append("/");
  account_at_ = static_cast<std::uint16_t>(text_.size());
  text_.append(account).append("/");
  region_at_ = static_cast<std::uint16_t>(text_.size());
  text_.append(region).append("/");
  id_at_ = static_cast<std::uint16_t>(text_.size());
  text_.append(id);
}

RecordName RecordName::beside(const RecordName& other, RecordType type, std::string_view id) {
  return {type, other.account(), other.region(), id};
}

Result<RecordName> RecordName::parse(std::string_view text) {
  const Error error{ErrorCode::invalid_input, "not a sealed record's name"};
  const auto type_text = take_part(text);
  const auto account = take_part(text);
  const auto region = take_part(text);
  const auto* const type = std::ranges::find(types, type_text, &TypeText::second);
  if (type == types.end() || !valid_id(text)) return error;
  if (account == "-" ? region != "-" : !AccountId::parse(account)) return error;
  if (region != "-" && !Region::parse(region)) return error;
  return RecordName(type->first, account, region, text);
}

}  // namespace keyfold::vault
