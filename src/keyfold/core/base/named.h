#pragma once
// Named<Tag>: a string that means one thing and has been checked. A KeyId is never taken for an AliasName.

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/result.h"

namespace keyfold {

// A Tag says what the string is (`what`), how long it may be (`size_max`, bytes), and which texts are one (`valid`).
// Held in place: copying a name never allocates.
template <class Tag>
class Named {
 public:
  // Parsed once, at the edge; an invalid one cannot exist. Fails with `invalid_input`.
  static Result<Named> parse(std::string_view text) {
    if (text.size() > Tag::size_max || !Tag::valid(text))
      return Error{ErrorCode::invalid_input, "not " + std::string(Tag::what)};
    return Named(text);
  }
  std::string_view text() const { return text_.view(); }
  friend bool operator==(const Named&, const Named&) = default;
  friend auto operator<=>(const Named&, const Named&) = default;

 private:
  explicit Named(std::string_view text) : text_(text) {}
  InlineString<Tag::size_max> text_;
};

struct AccountIdTag {
  static constexpr std::string_view what = "an account id (12 digits)";
  static constexpr std::size_t size_max = 12;
  static bool valid(std::string_view text);
};
using AccountId = Named<AccountIdTag>;  // "123456789012"

struct RegionTag {
  static constexpr std::string_view what = "a Region name";
  static constexpr std::size_t size_max = 32;
  static bool valid(std::string_view text);
};
using Region = Named<RegionTag>;  // "eu-central-1"

struct KeyIdTag {
  static constexpr std::string_view what = "a key id";
  static constexpr std::size_t size_max = 36;
  static bool valid(std::string_view text);
};
using KeyId = Named<KeyIdTag>;  // "1234abcd-12ab-34cd-56ef-1234567890ab" or "mrk-" and 32 digits; lower-case hex

struct KeyArnTag {
  static constexpr std::string_view what = "a key ARN";
  static constexpr std::size_t size_max = 112;
  static bool valid(std::string_view text);
};
using KeyArn = Named<KeyArnTag>;  // "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

struct AliasNameTag {
  static constexpr std::string_view what = "an alias name";
  static constexpr std::size_t size_max = 256;
  static bool valid(std::string_view text);
};
using AliasName = Named<AliasNameTag>;  // "alias/payments": "alias/", then one or more of a-z A-Z 0-9 / _ -

struct AliasArnTag {
  static constexpr std::string_view what = "an alias ARN";
  static constexpr std::size_t size_max = 336;
  static bool valid(std::string_view text);
};
using AliasArn = Named<AliasArnTag>;  // "arn:aws:kms:eu-central-1:123456789012:alias/payments"

struct PrincipalArnTag {
  static constexpr std::string_view what = "a principal ARN";
  static constexpr std::size_t size_max = 640;  // With a path of 512 characters and a name of 64.
  static bool valid(std::string_view text);
};
using PrincipalArn = Named<PrincipalArnTag>;  // "arn:aws:iam::123456789012:user/ledger-writer", or …:root

struct GrantIdTag {
  static constexpr std::string_view what = "a grant id";
  static constexpr std::size_t size_max = 64;
  static bool valid(std::string_view text);
};
using GrantId = Named<GrantIdTag>;  // 64 lower-case hex digits

struct AccessKeyIdTag {
  static constexpr std::string_view what = "an access key id";
  static constexpr std::size_t size_max = 128;
  static bool valid(std::string_view text);
};
using AccessKeyId = Named<AccessKeyIdTag>;  // 1 to 128 of A-Z a-z 0-9 _

// The parts of an ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. Views into the text. Fails with `invalid_input`.
struct ArnParts {
  std::string_view partition, service, region, account, resource;
};
Result<ArnParts> split_arn(std::string_view arn);

KeyArn key_arn(const Region& region, const AccountId& account, const KeyId& key);
AliasArn alias_arn(const Region& region, const AccountId& account, const AliasName& alias);
// What a key ARN says; a KeyArn is well-formed, so these cannot fail.
KeyId key_id_of(const KeyArn& arn);
Region region_of(const KeyArn& arn);
AccountId account_of(const KeyArn& arn);

}  // namespace keyfold

template <class Tag>
struct std::hash<keyfold::Named<Tag>> {
  std::size_t operator()(const keyfold::Named<Tag>& name) const { return std::hash<std::string_view>()(name.text()); }
};
