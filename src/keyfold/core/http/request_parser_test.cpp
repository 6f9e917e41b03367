#include "keyfold/core/http/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace keyfold::http {
namespace {

using State = RequestParser::State;

struct Parsed {
  State state;
  int status;
};

Parsed parse(std::string bytes, const Limits& limits = {}) {
  RequestParser parser(limits);
  const State state = parser.parse(std::as_writable_bytes(std::span(bytes)));
  return {state, parser.status()};
}
std::string with_header(const std::string& line) { return "POST / HTTP/1.1\r\nHost: h\r\n" + line + "\r\n\r\n"; }

TEST(RequestParser, ReadsARequest) {
  std::string bytes =
      "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-Amz-Target:\t TrentService.Encrypt \t\r\nEmpty:\r\nContent-Length: "
      "2\r\n\r\n{}";
  Limits limits;
  RequestParser parser(limits);
  ASSERT_EQ(parser.parse(std::as_writable_bytes(std::span(bytes))), State::complete);
  const Request& request = parser.request();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.target, "/a?b=c");
  ASSERT_EQ(request.headers.size(), 4U);
  EXPECT_EQ(request.header("x-amz-target"), "TrentService.Encrypt");
  EXPECT_EQ(request.headers[2].name, "Empty");
  EXPECT_EQ(request.headers[2].value, "");
  EXPECT_EQ(as_text(request.body), "{}");
  EXPECT_TRUE(parser.keeps_alive());
}

TEST(RequestParser, ReadsTheSameHoweverTheBytesAreSplitAndMoved) {
  const std::string whole = "POST /x HTTP/1.1\r\nHost: h\r\nAuthorization: abc\r\nContent-Length: 5\r\n\r\nhelloGET";
  Limits limits;
  RequestParser parser(limits);
  for (std::size_t split = 0; split <= whole.size(); ++split) {
    parser.reset();
    std::string first = whole.substr(0, split);
    const State early = parser.parse(std::as_writable_bytes(std::span(first)));
    EXPECT_EQ(early == State::complete, split >= whole.size() - 3) << split;
    std::string again = whole;  // Elsewhere in memory.
    std::ranges::fill(first, '#');
    ASSERT_EQ(parser.parse(std::as_writable_bytes(std::span(again))), State::complete) << split;
    if (early == State::complete) continue;
    EXPECT_EQ(parser.request().target, "/x");
    EXPECT_EQ(parser.request().header("authorization"), "abc");
    EXPECT_EQ(as_text(parser.request().body), "hello");
    EXPECT_EQ(parser.message_size(), whole.size() - 3);
  }
}

