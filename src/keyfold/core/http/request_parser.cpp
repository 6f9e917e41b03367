#include "keyfold/core/http/request_parser.h"

#include <algorithm>
#include <optional>

namespace keyfold::http {
namespace {

std::optional<Method> method_of(std::string_view text) {
  if (text == "POST") return Method::post;
  if (text == "GET") return Method::get;
  if (text == "HEAD") return Method::head;
  return std::nullopt;
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

// A name or an address with an optional port (RFC 9110 section 7.2), by its characters alone.
bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == ':' || c == '[' || c == ']' || c == '_' || c == '%';
  });
}

}  // namespace

RequestParser::RequestParser(const Limits& limits) : limits_(limits) {
  headers_.reserve(limits.header_count_max);
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
}

const llhttp_settings_t& RequestParser::settings() {
  static const llhttp_settings_t shared = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
      self(parser).request_.target = {at, size};
      return 0;
    };
    made.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
      auto& headers = self(parser).headers_;
      if (headers.size() == self(parser).limits_.header_count_max) return static_cast<int>(HPE_USER);
      headers.push_back({{at, size}, {}});
      return 0;
    };
    made.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
      auto& headers = self(parser).headers_;
      if (headers.empty()) return static_cast<int>(HPE_USER);
      headers.back().value = trim({at, size});
      return 0;
    };
    // The body is counted here, not there.
    made.on_headers_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    return made;
  }();
  return shared;
}

void RequestParser::reset() {
  scanner_ = {};
  llhttp_reset(&llhttp_);
  state_ = State::head;
  base_ = nullptr;
  head_size_ = content_length_ = 0;
  hosts_ = content_lengths_ = 0;
  expects_continue_ = false;
  keeps_alive_ = true;
  status_ = 0;
  reason_ = {};
  request_ = {};
  headers_.clear();
}

RequestParser::State RequestParser::refuse(int status, std::string_view reason) {
  status_ = status;
  reason_ = reason;
  keeps_alive_ = false;
  return state_ = State::refused;
}

RequestParser::State RequestParser::parse(std::span<std::byte> received) {
  if (state_ == State::head) parse_head(as_text(received));
  if (state_ == State::head || state_ == State::refused) return state_;
  rebase(received);
  if (received.size() < message_size()) return state_ = State::body;
  request_.body = received.subspan(head_size_, content_length_);
  return state_ = State::complete;
}

// The buffer may have moved while the body arrived.
void RequestParser::rebase(std::span<std::byte> received) {
  const char* base = as_text(received).data();
  if (base == base_) return;
  const auto moved = [&](std::string_view view) { return std::string_view(base + (view.data() - base_), view.size()); };
  request_.target = moved(request_.target);
  for (HeaderView& header : headers_) {
    header.name = moved(header.name);
    if (!header.value.empty()) header.value = moved(header.value);
  }
  base_ = base;
}

RequestParser::State RequestParser::parse_head(std::string_view received) {
  // The limit is on the head, wherever the bytes that happened to arrive with it end.
  const std::string_view within = received.substr(0, limits_.header_bytes_max);
  switch (scanner_.scan(within, limits_.header_count_max + 1)) {
    case HeadScanner::Found::bad_line:
      return refuse(400, "A line of the request's head is malformed.");
    case HeadScanner::Found::too_many_lines:
      return refuse(431, "The request has too many headers.");
    case HeadScanner::Found::incomplete:
      if (received.size() >= limits_.header_bytes_max) return refuse(431, "The request's headers are too large.");
      return state_;
    case HeadScanner::Found::complete:
      break;
  }
  head_size_ = scanner_.size();
  base_ = received.data();
  const std::string_view head = received.substr(0, head_size_);
  const llhttp_errno_t error = llhttp_execute(&llhttp_, head.data(), head.size());
  if (error == HPE_INVALID_METHOD) return refuse(501, "The method is not supported.");
  if (error == HPE_INVALID_VERSION) return refuse(505, "Only HTTP/1.1 is supported.");
  // It pauses at the empty line, at the last byte of the head or behind it; anything else is no head.
  if (error != HPE_PAUSED) return refuse(400, "The request is not HTTP/1.1.");
  if (check_request_line(head) == State::refused || check_headers() == State::refused) return state_;
  return state_ = State::body;
}

RequestParser::State RequestParser::check_request_line(std::string_view head) {
  if (llhttp_.http_major != 1 || llhttp_.http_minor != 1) return refuse(505, "Only HTTP/1.1 is supported.");
  const std::string_view line = head.substr(0, head.find('\r'));
  const auto method = method_of(line.substr(0, line.find(' ')));
  if (!method) return refuse(501, "The method is not supported.");
  request_.method = *method;
  if (!is_target(request_.target)) return refuse(400, "The request target is malformed.");
  // One space on either side of the target, and nothing else: llhttp lets more of them pass.
  const std::size_t expected =
      to_text(*method).size() + 1 + request_.target.size() + std::string_view(" HTTP/1.1").size();
  if (line.size() != expected || !line.ends_with(" HTTP/1.1")) return refuse(400, "The request line is malformed.");
  return state_;
}

RequestParser::State RequestParser::check_headers() {
  for (const HeaderView& header : headers_) {
    if (take_header(header) == State::refused) return state_;
  }
  if (hosts_ != 1) return refuse(400, "The request must have exactly one Host header.");
  if (content_length_ > limits_.body_bytes_max) return refuse(413, "The request body is too large.");
  if ((llhttp_.flags & F_CONNECTION_CLOSE) != 0) keeps_alive_ = false;
  request_.headers = headers_;
  return state_;
}

RequestParser::State RequestParser::take_header(const HeaderView& header) {
  if (!is_token(header.name)) return refuse(400, "A header's name is malformed.");
  switch (header.name.size()) {  // Most headers are none of these.
    case 4:
      if (equal_without_case(header.name, "host") && (++hosts_ > 1 || !is_host(header.value))) {
        return refuse(400, "The request must have exactly one Host header.");
      }
      break;
    case 6:
      if (equal_without_case(header.name, "expect")) {
        if (!equal_without_case(header.value, "100-continue")) return refuse(417, "The expectation cannot be met.");
        expects_continue_ = true;
      }
      break;
    case 14:
      if (equal_without_case(header.name, "content-length")) {
        const std::int64_t length = parse_content_length(header.value);
        if (++content_lengths_ > 1 || length < 0) return refuse(400, "The Content-Length is malformed.");
        content_length_ = static_cast<std::size_t>(length);
      }
      break;
    case 17:
      if (equal_without_case(header.name, "transfer-encoding"))
        return refuse(501, "Transfer-Encoding is not supported.");
      break;
    default:
      break;
  }
  return state_;
}

}  // namespace keyfold::http
