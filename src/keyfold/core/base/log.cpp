#include "keyfold/core/base/log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "keyfold/core/base/json_text.h"

namespace keyfold {
namespace {

constexpr std::string_view name_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug";
    case Log::Level::info:
      return "info";
    case Log::Level::warning:
      return "warning";
    case Log::Level::error:
      return "error";
  }
  return "error";
}

// One write(2) for a line, so that lines of several processes do not mix. A log that cannot be written is not worth
// dying for.
void write_line(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void Log::write(Level level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least_) return;
  std::string line;
  const auto quoted = [&line](std::string_view text) {
    line += '"';
    append_json_escaped(line, text);
    line += '"';
  };
  const std::string time = to_iso8601(clock_.now());
  if (format_ == Format::json) {
    line += "{\"time\":";
    quoted(time);
    line += ",\"level\":";
    quoted(name_of(level));
    line += ",\"message\":";
    quoted(message);
  } else {
    line += time;
    line += ' ';
    line += name_of(level);
    line += ' ';
    append_json_escaped(line, message);
  }
  for (const LogField& field : fields) {
    if (format_ == Format::json) {
      line += ',';
      quoted(field.name_);
      line += ':';
    } else {
      line += ' ';
      line += field.name_;
      line += '=';
    }
    if (field.is_number_) {
      line += std::to_string(field.number_);
    } else {
      quoted(field.text_);
    }
  }
  line += format_ == Format::json ? "}\n" : "\n";
  const std::lock_guard lock(mutex_);
  write_line(fd_, line);
}

}  // namespace keyfold
