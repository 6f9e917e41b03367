#include "keyfold/progress.h"

#include <unistd.h>

#include <cstdio>

namespace keyfold::cli {
namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr std::uint64_t bar_width = 30;

std::string mib(std::uint64_t bytes) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

}  // namespace

Progress::Progress(std::string what, std::optional<std::uint64_t> total, Shown shown)
    : what_(std::move(what)), total_(total), shown_(shown == Shown::on_terminal && isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_ && drawn_ != start_) std::fputs("\r\033[K", stderr);
}

void Progress::add(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  done_ += bytes;
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - drawn_ < redraw_after) return;
  drawn_ = now;
  draw();
}

void Progress::draw() const {
  const double seconds = std::chrono::duration<double>(drawn_ - start_).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(done_) / seconds);
  std::string line = "\r" + what_ + " ";
  if (total_ && *total_ > 0) {
    const std::uint64_t filled = done_ >= *total_ ? bar_width : done_ * bar_width / *total_;
    line += "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] ";
  }
  line += mib(done_) + ", " + mib(rate) + "/s\033[K";
  std::fputs(line.c_str(), stderr);
}

}  // namespace keyfold::cli
