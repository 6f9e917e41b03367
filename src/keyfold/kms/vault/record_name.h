#pragma once
// RecordName: what a sealed record is called in the store: "<type>/<account>/<region>/<id>", the only part that is not
// sealed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"

namespace keyfold::vault {

// A new type is added here and in record_name.cpp.
enum class RecordType : std::uint8_t {
  key,
  material,  // Secret: its value is read through open_secret() only.
  alias,
  grant,
  user,
  group,
  role,
  policy,     // A managed policy.
  accesskey,  // Secret.
  keyuse,     // When an access key was used last.
  outbox,
  meta,
  storagekey,  // Secret. This and those below are the vault's own.
  manifest,
  head,
  root,  // The one record that is not sealed: which root key opens the rest.
};
std::string_view text_of(RecordType type);

class RecordName {
 public:
  static constexpr std::size_t id_size_max = 512;  // Bytes.

  // It is a CHECK that `id` is 1 to id_size_max printable ASCII characters: ids are checked where they come in.
  RecordName(RecordType type, std::string_view id);                            // Global to the process.
  RecordName(RecordType type, const AccountId& account, std::string_view id);  // Global to an account.
  RecordName(RecordType type, const AccountId& account, const Region& region, std::string_view id);
  static Result<RecordName> parse(std::string_view text);  // Fails with `invalid_input`.
  // A record beside `other`: of the same account and Region.
  static RecordName beside(const RecordName& other, RecordType type, std::string_view id);

  const std::string& text() const { return text_; }
  RecordType type() const { return type_; }
  // Views into this.
  std::string_view account() const { return part(account_at_, region_at_); }  // "-" when it is global to the process.
  std::string_view region() const { return part(region_at_, id_at_); }        // "-" when it is global to its account.
  std::string_view id() const { return std::string_view(text_).substr(id_at_); }

  friend bool operator==(const RecordName& a, const RecordName& b) { return a.text_ == b.text_; }
  friend auto operator<=>(const RecordName& a, const RecordName& b) { return a.text_ <=> b.text_; }

 private:
  RecordName(RecordType type, std::string_view account, std::string_view region, std::string_view id);
  std::string_view part(std::size_t from, std::size_t next) const {
    return std::string_view(text_).substr(from, next - 1 - from);
  }
  std::string text_;
  RecordType type_;
  std::uint16_t account_at_, region_at_, id_at_;
};

}  // namespace keyfold::vault
