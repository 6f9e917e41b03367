#pragma once
// One request, from the bytes at the front of a connection's buffer. llhttp reads the head, once it is whole; what RFC
// 9112 leaves open, and what llhttp lets pass, is settled here, towards refusal.

#include <llhttp/llhttp.h>

#include <span>
#include <string_view>
#include <vector>

#include "keyfold/core/http/head_scanner.h"
#include "keyfold/core/http/server.h"

namespace keyfold::http {

class RequestParser {
 public:
  enum class State : std::uint8_t { head, body, complete, refused };  // The first two want more bytes.

  explicit RequestParser(const Limits& limits);
  RequestParser(const RequestParser&) = delete;  // llhttp points back at it.
  RequestParser& operator=(const RequestParser&) = delete;

  // `received` is everything received from the request's first byte on, perhaps with the beginning of the next. It may
  // have moved since the last call, but not changed. In a final state it answers the same again. Allocates nothing.
  State parse(std::span<std::byte> received);
  void reset();  // For the next request.

  // From State::body on.
  std::size_t message_size() const { return head_size_ + content_length_; }
  bool expects_continue() const { return expects_continue_; }
  bool keeps_alive() const { return keeps_alive_; }
  // When complete: method, target, headers and body; views into what parse() was given last.
  const Request& request() const { return request_; }
  // When refused.
  int status() const { return status_; }
  std::string_view reason() const { return reason_; }

 private:
  State refuse(int status, std::string_view reason);
  State parse_head(std::string_view received);
  State check_request_line(std::string_view head);
  State check_headers();
  State take_header(const HeaderView& header);
  void rebase(std::span<std::byte> received);

  static const llhttp_settings_t& settings();
  static RequestParser& self(llhttp_t* parser) { return *static_cast<RequestParser*>(parser->data); }

  const Limits& limits_;
  HeadScanner scanner_;
  llhttp_t llhttp_{};
  State state_ = State::head;
  const char* base_ = nullptr;  // Where the views point into.
  std::size_t head_size_ = 0;
  std::size_t content_length_ = 0;
  int hosts_ = 0;
  int content_lengths_ = 0;
  bool expects_continue_ = false;
  bool keeps_alive_ = true;
  int status_ = 0;
  std::string_view reason_;
  Request request_;
  std::vector<HeaderView> headers_;  // Its memory is kept.
};

}  // namespace keyfold::http
