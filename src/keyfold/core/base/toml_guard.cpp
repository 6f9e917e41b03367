#include "keyfold/core/base/toml_guard.h"

namespace keyfold {
namespace {

// Follows a text as far as telling strings and comments from the rest takes. Where the text is no TOML any more the two
// may differ; toml++ stops there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<TomlFault> scan(BeyondAscii beyond_ascii) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        end_line();
      } else if (static_cast<unsigned char>(c) >= 0x80) {
        if (beyond_ascii == BeyondAscii::nowhere)
          return fault("a character beyond ASCII; in a text it may stand as \\u00E9");
        if (where_ == Where::outside) return fault("a character beyond ASCII outside of a text");
      } else if (where_ == Where::outside) {
        if (auto found = outside(c)) return found;
      } else {
        inside(c);
      }
      ++at_;
    }
    return std::nullopt;
  }

 private:
  enum class Where : std::uint8_t { outside, comment, string };

  std::optional<TomlFault> fault(std::string what) const { return TomlFault{.line = line_, .what = std::move(what)}; }

  void end_line() {
    ++line_;
    dots_ = 0;
    if (where_ == Where::comment || (where_ == Where::string && !is_long_)) where_ = Where::outside;
  }

  std::optional<TomlFault> outside(char c) {
    if (c == '#') {
      where_ = Where::comment;
    } else if (c == '"' || c == '\'') {
      open_string(c);
    } else if (c == '.') {
      if (++dots_ > toml_dots_max) return fault("more than " + std::to_string(toml_dots_max) + " dots in a line");
    } else if (c == '[' || c == '{') {
      if (++depth_ > toml_depth_max)
        return fault("brackets in one another, more than " + std::to_string(toml_depth_max) + " deep");
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    }
    return std::nullopt;
  }

  bool is_three(char c) const { return text_.substr(at_, 3) == std::string(3, c); }

  void open_string(char c) {
    where_ = Where::string;
    quote_ = c;
    is_long_ = is_three(c);
    if (is_long_) at_ += 2;
  }

  // Of a string or a comment.
  void inside(char c) {
    if (where_ == Where::comment) return;
    if (c == '\\' && quote_ == '"') {
      if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    } else if (c == quote_ && (!is_long_ || is_three(c))) {
      if (is_long_) at_ += 2;
      // A long string may end with one or two quotes of its own.
      for (int own = 0; is_long_ && own < 2 && text_.substr(at_ + 1).starts_with(quote_); ++own) ++at_;
      where_ = Where::outside;
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0, line_ = 1, dots_ = 0, depth_ = 0;
  Where where_ = Where::outside;
  char quote_ = '"';
  bool is_long_ = false;
};

}  // namespace

std::optional<TomlFault> toml_fault(std::string_view text, BeyondAscii beyond_ascii) {
  return Scanner(text).scan(beyond_ascii);
}

}  // namespace keyfold
