// The parsers of what lies in the store: names, sealed records, the head, pages, directories, the root record. Whoever
// can write to the store can hand them anything. And sealed tokens, which anybody may send. The first byte chooses.

#include <cstddef>
#include <cstdint>
#include <span>

#include "keyfold/kms/vault/root_record.h"
#include "keyfold/kms/vault/sealed_head.h"
#include "keyfold/kms/vault/sealed_record.h"
#include "keyfold/kms/vault/sealed_token.h"

using namespace keyfold;
using namespace keyfold::vault;

namespace {

template <class Value, class Write>
void reads_as_it_is_written(const Result<Value>& read, BytesView bytes, Write write) {
  if (!read) return;
  const Bytes again = write(*read);
  KEYFOLD_CHECK(std::ranges::equal(again, bytes));
}

void open(BytesView sealed) {
  const auto header = read_sealed_header(sealed);
  if (!header) return;
  static const StoreId store{};
  static const RecordName name(RecordType::key, "fuzz");
  static const Bytes key(32, std::byte{1});
  Bytes out(sealed.size() - sealed_overhead);
  const RecordPlace place{.store = store, .name = name, .version = 1};
  if (!open_record(key, place, sealed, out)) return;
  // What opens is what sealing the value gives.
  const auto again = seal_record(key, *header, place, out);
  KEYFOLD_CHECK(again && std::ranges::equal(*again, sealed));
}

void open_sealed_token(BytesView token) {
  const auto header = read_sealed_token_header(token);
  if (!header) return;
  static const StoreId store{};
  static const Bytes key(32, std::byte{1});
  Bytes out(token.size() - sealed_token_overhead);
  if (!open_token(key, store, "keyfold/fuzz/v1", token, out)) return;
  const auto again = seal_token(key, *header, store, "keyfold/fuzz/v1", out);
  KEYFOLD_CHECK(again && std::ranges::equal(*again, token));
}

void parse_name(BytesView text) {
  const auto name = RecordName::parse(as_text(text));
  if (!name) return;
  KEYFOLD_CHECK(name->text() == as_text(text));
  KEYFOLD_CHECK(RecordName::beside(*name, name->type(), name->id()) == *name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 7) {
    case 0:
      open(bytes);
      break;
    case 1:
      parse_name(bytes);
      break;
    case 2:
      reads_as_it_is_written(read_head(bytes), bytes, write_head);
      break;
    case 3:
      reads_as_it_is_written(read_page(bytes), bytes, write_page);
      break;
    case 4:
      reads_as_it_is_written(read_directory(bytes), bytes, write_directory);
      break;
    case 5:
      open_sealed_token(bytes);
      break;
    default:
      (void)read_root_record(bytes);
      break;
  }
  return 0;
}
