#pragma once
// Source: where plaintext or sealed bytes come from, from front to end. RandomAccess: where parts are read.

#include <iosfwd>

#include "keyfold/core/base/bytes.h"

namespace keyfold::seal {

// Called by one thread at a time; by the caller's own, or, with options.threads above 1, not always by the same.
class Source {
 public:
  virtual ~Source() = default;
  // Up to out.size() bytes (CHECK); 0 only at the end. An Error ends the message.
  virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
};

// Bytes that must outlive it.
class BytesSource final : public Source {
 public:
  explicit BytesSource(BytesView bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<std::byte> out) override;

 private:
  BytesView rest_;
};

// Fails with `io` when the stream does, and when it has failed before (a file that could not be opened is not an empty
// one).
class StreamSource final : public Source {
 public:
  explicit StreamSource(std::istream& in) : in_(in) {}
  Result<std::size_t> read(std::span<std::byte> out) override;

 private:
  std::istream& in_;
};

// As much as `out` takes, or as there is: less only at the end.
Result<std::size_t> read_fully(Source& source, std::span<std::byte> out);

class RandomAccess {
 public:
  virtual ~RandomAccess() = default;
  virtual std::uint64_t size() const = 0;  // Bytes; stays the same.
  // Fills `out` from `offset` on; offset + out.size() <= size(). Fails with `io`.
  virtual Outcome read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

// Bytes that must outlive it.
class BytesAccess final : public RandomAccess {
 public:
  explicit BytesAccess(BytesView bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Outcome read_at(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  BytesView bytes_;
};

}  // namespace keyfold::seal
