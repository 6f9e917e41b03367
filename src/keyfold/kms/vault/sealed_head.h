#pragma once
// The sealed head, and the pages and directories under it: what says which records the store holds.
// docs/formats/sealed-head.md. These are the values of the records; each is sealed like any other.

#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/kms/vault/ids.h"
#include "keyfold/kms/vault/record_name.h"
#include "keyfold/kms/vault/root_key.h"

namespace keyfold::vault {

inline constexpr std::size_t page_entries_max = 32;  // A page is about 4 KiB: what a commit rewrites for one record,
inline constexpr std::size_t directory_entries_max =
    128;  // with a directory (3 KiB) and the head (24 bytes per 4,096 records).

// What a stored record must be.
struct Entry {
  std::uint64_t version = 0;
  RecordTag tag{};
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct PageEntry {
  std::string name;
  Entry entry;
};

// The multiset hash: the sum, modulo 2^256, of HMAC-SHA-256(sum key, version ‖ tag ‖ name) over all records but the
// head.
class RecordSum {
 public:
  // The sum key comes from the root key and the store's id.
  static Result<RecordSum> of_nothing(const RootKey& root, const StoreId& store);
  void add(std::string_view name, const Entry& entry);
  void subtract(std::string_view name, const Entry& entry);
  ByteArray<32> value() const;  // Big-endian.
  void set(const ByteArray<32>& value);

 private:
  using Words = std::array<std::uint64_t, 4>;  // Least significant first.
  Words term(std::string_view name, const Entry& entry);
  crypto::HmacSha256 hmac_;
  Words words_{};
};

struct Head {
  std::uint64_t revision = 0;  // The store's.
  std::uint64_t records = 0;   // Listed in pages.
  ByteArray<32> sum{};
  std::vector<Entry> directories;  // By number.
};

// Readers fail with `invalid_input`.
Bytes write_head(const Head& head);
Result<Head> read_head(BytesView value);
Bytes write_page(const std::vector<PageEntry>& entries);
Result<std::vector<PageEntry>> read_page(BytesView value);
Bytes write_directory(const std::vector<Entry>& pages);
Result<std::vector<Entry>> read_directory(BytesView value);

RecordName head_name();  // "head/-/-/head"
RecordName page_name(
    std::uint32_t number);  // "manifest/-/-/page-00000000"; page n is entry n mod 128 of directory n / 128
RecordName directory_name(std::uint32_t number);  // "manifest/-/-/directory-00000000"

}  // namespace keyfold::vault
