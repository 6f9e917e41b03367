#pragma once
// A progress bar on a terminal; nothing anywhere else.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "keyfold/envelope/seal/source.h"

namespace keyfold::cli {

class Progress {
 public:
  enum class Shown : std::uint8_t { on_terminal, never };
  // `total`: bytes, when it is known.
  Progress(std::string what, std::optional<std::uint64_t> total, Shown shown);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();                    // Takes the bar away.
  void add(std::uint64_t bytes);  // From any thread.

 private:
  void draw() const;
  const std::string what_;
  const std::optional<std::uint64_t> total_;
  const bool shown_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_ = start_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
};

// What `from` gives, counted.
class CountedSource final : public seal::Source {
 public:
  CountedSource(seal::Source& from, Progress& progress) : from_(from), progress_(progress) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    auto got = from_.read(out);
    if (got) progress_.add(*got);
    return got;
  }

 private:
  seal::Source& from_;
  Progress& progress_;
};

}  // namespace keyfold::cli
