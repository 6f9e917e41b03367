#include "keyfold/envelope/message/footer.h"

#include "keyfold/core/base/try.h"

namespace keyfold::message {
namespace {

Result<Footer> read(Fields& in) {
  TRY_ASSIGN(const auto size, in.u16());
  if (size == 0 || size > signature_size_max)
    return Error{ErrorCode::invalid_input, "the message's footer holds no signature"};
  TRY_ASSIGN(const auto signature, in.bytes(size));
  return Footer{.signature = signature, .size = in.position()};
}

}  // namespace

Result<Progress<Footer>> read_footer(BytesView bytes) {
  Fields in(bytes);
  auto footer = read(in);
  if (footer) return Progress<Footer>(*footer);
  if (in.cut_short()) return Progress<Footer>(NeedsMore{in.needed()});
  return std::move(footer).error();
}

void append_footer(Bytes& out, BytesView signature) {
  KEYFOLD_CHECK(!signature.empty() && signature.size() <= signature_size_max);
  Writer(out).sized16(signature);
}

}  // namespace keyfold::message
