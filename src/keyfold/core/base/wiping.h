#pragma once
// Plaintext and secrets in ordinary strings, where an interface or their size asks for those: wiped when they go, and
// when they grow.

#include "keyfold/core/base/bytes.h"

namespace keyfold {

// Appends. A string that grows by itself leaves a copy of what it held behind; this wipes that.
void append_wiping(Bytes& out, BytesView bytes);
void append_wiping(std::string& out, std::string_view text);

// Wipes a string of the caller's, which must outlive it, at the end of a scope: however that is left.
template <class Container>
class WipeAtEnd {
 public:
  explicit WipeAtEnd(Container& container) : container_(container) {}
  ~WipeAtEnd() { wipe(container_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  Container& container_;
};

}  // namespace keyfold
