#pragma once
// Log: what the operator reads. One line per message, as JSON or as text. A secret cannot be logged: the overload is
// deleted. Safe to use from several threads. Not the audit log: that is `audit`'s.

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/secret.h"

namespace keyfold {

// A name and a value beside a message: views, which must live until the message is written. Numbers are written as
// numbers.
class LogField {
 public:
  LogField(std::string_view name, std::string_view value) : name_(name), text_(value) {}
  LogField(std::string_view name, const char* value) : LogField(name, std::string_view(value)) {}
  LogField(std::string_view name, const std::string& value) : LogField(name, std::string_view(value)) {}
  template <class Number>
    requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>)
  LogField(std::string_view name, Number value)
      : name_(name), number_(static_cast<std::int64_t>(value)), is_number_(true) {}
  LogField(std::string_view name, const SecretBytes& value) = delete;

 private:
  friend class Log;
  std::string_view name_;
  std::string_view text_;
  std::int64_t number_ = 0;
  bool is_number_ = false;
};

class Log {
 public:
  enum class Format : std::uint8_t { text, json };
  enum class Level : std::uint8_t { debug, info, warning, error };

  // Writes to `fd`, which it does not own, messages of `least` and above. `clock` and `fd` must outlive it.
  Log(const Clock& clock, int fd, Format format, Level least = Level::info)
      : clock_(clock), fd_(fd), format_(format), least_(least) {}

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Level::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Level::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Level::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Level::error, message, fields);
  }

 private:
  void write(Level level, std::string_view message, std::initializer_list<LogField> fields);
  const Clock& clock_;
  const int fd_;
  const Format format_;
  const Level least_;
  std::mutex mutex_;
};

}  // namespace keyfold
