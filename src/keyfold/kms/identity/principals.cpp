// Names and keys of principals: their forms, and how new ones are made.
#include <algorithm>
#include <array>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/directory.h"

namespace keyfold::identity {
namespace {

// As in AWS's unique ids: base32 without padding.
constexpr std::string_view id_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool is_id_character(char c) { return id_alphabet.find(c) != std::string_view::npos; }

template <std::size_t Count>
InlineString<4 + Count> random_id(std::string_view prefix, Random& random) {
  InlineString<4 + Count> id(prefix);
  for (const std::byte b : random.bytes<Count>())
    id.append(id_alphabet.substr(std::to_integer<std::size_t>(b) % id_alphabet.size(), 1));
  return id;
}

template <class Name>
Name certain(std::string_view text) {
  auto name = Name::parse(text);
  KEYFOLD_CHECK(name.has_value());
  return *name;
}

PrincipalArn principal_arn(const AccountId& account, std::string_view kind, std::string_view name) {
  InlineString<PrincipalArnTag::size_max> arn("arn:aws:iam::");
  arn.append(account.text()).append(":").append(kind).append(name);
  return certain<PrincipalArn>(arn);
}

}  // namespace

bool UserNameTag::valid(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  });
}

bool UserIdTag::valid(std::string_view text) {
  return text.size() == size_max && text.starts_with("AIDA") && std::ranges::all_of(text, is_id_character);
}

PrincipalArn user_arn(const AccountId& account, const UserName& name) {
  return principal_arn(account, "user/", name.text());
}
PrincipalArn root_arn(const AccountId& account) { return principal_arn(account, "root", ""); }

User make_user(const AccountId& account, const UserName& name, std::string_view identity_policy, const Clock& clock,
               Random& random) {
  return {.account = account,
          .name = name,
          .id = certain<UserId>(random_id<17>("AIDA", random)),
          .created = clock.now(),
          .identity_policy = std::string(identity_policy)};
}

// 240 random bits, as base64's alphabet writes them.
Result<NewAccessKey> make_access_key(Random& random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t secret_size = 40;
  TRY_ASSIGN(const auto bits, random.secret(secret_size));
  TRY_ASSIGN(auto secret, SecretBytes::zeroed(secret_size));
  std::ranges::transform(bits.reveal(), secret.fill().begin(), [alphabet](std::byte b) {
    return static_cast<std::byte>(alphabet[std::to_integer<std::size_t>(b) % alphabet.size()]);
  });
  return NewAccessKey{.id = certain<AccessKeyId>(random_id<16>("AKIA", random)), .secret = std::move(secret)};
}

}  // namespace keyfold::identity
