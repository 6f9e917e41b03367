#include "keyfold/envelope/seal/source.h"

#include <istream>

#include "keyfold/core/base/try.h"

namespace keyfold::seal {

Result<std::size_t> BytesSource::read(std::span<std::byte> out) {
  const auto piece = rest_.first(std::min(out.size(), rest_.size()));
  std::ranges::copy(piece, out.begin());
  rest_ = rest_.subspan(piece.size());
  return piece.size();
}

Result<std::size_t> StreamSource::read(std::span<std::byte> out) {
  if (in_.eof() && !in_.bad()) return std::size_t{0};
  if (!in_) return Error{ErrorCode::io, "the input cannot be read"};
  in_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  if (in_.bad()) return Error{ErrorCode::io, "the input cannot be read"};
  return static_cast<std::size_t>(in_.gcount());
}

Result<std::size_t> read_fully(Source& source, std::span<std::byte> out) {
  std::size_t had = 0;
  while (had < out.size()) {
    TRY_ASSIGN(const std::size_t got, source.read(out.subspan(had)));
    KEYFOLD_CHECK(got <= out.size() - had);
    if (got == 0) break;
    had += got;
  }
  return had;
}

Outcome BytesAccess::read_at(std::uint64_t offset, std::span<std::byte> out) {
  KEYFOLD_CHECK(offset <= bytes_.size() && out.size() <= bytes_.size() - offset);
  std::ranges::copy(bytes_.subspan(static_cast<std::size_t>(offset), out.size()), out.begin());
  return ok();
}

}  // namespace keyfold::seal
