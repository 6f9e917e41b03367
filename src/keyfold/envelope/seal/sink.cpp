#include "keyfold/envelope/seal/sink.h"

#include <ostream>

namespace keyfold::seal {

Outcome BytesSink::write(BytesView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return ok();
}

Outcome StreamSink::write(BytesView bytes) {
  out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!out_) return Error{ErrorCode::io, "the output cannot be written"};
  return ok();
}

}  // namespace keyfold::seal
