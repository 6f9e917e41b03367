#pragma once
// Buffer: what a connection has received. It keeps `body_padding` readable bytes behind its capacity, and wipes
// whatever memory it lets go: requests carry plaintexts and keys.

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/http/service.h"

namespace keyfold::http {

class Buffer {
 public:
  explicit Buffer(std::size_t capacity) : memory_(allocate(capacity)), capacity_(capacity) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { wipe(std::span(memory_.get(), size_)); }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::span<std::byte> filled() { return {memory_.get(), size_}; }
  std::span<std::byte> space() { return {memory_.get() + size_, capacity_ - size_}; }
  void commit(std::size_t count) { size_ += count; }  // What was written to space() counts.

  // Moves what is filled to memory of another size, which must hold it. Views are void.
  void reallocate(std::size_t capacity) {
    KEYFOLD_CHECK(capacity >= size_);
    auto larger = allocate(capacity);
    std::memcpy(larger.get(), memory_.get(), size_);
    wipe(filled());
    memory_ = std::move(larger);
    capacity_ = capacity;
  }
  // Drops the first `count` bytes, wipes them, and moves the rest to the front.
  void consume(std::size_t count) {
    wipe(std::span(memory_.get(), count));
    drop(count);
  }
  // Likewise; but of the dropped bytes the caller has wiped what is secret, when they were at hand.
  void drop(std::size_t count) {
    const std::size_t rest = size_ - count;
    if (rest > 0) {
      std::memmove(memory_.get(), memory_.get() + count, rest);
      wipe(std::span(memory_.get() + rest, count));
    }
    size_ = rest;
  }

 private:
  // Not zeroed, so that an idle connection's pages stay untouched; the padding is, so that reading it is defined.
  static std::unique_ptr<std::byte[]> allocate(std::size_t capacity) {
    std::unique_ptr<std::byte[]> memory(new std::byte[capacity + body_padding]);
    std::memset(memory.get() + capacity, 0, body_padding);
    return memory;
  }
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace keyfold::http
