#include "keyfold/core/http/service.h"

#include "keyfold/core/http/head_scanner.h"

namespace keyfold::http {

std::string_view to_text(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
  }
  return {};
}

std::string_view Request::header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (equal_without_case(header.name, name)) return header.value;
  }
  return {};
}

void Reply::clear() {
  // Bodies are only appended to, so there is nothing behind the end; the whole capacity of many connections is more
  // than the cache holds.
  wipe(std::as_writable_bytes(std::span(body)));
  body.clear();
  status = 200;
  content_type = error_type = {};
  request_id = {};
}

void Service::malformed(std::string_view reason, Reply& reply) {
  reply.content_type = "text/plain";
  reply.body.append(reason).append("\n");
}

}  // namespace keyfold::http
