// The request parser and the response parser, on any bytes split anywhere: they return, and the splits make no
// difference.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "keyfold/core/http/request_parser.h"
#include "keyfold/core/http/response_parser.h"

namespace {

using namespace keyfold;
using namespace keyfold::http;

const Limits limits{.header_bytes_max = 1024, .header_count_max = 8, .body_bytes_max = 512};

// Pieces of `step` bytes; a new place in memory for each, as when a buffer grows.
std::string read_request(std::string_view bytes, std::size_t step) {
  RequestParser parser(limits);
  std::string copy;
  auto state = RequestParser::State::head;
  for (std::size_t size = std::min(step, bytes.size());; size = std::min(size + step, bytes.size())) {
    copy = std::string(bytes.substr(0, size));
    copy.shrink_to_fit();
    state = parser.parse(std::as_writable_bytes(std::span(copy)));
    if (state == RequestParser::State::complete || state == RequestParser::State::refused || size == bytes.size())
      break;
  }
  if (state == RequestParser::State::refused) return "refused";
  if (state != RequestParser::State::complete) return "incomplete";
  const Request& request = parser.request();
  std::string text(to_text(request.method));
  text.append(request.target);
  for (const HeaderView& header : request.headers)
    text.append("|").append(header.name).append("=").append(header.value);
  return text.append("|").append(as_text(request.body)).append(parser.keeps_alive() ? "+" : "-");
}

std::string read_response(std::string_view bytes, std::size_t step) {
  ResponseParser parser(1024, 512, Method::post);
  auto state = ResponseParser::State::incomplete;
  while (state == ResponseParser::State::incomplete && !bytes.empty()) {
    const std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    state = parser.feed(as_bytes(piece));
  }
  if (state != ResponseParser::State::complete) return "none";
  const ClientResponse response = parser.take();
  std::string text = std::to_string(response.status);
  for (const auto& header : response.headers) text.append("|").append(header.name).append("=").append(header.value);
  return text.append("|").append(as_text(response.body));
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t step = data[0] % 64 + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string request = read_request(bytes, bytes.size() + 1);
  require(read_request(bytes, step) == request);
  // How much has come with the limit on what is not body is a matter of pieces: a refusal may come later, not another
  // answer.
  const std::string response = read_response(bytes, bytes.size() + 1);
  const std::string in_pieces = read_response(bytes, step);
  require(in_pieces == response || in_pieces == "none" || response == "none");
  return 0;
}
