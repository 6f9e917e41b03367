#include "keyfold/core/http/response_parser.h"

#include <algorithm>

#include "keyfold/core/http/head_scanner.h"

namespace keyfold::http {
namespace {

constexpr int interim_max = 8;
constexpr std::size_t header_count_max = 256;
constexpr std::size_t status_line_max = 128;

// Like insert at the end, but wipes the memory it outgrows.
void append(Bytes& bytes, BytesView more) {
  if (bytes.capacity() - bytes.size() < more.size()) {
    Bytes larger;
    larger.reserve(std::max(2 * bytes.capacity(), bytes.size() + more.size()));
    larger.assign(bytes.begin(), bytes.end());
    wipe(bytes);
    bytes = std::move(larger);
  }
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

ResponseParser::ResponseParser(std::size_t header_bytes_max, std::size_t body_bytes_max, Method request_method)
    : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max), request_method_(request_method) {
  llhttp_init(&llhttp_, HTTP_RESPONSE, &settings());
  llhttp_.data = this;
}

const llhttp_settings_t& ResponseParser::settings() {
  static const llhttp_settings_t shared = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_header_field = [](llhttp_t* p, const char* at, std::size_t size) { return self(p).on_field(at, size); };
    made.on_header_value = [](llhttp_t* p, const char* at, std::size_t size) { return self(p).on_value(at, size); };
    made.on_headers_complete = [](llhttp_t* p) { return self(p).on_headers(); };
    made.on_body = [](llhttp_t* p, const char* at, std::size_t size) { return self(p).on_body(at, size); };
    made.on_message_complete = [](llhttp_t* p) { return self(p).on_complete(); };
    return made;
  }();
  return shared;
}

ResponseParser::State ResponseParser::feed(BytesView bytes) {
  const char* begin = as_text(bytes).data();
  const llhttp_errno_t error = llhttp_execute(&llhttp_, begin, bytes.size());
  // Reason phrases, chunk sizes and their extensions are in no callback of ours, and bounded all the same.
  received_ += bytes.size();
  if (received_ > header_bytes_max_ + status_line_max + 8 * response_.body.size()) refuse("its headers are too large");
  if (problem_.empty() && complete_) {
    // Nothing was asked for that could be behind it.
    if (llhttp_get_error_pos(&llhttp_) != begin + bytes.size()) keeps_alive_ = false;
    return State::complete;
  }
  if (problem_.empty() && error == HPE_OK) return State::incomplete;
  const char* reason = llhttp_get_error_reason(&llhttp_);
  if (problem_.empty()) problem_ = reason == nullptr ? "it is malformed" : reason;
  return State::refused;
}

int ResponseParser::refuse(const char* problem) {
  problem_ = problem;
  return HPE_USER;
}

int ResponseParser::on_text(std::string& text, const char* at, std::size_t size) {
  header_bytes_ += size;
  if (header_bytes_ > header_bytes_max_) return refuse("its headers are too large");
  text.append(at, size);
  return 0;
}

int ResponseParser::on_field(const char* at, std::size_t size) {
  if (in_value_) {
    if (response_.headers.size() == header_count_max) return refuse("it has too many headers");
    response_.headers.emplace_back();
    in_value_ = false;
  }
  return on_text(response_.headers.back().name, at, size);
}

int ResponseParser::on_value(const char* at, std::size_t size) {
  in_value_ = true;
  if (response_.headers.empty()) return refuse("it is malformed");
  return on_text(response_.headers.back().value, at, size);
}

int ResponseParser::on_headers() {
  in_value_ = true;
  response_.status = llhttp_get_status_code(&llhttp_);
  if (llhttp_.http_major != 1) return refuse("it is not HTTP/1.x");
  if (response_.status == 101) return refuse("it switches protocols");
  if (response_.status < 200) {
    return ++interim_ > interim_max ? refuse("too many interim responses") : 1;  // 1: has no body.
  }
  headers_done_ = true;
  for (ClientResponse::Header& header : response_.headers) {
    header.value = std::string(trim(header.value));
    if (!is_token(header.name)) return refuse("a header's name is malformed");
    if (equal_without_case(header.name, "transfer-encoding") && !equal_without_case(header.value, "chunked")) {
      return refuse("its transfer encoding is unknown");
    }
  }
  if (request_method_ == Method::head || response_.status == 204 || response_.status == 304) return 1;
  // A body that ends with the connection cannot be told from one that was cut off.
  if (llhttp_message_needs_eof(&llhttp_) != 0) return refuse("it does not say how long it is");
  if ((llhttp_.flags & F_CHUNKED) == 0) {
    if (llhttp_.content_length > body_bytes_max_) return refuse("its body is too large");
    response_.body.reserve(static_cast<std::size_t>(llhttp_.content_length));
  }
  return 0;
}

int ResponseParser::on_body(const char* at, std::size_t size) {
  if (size > body_bytes_max_ - response_.body.size()) return refuse("its body is too large");
  append(response_.body, as_bytes({at, size}));
  return 0;
}

int ResponseParser::on_complete() {
  if (!headers_done_) {
    response_.headers.clear();
    return 0;
  }
  complete_ = true;
  keeps_alive_ = llhttp_should_keep_alive(&llhttp_) != 0;
  return HPE_PAUSED;
}

}  // namespace keyfold::http
