#pragma once
// One response, fed as it arrives: llhttp, with limits, and with what it may be lenient about refused.

#include <llhttp/llhttp.h>

#include <string>

#include "keyfold/core/http/client.h"

namespace keyfold::http {

class ResponseParser {
 public:
  enum class State : std::uint8_t { incomplete, complete, refused };

  ResponseParser(std::size_t header_bytes_max, std::size_t body_bytes_max, Method request_method);
  ResponseParser(const ResponseParser&) = delete;  // llhttp points back at it.
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Interim (1xx) responses are skipped. After a final state, not to be called again.
  State feed(BytesView bytes);

  // When complete.
  ClientResponse take() { return std::move(response_); }
  bool keeps_alive() const { return keeps_alive_; }  // And nothing came behind it.
  // When refused.
  const std::string& problem() const { return problem_; }

 private:
  int refuse(const char* problem);
  int on_text(std::string& text, const char* at, std::size_t size);
  int on_field(const char* at, std::size_t size);
  int on_value(const char* at, std::size_t size);
  int on_headers();
  int on_body(const char* at, std::size_t size);
  int on_complete();

  static const llhttp_settings_t& settings();
  static ResponseParser& self(llhttp_t* parser) { return *static_cast<ResponseParser*>(parser->data); }

  const std::size_t header_bytes_max_;
  const std::size_t body_bytes_max_;
  const Method request_method_;
  llhttp_t llhttp_{};
  ClientResponse response_;
  std::size_t header_bytes_ = 0;  // Of all names and values, trailers and interim responses included.
  std::size_t received_ = 0;
  int interim_ = 0;
  bool in_value_ = true;  // The next name begins a new header.
  bool headers_done_ = false;
  bool complete_ = false;
  bool keeps_alive_ = false;
  std::string problem_;
};

}  // namespace keyfold::http
