// Where a passphrase comes from: a file. Never an argument: those are everybody's to see.

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/private_file.h"
#include "keyfold/kms/vault/root_key.h"

namespace keyfold::vault {
namespace {

Result<SecretBytes> first_line(const SecretBytes& text) {
  auto line = text.reveal();
  if (const auto end = std::ranges::find(line, std::byte{'\n'}); end != line.end())
    line = line.first(static_cast<std::size_t>(end - line.begin()));
  if (!line.empty() && line.back() == std::byte{'\r'}) line = line.first(line.size() - 1);
  if (line.empty()) return Error{ErrorCode::invalid_input, "the passphrase is empty"};
  if (line.size() > passphrase_size_max)
    return Error{ErrorCode::invalid_input,
                 "the passphrase is longer than " + std::to_string(passphrase_size_max) + " bytes"};
  return SecretBytes::copy_of(line);
}

constexpr std::size_t read_max = passphrase_size_max + 2;  // With the line's end; one byte more than this is too long.

}  // namespace

Result<SecretBytes> read_passphrase_file(const std::filesystem::path& file) {
  TRY_ASSIGN(const auto text, read_private_file(file, read_max));
  return first_line(text);
}

}  // namespace keyfold::vault
