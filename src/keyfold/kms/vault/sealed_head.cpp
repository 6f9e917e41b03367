#include "keyfold/kms/vault/sealed_head.h"

#include <array>
#include <cstdio>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view sum_label = "keyfold/head-sum/v1";

void write_entry(Writer& out, const Entry& entry) { out.u64(entry.version).bytes(entry.tag); }

Result<Entry> read_entry(Reader& in) {
  Entry entry;
  TRY_ASSIGN(entry.version, in.u64());
  TRY_ASSIGN(entry.tag, in.array<16>());
  return entry;
}

RecordName numbered(std::string_view kind, std::uint32_t number) {
  std::array<char, 9> hex{};
  std::snprintf(hex.data(), hex.size(), "%08x", number);
  return {RecordType::manifest, std::string(kind) + hex.data()};
}

}  // namespace

Result<RecordSum> RecordSum::of_nothing(const RootKey& root, const StoreId& store) {
  TRY_ASSIGN(auto key, SecretBytes::zeroed(32));
  TRY(crypto::kbkdf_hmac_sha256(root.bytes().reveal(), sum_label, store, key.fill()));
  RecordSum sum;
  TRY(sum.hmac_.set_key(key.reveal()));
  return sum;
}

RecordSum::Words RecordSum::term(std::string_view name, const Entry& entry) {
  ByteArray<8> version;
  for (std::size_t i = 0; i < version.size(); ++i) version[i] = static_cast<std::byte>(entry.version >> (56 - 8 * i));
  // The name last: what stands before it has a fixed size, so no two records share an input.
  const auto digest = hmac_.sign({version, entry.tag, as_bytes(name)});
  Words words{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    words[3 - i / 8] = words[3 - i / 8] << 8 | std::to_integer<std::uint64_t>(digest[i]);
  return words;
}

void RecordSum::add(std::string_view name, const Entry& entry) {
  const auto words = term(name, entry);
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t with_carry = words_[i] + carry;
    const std::uint64_t total = with_carry + words[i];
    carry = (with_carry < carry ? 1U : 0U) + (total < with_carry ? 1U : 0U);
    words_[i] = total;
  }
}

void RecordSum::subtract(std::string_view name, const Entry& entry) {
  const auto words = term(name, entry);
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t before = words_[i];
    words_[i] = before - words[i] - borrow;
    borrow = before < words[i] || (before == words[i] && borrow == 1) ? 1 : 0;
  }
}

ByteArray<32> RecordSum::value() const {
  ByteArray<32> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(words_[3 - i / 8] >> (56 - 8 * (i % 8)));
  return bytes;
}

void RecordSum::set(const ByteArray<32>& value) {
  for (std::size_t i = 0; i < value.size(); ++i)
    words_[3 - i / 8] = words_[3 - i / 8] << 8 | std::to_integer<std::uint64_t>(value[i]);
}

// sealed-head.md, "Head".
Bytes write_head(const Head& head) {
  Bytes value;
  Writer out(value);
  out.u64(head.revision).u64(head.records).bytes(head.sum).u32(static_cast<std::uint32_t>(head.directories.size()));
  for (const auto& entry : head.directories) write_entry(out, entry);
  return value;
}

Result<Head> read_head(BytesView value) {
  Reader in(value);
  Head head;
  TRY_ASSIGN(head.revision, in.u64());
  TRY_ASSIGN(head.records, in.u64());
  TRY_ASSIGN(head.sum, in.array<32>());
  TRY_ASSIGN(const auto count, in.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const auto entry, read_entry(in));  // Ends the loop when the bytes do.
    head.directories.push_back(entry);
  }
  TRY(in.end());
  return head;
}

// sealed-head.md, "Page".
Bytes write_page(const std::vector<PageEntry>& entries) {
  Bytes value;
  Writer out(value);
  out.u16(static_cast<std::uint16_t>(entries.size()));
  for (const auto& [name, entry] : entries) {
    out.sized16(as_bytes(name));
    write_entry(out, entry);
  }
  return value;
}

Result<std::vector<PageEntry>> read_page(BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto count, in.u16());
  if (count > page_entries_max) return Error{ErrorCode::invalid_input, "too many entries in a page"};
  std::vector<PageEntry> entries(count);
  for (auto& [name, entry] : entries) {
    TRY_ASSIGN(const auto text, in.sized16());
    name = as_text(text);
    TRY_ASSIGN(entry, read_entry(in));
  }
  TRY(in.end());
  return entries;
}

// sealed-head.md, "Directory".
Bytes write_directory(const std::vector<Entry>& pages) {
  Bytes value;
  Writer out(value);
  out.u16(static_cast<std::uint16_t>(pages.size()));
  for (const auto& entry : pages) write_entry(out, entry);
  return value;
}

Result<std::vector<Entry>> read_directory(BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto count, in.u16());
  if (count > directory_entries_max) return Error{ErrorCode::invalid_input, "too many entries in a directory"};
  std::vector<Entry> pages(count);
  for (auto& entry : pages) {
    TRY_ASSIGN(entry, read_entry(in));
  }
  TRY(in.end());
  return pages;
}

RecordName head_name() { return {RecordType::head, "head"}; }
RecordName page_name(std::uint32_t number) { return numbered("page-", number); }
RecordName directory_name(std::uint32_t number) { return numbered("directory-", number); }

}  // namespace keyfold::vault
