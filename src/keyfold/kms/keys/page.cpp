#include "keyfold/kms/keys/page.h"

#include <algorithm>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/crypto/digest.h"

namespace keyfold::keys {
namespace {

constexpr std::size_t list_id_size = 8;  // Enough to tell lists apart: a marker is no secret and grants nothing.
constexpr std::size_t marker_size_max = 1024;

}  // namespace

// base64(the first 8 bytes of SHA-256(list) ‖ last)
std::string make_marker(std::string_view list, std::string_view last) {
  const auto digest = crypto::sha256(as_bytes(list));
  Bytes marker(digest.begin(), digest.begin() + list_id_size);
  Writer(marker).text(last);
  return to_base64(marker);
}

Result<std::string> read_marker(std::string_view list, std::string_view marker) {
  if (marker.empty()) return std::string();
  const Error invalid{ErrorCode::invalid_marker, "The marker is not valid for this list."};
  if (marker.size() > marker_size_max) return invalid;
  const auto bytes = from_base64(marker);
  if (!bytes || bytes->size() <= list_id_size) return invalid;
  const auto digest = crypto::sha256(as_bytes(list));
  if (!std::ranges::equal(BytesView(*bytes).first(list_id_size), BytesView(digest).first(list_id_size))) return invalid;
  return std::string(as_text(BytesView(*bytes).subspan(list_id_size)));
}

}  // namespace keyfold::keys
