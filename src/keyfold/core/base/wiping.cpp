#include "keyfold/core/base/wiping.h"

namespace keyfold {
namespace {

template <class Container>
void make_room(Container& out, std::size_t more) {
  if (out.capacity() - out.size() >= more) return;
  Container larger;
  larger.reserve(std::max(out.size() + more, out.capacity() * 2));
  larger.assign(out.begin(), out.end());
  wipe(out);
  out.swap(larger);
}

}  // namespace

void append_wiping(Bytes& out, BytesView bytes) {
  make_room(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_wiping(std::string& out, std::string_view text) {
  make_room(out, text.size());
  out.append(text);
}

}  // namespace keyfold
