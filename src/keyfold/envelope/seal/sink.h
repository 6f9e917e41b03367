#pragma once
// Sink: where sealed or opened bytes go.

#include <iosfwd>

#include "keyfold/core/base/bytes.h"

namespace keyfold::seal {

// Called by one thread at a time; by the caller's own, or, with options.threads above 1, not always by the same.
class Sink {
 public:
  virtual ~Sink() = default;
  // Takes all of it before it returns; the bytes are gone afterwards. An Error ends the message.
  virtual Outcome write(BytesView bytes) = 0;
};

// Appends to a byte string of the caller's.
class BytesSink final : public Sink {
 public:
  explicit BytesSink(Bytes& out) : out_(out) {}
  Outcome write(BytesView bytes) override;

 private:
  Bytes& out_;
};

// Fails with `io` when the stream does.
class StreamSink final : public Sink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}
  Outcome write(BytesView bytes) override;

 private:
  std::ostream& out_;
};

}  // namespace keyfold::seal
