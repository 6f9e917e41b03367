#include "keyfold/kms/vault/record_opener.h"

#include "keyfold/core/base/try.h"

namespace keyfold::vault {

bool sealed_under_root(RecordType type) { return type == RecordType::head || type == RecordType::storagekey; }

Outcome RecordOpener::open(const RecordName& name, std::uint64_t version, BytesView sealed,
                           std::span<std::byte> out) const {
  TRY_ASSIGN(const auto header, read_sealed_header(sealed));
  const RecordPlace place{.store = store_, .name = name, .version = version};
  if (sealed_under_root(name.type())) {
    if (header.key != root_.id()) return Error{ErrorCode::authentication, "sealed under another root key"};
    return open_record(root_.bytes().reveal(), place, sealed, out);
  }
  const auto* key = keys_.find(header.key);
  if (key == nullptr) return Error{ErrorCode::authentication, "sealed under a storage key that is not there"};
  return open_record(key->bytes.reveal(), place, sealed, out);
}

Result<SecretBytes> RecordOpener::open_secret(const RecordName& name, std::uint64_t version, BytesView sealed) const {
  TRY(read_sealed_header(sealed));
  TRY_ASSIGN(auto secret, SecretBytes::zeroed(sealed.size() - sealed_overhead));
  TRY(open(name, version, sealed, secret.fill()));
  return secret;
}

Outcome RecordOpener::open_into(Bytes& out, const RecordName& name, std::uint64_t version, BytesView sealed) const {
  TRY(read_sealed_header(sealed));
  wipe(out);
  out.resize(sealed.size() - sealed_overhead);
  return open(name, version, sealed, out);
}

}  // namespace keyfold::vault
