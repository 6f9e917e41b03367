#include "keyfold/core/protocol/errors.h"

#include <gtest/gtest.h>

#include <set>

namespace keyfold::protocol {
namespace {

constexpr int last_code = static_cast<int>(ErrorCode::unsupported_operation);

std::string body_of(const Error& error) {
  std::string out;
  append_error_body(out, error);
  return out;
}

TEST(Errors, FiveHundredIsOurFaultAndOnlyOurs) {
  const std::set<ErrorCode> ours = {
      ErrorCode::unavailable,    ErrorCode::io, ErrorCode::corrupt, ErrorCode::internal, ErrorCode::dependency_timeout,
      ErrorCode::key_unavailable};
  for (int code = 0; code <= last_code; ++code)
    EXPECT_EQ(http_status(static_cast<ErrorCode>(code)), ours.contains(static_cast<ErrorCode>(code)) ? 500 : 400)
        << code;
}

TEST(Errors, NamesAreReadBackAsTheCodesTheyCameFrom) {
  for (int i = static_cast<int>(ErrorCode::access_denied); i <= last_code; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code(error_name(code)), code) << error_name(code);
    EXPECT_EQ(error_code("com.amazonaws.kms#" + std::string(error_name(code)) + ":http://internal/"), code);
  }
  EXPECT_FALSE(error_code("NoSuchException"));
  EXPECT_FALSE(error_code(""));
}

TEST(Errors, BodiesHaveAwsShape) {
  EXPECT_EQ(body_of({ErrorCode::not_found, "Key 'x' does not exist"}),
            R"({"__type":"NotFoundException","message":"Key 'x' does not exist"})");
  EXPECT_EQ(body_of({ErrorCode::access_denied, "User: …"}),
            R"({"__type":"AccessDeniedException","Message":"User: …"})");
}

TEST(Errors, SomeTellNothing) {
  EXPECT_EQ(body_of({ErrorCode::invalid_ciphertext, "why"}), R"({"__type":"InvalidCiphertextException"})");
  EXPECT_EQ(body_of({ErrorCode::authentication, "why"}), R"({"__type":"InvalidCiphertextException"})");
  EXPECT_EQ(body_of({ErrorCode::not_authorized, "why"}), R"({"__type":"NotAuthorizedException"})");
  EXPECT_EQ(body_of({ErrorCode::serialization, ""}), R"({"__type":"SerializationException"})");
}

TEST(Errors, WhatHappenedInsideStaysInside) {
  for (const auto code : {ErrorCode::io, ErrorCode::corrupt, ErrorCode::internal, ErrorCode::unavailable})
    EXPECT_EQ(body_of({code, "/var/lib/secret-path"}).find("secret-path"), std::string::npos);
}

TEST(Errors, WhatWasNoRequestHasTheNameThatAwsHasForItsStatus) {
  for (const auto& [status, name] :
       {std::pair(400, "MalformedHttpRequestException"), std::pair(408, "RequestTimeoutException"),
        std::pair(413, "RequestEntityTooLargeException"), std::pair(417, "MalformedHttpRequestException"),
        std::pair(431, "MalformedHttpRequestException"), std::pair(501, "MalformedHttpRequestException"),
        std::pair(503, "ServiceUnavailableException"), std::pair(505, "MalformedHttpRequestException")}) {
    std::string body;
    append_http_error_body(body, status, "a \"reason\"");
    EXPECT_EQ(body, R"({"__type":")" + std::string(name) + R"(","message":"a \"reason\""})");
    const auto decoded = decode_error(status, http_error_name(status), body);
    EXPECT_EQ(decoded.code, status >= 500 ? ErrorCode::unavailable : ErrorCode::validation) << status;
    EXPECT_NE(decoded.message.find("a \"reason\""), std::string::npos) << status;
  }
}

TEST(Errors, TheHeaderNamesTheErrorElseTheBody) {
  const auto from_header = decode_error(400, "DisabledException", R"({"__type":"NotFoundException","message":"m"})");
  EXPECT_EQ(from_header.code, ErrorCode::disabled);
  EXPECT_EQ(from_header.message, "m");
  EXPECT_EQ(decode_error(400, "", R"({"__type":"a.b#NotFoundException"})").code, ErrorCode::not_found);
  EXPECT_EQ(decode_error(400, "", R"({"__type":"AccessDeniedException","Message":"no"})").message, "no");
  EXPECT_EQ(decode_error(500, "", R"({"__type":"KMSInternalException"})").code, ErrorCode::unavailable);
}

TEST(Errors, UnknownErrorsGoByTheirStatus) {
  EXPECT_EQ(decode_error(503, "", "<html>").code, ErrorCode::unavailable);
  EXPECT_EQ(decode_error(429, "", "").code, ErrorCode::throttling);
  EXPECT_EQ(decode_error(400, "NewException", "{}").code, ErrorCode::validation);
  EXPECT_NE(decode_error(400, "NewException", "{}").message.find("NewException"), std::string::npos);
  EXPECT_EQ(decode_error(404, "", R"(["__type"])").code, ErrorCode::validation);
}

}  // namespace
}  // namespace keyfold::protocol
