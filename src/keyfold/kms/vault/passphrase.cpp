// Where a passphrase comes from: a file descriptor, a file, or a person. Never an argument: those are everybody's to
// see.

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/private_file.h"
#include "keyfold/kms/vault/root_key.h"

namespace keyfold::vault {
namespace {

Result<SecretBytes> first_line(const SecretBytes& text) {
  auto line = text.reveal();
  if (const auto end = std::ranges::find(line, std::byte{'\n'}); end != line.end())
    line = line.first(static_cast<std::size_t>(end - line.begin()));
  if (!line.empty() && line.back() == std::byte{'\r'}) line = line.first(line.size() - 1);
  if (line.empty()) return Error{ErrorCode::invalid_input, "the passphrase is empty"};
  if (line.size() > passphrase_size_max)
    return Error{ErrorCode::invalid_input,
                 "the passphrase is longer than " + std::to_string(passphrase_size_max) + " bytes"};
  return SecretBytes::copy_of(line);
}

constexpr std::size_t read_max = passphrase_size_max + 2;  // With the line's end; one byte more than this is too long.

// The terminal without echo, for as long as this lives.
class Unechoed {
 public:
  explicit Unechoed(int fd) : fd_(fd), changed_(tcgetattr(fd, &before_) == 0) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = changed_ && tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  Unechoed(const Unechoed&) = delete;
  Unechoed& operator=(const Unechoed&) = delete;
  ~Unechoed() {
    if (changed_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  enum class State : std::uint8_t { echoing, quiet };
  State state() const { return changed_ ? State::quiet : State::echoing; }

 private:
  int fd_;
  termios before_{};
  bool changed_;
};

Result<SecretBytes> read_line(int fd) {
  TRY_ASSIGN(auto buffer, SecretBytes::zeroed(read_max));
  ssize_t got = -1;
  do got = read(fd, buffer.fill().data(), buffer.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) return Error{ErrorCode::io, "cannot read from the terminal: " + std::generic_category().message(errno)};
  TRY_ASSIGN(const auto text, SecretBytes::copy_of(buffer.reveal().first(static_cast<std::size_t>(got))));
  return first_line(text);
}

}  // namespace

Result<SecretBytes> read_passphrase(int fd) {
  TRY_ASSIGN(const auto text, read_secret(fd, read_max));
  return first_line(text);
}

Result<SecretBytes> read_passphrase_file(const std::filesystem::path& file) {
  TRY_ASSIGN(const auto text, read_private_file(file, read_max));
  return first_line(text);
}

Result<SecretBytes> ask_passphrase(const std::string& prompt) {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return Error{ErrorCode::unavailable, "there is no terminal to ask for the passphrase on"};
  Result<SecretBytes> answer = Error{ErrorCode::unavailable, "the terminal would show the passphrase"};
  {
    const Unechoed unechoed(fd);
    const std::string question = prompt + ": ";
    if (unechoed.state() == Unechoed::State::quiet && write(fd, question.data(), question.size()) > 0)
      answer = read_line(fd);
  }
  (void)!write(fd, "\n", 1);
  close(fd);
  return answer;
}

}  // namespace keyfold::vault