TEST(RequestParser, RefusesWhatTwoParsersMightReadDifferently) {
  const std::pair<std::string, int> vectors[] = {
      {with_header("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400},
      {with_header("Transfer-Encoding: chunked\r\nContent-Length: 1"), 501},
      {with_header("Transfer-Encoding: chunked"), 501},
      {with_header("transfer-encoding: identity"), 501},
      {with_header("Transfer-Encoding:"), 501},
      {with_header("Transfer-Encoding: \x0b"
                   "chunked"),
       400},
      {with_header("Transfer-Encoding : chunked"), 400},
      {with_header(" Transfer-Encoding: chunked"), 400},
      {with_header("Content-Length: 1\r\nContent-Length: 1"), 400},
      {with_header("Content-Length: 1\r\nContent-Length: 2"), 400},
      {with_header("Content-Length: 1, 1"), 400},
      {with_header("Content-Length: +1"), 400},
      {with_header("Content-Length: -1"), 400},
      {with_header("Content-Length: 0x1"), 400},
      {with_header("Content-Length: 1 1"), 400},
      {with_header("Content-Length: 1;"), 400},
      {with_header("Content-Length:"), 400},
      {with_header("Content-Length : 1"), 400},
      {with_header("Content Length: 1"), 400},
      {with_header("Content-Length: 99999999999999999999"), 400},
      {with_header("Content-Length: 18446744073709551617"), 400},
      {with_header("X: a\r\n b"), 400},
      {with_header("X: a\r\n\tb"), 400},
      {with_header("X: a\nY: b"), 400},
      {with_header("X: a\rY: b"), 400},
      {with_header("X: a\r\r"), 400},
      {with_header(std::string("X: a\0b", 6)), 400},
      {with_header(std::string("X\0: a", 5)), 400},
      {with_header("X"), 400},
      {with_header(": a"), 400},
      {with_header("Host: h"), 400},
      {with_header("host: other"), 400},
      {with_header("Expect: 200-ok"), 417},
      {"POST / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
      {"POST / HTTP/1.1\nHost: h\n\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"\r\nPOST / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST /  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"POST /\tx HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST /#f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501},
      {"post / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"POST /\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: h\r\n\r\n", 505},
      {"POST / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"POST / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 501},
  };
  for (const auto& [bytes, status] : vectors) {
    const Parsed parsed = parse(bytes);
    EXPECT_EQ(parsed.state, State::refused) << bytes;
    // Which of the 4xx and 5xx is a courtesy; that none of them is served is the point.
    EXPECT_TRUE(parsed.status == status || (status == 400 && (parsed.status == 501 || parsed.status == 505)) ||
                (status != 400 && parsed.status == 400))
        << bytes << " gave " << parsed.status;
  }
}

TEST(RequestParser, RefusesEveryControlCharacterInEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    const bool control = byte < 0x20 || byte == 0x7f;
    if (control && byte != '\t') {
      EXPECT_NE(parse(with_header("X: a" + c + "b")).state, State::complete) << byte;
    }
    if (control || byte == ' ' || byte >= 0x80 || byte == '#') {
      EXPECT_NE(parse("GET /a" + c + "b HTTP/1.1\r\nHost: h\r\n\r\n").state, State::complete) << byte;
    }
    if (control || byte == ' ' || byte >= 0x80 || std::string("()<>@,;\\\"/[]?={}").find(c) != std::string::npos) {
      EXPECT_NE(parse(with_header("X" + c + "Y: a")).state, State::complete) << byte;
    }
  }
}

TEST(RequestParser, HoldsEachLimitExactly) {
  Limits limits;
  limits.header_bytes_max = 200;
  limits.header_count_max = 3;
  limits.body_bytes_max = 10;
  for (std::size_t size = 150; size < 250; ++size) {
    std::string head = with_header("X: " + std::string(size - 33, 'a'));
    ASSERT_EQ(head.size(), size);
    EXPECT_EQ(parse(head, limits).state, size <= 200 ? State::complete : State::refused) << size;
    if (size > 200) {
      EXPECT_EQ(parse(head, limits).status, 431);
    }
  }
  for (int count = 1; count < 6; ++count) {
    std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) head += "X: y\r\n";
    EXPECT_EQ(parse(head + "\r\n", limits).state, count <= 3 ? State::complete : State::refused) << count;
  }
  for (std::size_t body = 0; body < 14; ++body) {
    const Parsed parsed =
        parse(with_header("Content-Length: " + std::to_string(body)) + std::string(body, 'b'), limits);
    EXPECT_EQ(parsed.state, body <= 10 ? State::complete : State::refused) << body;
    EXPECT_EQ(parsed.status, body <= 10 ? 0 : 413) << body;
  }
  // A head that never ends is refused as soon as it is too long.
  EXPECT_EQ(parse(std::string(200, 'a'), limits).status, 431);
  EXPECT_EQ(parse(std::string(199, 'a'), limits).state, State::head);
}

TEST(RequestParser, KeepsAliveUnlessAskedToClose) {
  for (const auto& [line, keeps] : {std::pair{"X: y", true},
                                    {"Connection: keep-alive", true},
                                    {"Connection: close", false},
                                    {"connection: X-a, Close", false}}) {
    std::string bytes = with_header(line);
    Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.parse(std::as_writable_bytes(std::span(bytes))), State::complete);
    EXPECT_EQ(parser.keeps_alive(), keeps) << line;
  }
}

}  // namespace
}  // namespace keyfold::http
