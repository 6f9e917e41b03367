// Signing and verifying against AWS's published examples and botocore's signatures, then every rule of verify.h one by
// one.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "keyfold/core/sigv4/sign.h"
#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/core/sigv4/verify.h"

namespace keyfold::sigv4 {
namespace {

// The credentials of AWS's own examples; they are published, and open nothing.
constexpr std::string_view example_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view example_key = "AKIDEXAMPLE";
const Timestamp example_time = *from_iso8601_basic("20150830T123600Z");

SecretBytes secret_of(std::string_view text) { return *SecretBytes::copy_of(as_bytes(text)); }
Region region(std::string_view name) { return *Region::parse(name); }

// A request that owns its text.
struct Request {
  std::string method = "POST";
  std::string path = "/";
  std::string query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};

  RequestView view() {
    views.clear();
    for (const auto& [name, value] : headers) views.push_back({.name = name, .value = value});
    return {.method = method, .path = path, .query = query, .headers = views, .body = as_bytes(body)};
  }
  std::string& header(std::string_view name) {
    for (auto& [other, value] : headers) {
      if (other == name) return value;
    }
    return headers.emplace_back(name, "").second;
  }
  void erase(std::string_view name) {
    std::erase_if(headers, [&](const auto& h) { return h.first == name; });
  }

  std::vector<HeaderView> views = {};  // What view() last gave out.
};

struct Verifier {
  std::string service = "kms";
  Timestamp now = example_time;
  std::string secret = std::string(example_secret);

  Outcome operator()(Request& request) const {
    const auto view = request.view();
    const auto presented = present(view, service);
    if (!presented) return presented.error();
    // The access key id is not signed: what binds it is that its secret is looked up by it.
    if (presented->access_key_id.text() != example_key) return refuse_unknown_key(*presented, view, now);
    const auto key = derive_signing_key(secret_of(secret), presented->date, presented->region, presented->service);
    return verify(*presented, view, now, *key);
  }
};

// Signs `request` as it stands, with X-Amz-Date `time` and all of its headers but those in `unsigned_names`.
void sign_again(Request& request, std::string_view token = "", std::string_view service = "kms",
                std::vector<std::string> unsigned_names = {}) {
  for (const char* name : {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}) request.erase(name);
  Request part = request;
  for (const auto& name : unsigned_names) part.erase(name);
  const Credentials credentials{.access_key_id = std::string(example_key),
                                .secret_access_key = secret_of(example_secret),
                                .session_token = secret_of(token)};
  const auto made = sign(part.view(), credentials, region("eu-central-1"), service, example_time);
  ASSERT_TRUE(made);
  request.header("X-Amz-Date") = made->amz_date;
  if (!token.empty()) request.header("X-Amz-Security-Token") = made->amz_security_token;
  request.header("Authorization") = made->authorization;
}

// As boto3 sends it; the signature is botocore's.
Request from_botocore() {
  return {.headers = {{"Host", "127.0.0.1:4599"},
                      {"X-Amz-Target", "TrentService.GenerateDataKey"},
                      {"Content-Type", "application/x-amz-json-1.1"},
                      {"User-Agent", "Boto3"},
                      {"X-Amz-Date", "20150830T123600Z"},
                      {"Authorization",
                       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, "
                       "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                       "Signature=0fb03c40215e6f17ba994bccb510643689fc1e2d9bf7a920d65a0f9e491c7594"}},
          .body =
              "{\"KeyId\": \"alias/ledger\", \"KeySpec\": \"AES_256\", \"EncryptionContext\": {\"tenant\": "
              "\"caf\xc3\xa9\"}}"};
}

// The same, but with a session token.
Request with_token() {
  Request request = from_botocore();
  request.erase("User-Agent");
  request.header("X-Amz-Security-Token") = "AQoDYXdzEPT//////////wEXAMPLE";
  request.header("Authorization") =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
      "Signature=dead88d976e22c5be8b08c7f153fb56a50d05527bf41ee988e05c3adbb7edc27";
  return request;
}

void refused(const Outcome& outcome, ErrorCode code, std::string_view text) {
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
  EXPECT_NE(outcome.error().message.find(text), std::string::npos) << outcome.error().message;
}

TEST(SigningKey, IsTheOneOfAwssDocumentation) {
  const auto key = derive_signing_key(secret_of(example_secret), "20150830", region("us-east-1"), "iam");
  EXPECT_EQ(to_hex(key->reveal()), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

struct Example {
  const char* name;
  Request request;
  std::string signed_headers;
  std::string signature;
  std::string service = "service";
};

// From AWS's signature version 4 test suite, and the IAM example of its documentation; the rest is botocore's.
std::vector<Example> examples() {
  const std::pair<std::string, std::string> host{"Host", "example.amazonaws.com"},
      date{"X-Amz-Date", "20150830T123600Z"};
  const std::string plain = "host;x-amz-date";
  const auto get = [&](std::string path, std::string query) {
    return Request{.method = "GET", .path = std::move(path), .query = std::move(query), .headers = {host, date}};
  };
  const std::string vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
  return {
      {"get-vanilla", get("/", ""), plain, vanilla},
      {"post-vanilla",
       {.headers = {host, date}},
       plain,
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"get-vanilla-query-order-key", get("/", "Param2=value2&Param1=value1"), plain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"the same, with needless escapes", get("/", "%50aram2=v%61lue2&Param1=value1"), plain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-unreserved", get("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", ""), plain,
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8", get("/\xe1\x88\xb4", ""), plain, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-relative", get("/example/..", ""), plain, vanilla},
      {"get-relative-relative", get("/example1/example2/../..", ""), plain, vanilla},
      {"get-slash", get("//", ""), plain, vanilla},
      {"get-slash-dot-slash", get("/./", ""), plain, vanilla},
      {"get-slashes", get("//example//", ""), plain,
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-header-value-trim",
       {.method = "GET", .headers = {host, date, {"My-Header1", "value1"}, {"My-Header2", "\"a   b   c\""}}},
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"iam",
       {.method = "GET",
        .query = "Action=ListUsers&Version=2010-05-08",
        .headers = {{"Host", "iam.amazonaws.com"},
                    date,
                    {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}},
       "content-type;host;x-amz-date",
       "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
       "iam"},
  };
}

TEST(Examples, OfAwsVerify) {
  for (auto& [name, request, signed_headers, signature, service] : examples()) {
    request.header("Authorization") = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" + service +
                                      "/aws4_request, SignedHeaders=" + signed_headers + ", Signature=" + signature;
    const auto outcome = Verifier{.service = service}(request);
    EXPECT_TRUE(outcome) << name << ": " << outcome.error().message;
  }
}

TEST(Examples, OfAwsAreWhatWeSign) {
  const Credentials credentials{
      .access_key_id = std::string(example_key), .secret_access_key = secret_of(example_secret), .session_token = {}};
  for (auto& [name, request, signed_headers, signature, service] : examples()) {
    request.erase("X-Amz-Date");
    const auto made = sign(request.view(), credentials, region("us-east-1"), service, example_time);
    ASSERT_TRUE(made) << name;
    EXPECT_EQ(made->amz_date, "20150830T123600Z");
    EXPECT_TRUE(made->amz_security_token.empty());
    EXPECT_EQ(made->authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" + service +
                                       "/aws4_request, SignedHeaders=" + signed_headers + ", Signature=" + signature)
        << name;
  }
}

TEST(Verify, AcceptsWhatBotocoreSigned) {
  Request request = from_botocore();
  const auto presented = present(request.view(), "kms");
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->access_key_id.text(), "AKIDEXAMPLE");
  EXPECT_EQ(presented->region.text(), "eu-central-1");
  EXPECT_EQ(presented->date, "20150830");
  EXPECT_EQ(presented->scope, "20150830/eu-central-1/kms/aws4_request");
  EXPECT_EQ(presented->security_token, "");
  EXPECT_EQ(presented->time, example_time);
  EXPECT_TRUE(Verifier{}(request));
  Request token = with_token();
  EXPECT_EQ(present(token.view(), "kms")->security_token, "AQoDYXdzEPT//////////wEXAMPLE");
  EXPECT_TRUE(Verifier{}(token));
}

TEST(Verify, AcceptsWhatWeSignWithAndWithoutAToken) {
  for (const auto* token : {"", "a/session+token=="}) {
    Request request = from_botocore();
    sign_again(request, token);
    EXPECT_TRUE(Verifier{}(request));
  }
}

TEST(Verify, RefusesEveryChangedCharacterOfEverySignedHeaderAndOfAuthorization) {
  Request original = with_token();
  for (std::size_t h = 0; h < original.headers.size(); ++h) {
    const std::string value = original.headers[h].second;
    for (std::size_t i = 0; i < value.size(); ++i) {
      for (unsigned c = 0; c < 256; ++c) {
        if (static_cast<char>(c) == value[i]) continue;
        Request changed = original;
        changed.headers[h].second[i] = static_cast<char>(c);
        ASSERT_FALSE(Verifier{}(changed)) << changed.headers[h].first << ": " << changed.headers[h].second;
      }
      Request shorter = original;
      shorter.headers[h].second.erase(i, 1);
      // One space after a comma of Authorization is one more than none.
      if (shorter.headers[h].first == "Authorization" && value[i] == ' ' && value[i - 1] == ',') continue;
      ASSERT_FALSE(Verifier{}(shorter)) << shorter.headers[h].first << ": " << shorter.headers[h].second;
    }
  }
}

TEST(Verify, RefusesEveryMissingSignedHeader) {
  const Request original = with_token();
  for (const auto& [name, value] : original.headers) {
    Request without = original;
    without.erase(name);
    EXPECT_FALSE(Verifier{}(without)) << name;
  }
}

TEST(Verify, RefusesAnotherBodyMethodPathOrQuery) {
  const Request original = from_botocore();
  for (std::size_t bit = 0; bit < original.body.size() * 8; ++bit) {
    Request changed = original;
    changed.body[bit / 8] = static_cast<char>(changed.body[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(Verifier{}(changed));
  }
  Request changed = original;
  changed.body.pop_back();
  refused(Verifier{}(changed), ErrorCode::invalid_signature, "The request signature we calculated does not match");
  changed = original;
  changed.method = "GET";
  refused(Verifier{}(changed), ErrorCode::invalid_signature, "does not match");
  changed = original;
  changed.path = "/a";
  refused(Verifier{}(changed), ErrorCode::invalid_signature, "does not match");
  changed = original;
  changed.query = "a=b";
  refused(Verifier{}(changed), ErrorCode::invalid_signature, "does not match");
}

TEST(Verify, RefusesTheWrongSecret) {
  Request request = from_botocore();
  refused(Verifier{.secret = "wrong"}(request), ErrorCode::invalid_signature, "Check your AWS Secret Access Key");
}

TEST(Verify, AcceptsFiveMinutesEitherWayAndNoMore) {
  Request request = from_botocore();
  for (const auto by : {-300'000'000, -299'999'999, -1, 0, 1, 300'000'000})
    EXPECT_TRUE(Verifier{.now = example_time + Duration(by)}(request)) << by;
  refused(Verifier{.now = example_time + Duration(300'000'001)}(request), ErrorCode::invalid_signature,
          "Signature expired");
  refused(Verifier{.now = example_time - Duration(300'000'001)}(request), ErrorCode::invalid_signature,
          "Signature not yet current");
  refused(Verifier{.now = *from_iso8601_basic("20150830T124500Z")}(request), ErrorCode::invalid_signature,
          "Signature expired: 20150830T123600Z is now earlier than 20150830T124000Z (20150830T124500Z - 5 min.)");
}

TEST(Present, RefusesARequestWithoutASignature) {
  Request request = from_botocore();
  request.erase("Authorization");
  refused(Verifier{}(request), ErrorCode::missing_authentication_token, "Missing Authentication Token");
}

TEST(Present, RefusesASecondOfWhatMayBeThereOnce) {
  for (const std::string name : {"Authorization", "X-Amz-Date", "X-Amz-Target", "Host", "X-Amz-Security-Token"}) {
    Request request = with_token();
    request.headers.emplace_back(name, request.header(name));
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "more than one");
    Request differing = with_token();
    differing.headers.insert(differing.headers.begin(), {name == "Host" ? "hOST" : name, "other"});
    refused(Verifier{}(differing), ErrorCode::incomplete_signature, "more than one");
  }
}

TEST(Present, RefusesWhatMustBeSignedAndIsNot) {
  for (const std::string name : {"host", "x-amz-date", "x-amz-target", "x-amz-security-token"}) {
    Request request = with_token();
    std::string& header = request.header("Authorization");
    const auto from = header.find("SignedHeaders=") + 14;
    std::string list = ";" + header.substr(from, header.find(',', from) - from);
    list.erase(list.find(";" + name), name.size() + 1);
    header.replace(from, header.find(',', from) - from, list.substr(1));
    refused(Verifier{}(request), ErrorCode::invalid_signature, "'" + name + "' must be a 'SignedHeader'");
  }
}

TEST(Present, DoesNotNeedContentTypeSigned) {
  Request request = from_botocore();
  sign_again(request, "", "kms", {"Content-Type", "User-Agent"});
  EXPECT_EQ(request.header("Authorization").find("content-type"), std::string::npos);
  EXPECT_TRUE(Verifier{}(request));
}

TEST(Present, RefusesSignedHeadersThatAreNotAList) {
  for (const std::string list :
       {"x-amz-target;content-type;host;x-amz-date", "host;host;x-amz-date;x-amz-target",
        "Host;x-amz-date;x-amz-target", ";host;x-amz-date;x-amz-target", "host;x-amz-date;x-amz-target;",
        "host;;x-amz-date;x-amz-target", "host x-amz-date", "host:x;x-amz-date;x-amz-target"}) {
    Request request = from_botocore();
    request.header("Authorization") =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, "
        "SignedHeaders=" +
        list + ", Signature=" + std::string(64, 'a');
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "SignedHeaders must be");
  }
  Request absent = from_botocore();
  std::string& header = absent.header("Authorization");
  header.replace(header.find("content-type;"), 13, "content-type;expect;");
  refused(Verifier{}(absent), ErrorCode::invalid_signature, "a header that the request does not have");
}

TEST(Present, RefusesAnAuthorizationThatIsMalformed) {
  const std::string c = "Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request";
  const std::string h = "SignedHeaders=content-type;host;x-amz-date;x-amz-target";
  const std::string s = "Signature=0fb03c40215e6f17ba994bccb510643689fc1e2d9bf7a920d65a0f9e491c7594";
  const std::string a = "AWS4-HMAC-SHA256 ";
  const std::pair<std::string, std::string_view> cases[] = {
      {"Bearer abc", "Unsupported AWS 'algorithm'"},
      {"AWS4-HMAC-SHA256", "Unsupported AWS 'algorithm'"},
      {"AWS4-HMAC-SHA256X " + c + ", " + h + ", " + s, "Unsupported AWS 'algorithm'"},
      {"AWS4-ECDSA-P256-SHA256 " + c + ", " + h + ", " + s, "Unsupported AWS 'algorithm'"},
      {a + h + ", " + s, "Authorization header requires 'Credential' parameter."},
      {a + c + ", " + s, "Authorization header requires 'SignedHeaders' parameter."},
      {a + c + ", " + h, "Authorization header requires 'Signature' parameter."},
      {a + c + ", " + h + ", Signature=", "Authorization header requires 'Signature' parameter."},
      {a + c + ", " + h + ", " + s + ", " + s, "twice"},
      {a + c + ", " + c + ", " + h + ", " + s, "twice"},
      {a + c + ", " + h + ", " + s + ",", "not known"},
      {a + c + ", " + h + ", " + s + ", Extra=1", "not known"},
      {a + c + " " + h + " " + s, "Authorization header requires 'SignedHeaders' parameter."},
      {a + c + ", " + h + ", " + s + "0", "64 hexadecimal digits"},
      {a + c + ", " + h + ", Signature=" + std::string(64, 'A'), "lower case"},
      {a + "Credential=AKIDEXAMPLE/20150830/eu-central-1/kms, " + h + ", " + s, "exactly 5"},
      {a + "Credential=AKID EXAMPLE/20150830/eu-central-1/kms/aws4_request, " + h + ", " + s, "access key id"},
      {a + "Credential=/20150830/eu-central-1/kms/aws4_request, " + h + ", " + s, "access key id"},
  };
  for (const auto& [header, text] : cases) {
    Request request = from_botocore();
    request.header("Authorization") = header;
    refused(Verifier{}(request), ErrorCode::incomplete_signature, text);
  }
  Request any_order = from_botocore();
  any_order.header("Authorization") = a + s + "," + h + "," + c;
  EXPECT_TRUE(Verifier{}(any_order));
}

TEST(Present, RefusesACredentialScopeOfAnotherDayServiceOrEnd) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"20150831/eu-central-1/kms/aws4_request", "'20150831' != '20150830', from '20150830T123600Z'"},
      {"20150830/eu-central-1/s3/aws4_request", "Credential should be scoped to correct service: 'kms'."},
      {"20150830/eu-central-1/KMS/aws4_request", "Credential should be scoped to correct service: 'kms'."},
      {"20150830/eu-central-1/kms/aws5_request",
       "Credential should be scoped with a valid terminator: 'aws4_request'."},
      {"20150830/eu-central-1/kms/aws4_request/",
       "Credential should be scoped with a valid terminator: 'aws4_request'."},
      {"20150830//kms/aws4_request", "Credential should be scoped to a valid region."},
      {"20150830/EU/kms/aws4_request", "Credential should be scoped to a valid region."},
  };
  for (const auto& [scope, text] : cases) {
    Request request = from_botocore();
    std::string& header = request.header("Authorization");
    header.replace(header.find("20150830"), std::string_view("20150830/eu-central-1/kms/aws4_request").size(), scope);
    refused(Verifier{}(request), ErrorCode::invalid_signature, text);
  }
}

TEST(Present, RefusesADateThatIsNone) {
  for (const std::string date :
       {"20150830T123600", "2015-08-30T12:36:00Z", "20150230T123600Z", "20150830T243600Z", "now"}) {
    Request request = from_botocore();
    request.header("X-Amz-Date") = date;
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "ISO-8601 'basic format'");
  }
  Request request = from_botocore();
  request.erase("X-Amz-Date");
  refused(Verifier{}(request), ErrorCode::incomplete_signature, "X-Amz-Date");
}

TEST(Present, RefusesPresignedQueriesHoweverEncoded) {
  for (const std::string query :
       {"X-Amz-Signature=abc", "a=b&x-amz-date=1", "X%2DAmz-Signature=abc", "%58-amz-credential", "X-AMZ-Foo"}) {
    Request request = from_botocore();
    request.query = query;
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "query string are not accepted");
    request.erase("Authorization");
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "query string are not accepted");
  }
}

TEST(Present, RefusesPayloadsThatAreNotHashedWhole) {
  for (const std::string value :
       {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}) {
    Request request = from_botocore();
    request.header("X-Amz-Content-Sha256") = value;
    sign_again(request);
    refused(Verifier{}(request), ErrorCode::incomplete_signature, value.substr(0, 9));
  }
}

TEST(Verify, RefusesAContentHashThatIsNotTheBodys) {
  Request request = from_botocore();
  request.header("X-Amz-Content-Sha256") =
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";  // Of "{}".
  sign_again(request);
  refused(Verifier{}(request), ErrorCode::invalid_signature, "x-amz-content-sha256");
  request.body = "{}";
  sign_again(request);
  EXPECT_TRUE(Verifier{}(request));
  request.headers.emplace_back("x-amz-content-sha256", request.header("X-Amz-Content-Sha256"));
  refused(Verifier{}(request), ErrorCode::incomplete_signature, "more than one");
}

TEST(Present, RefusesTooManyHeadersAndQueriesOutOfBounds) {
  Request request = from_botocore();
  while (request.headers.size() < header_count_max) request.headers.emplace_back("X-Filler", "1");
  EXPECT_TRUE(Verifier{}(request));
  request.headers.emplace_back("X-Filler", "1");
  refused(Verifier{}(request), ErrorCode::incomplete_signature, "too many headers");
  std::string many = "a=1";
  while (std::ranges::count(many, '&') < 32) many += "&a=1";
  for (const std::string& query :
       {std::string(1025, 'a'), many, std::string("a=%4"), std::string("%zz"), std::string("a%")}) {
    request = from_botocore();
    request.query = query;
    refused(Verifier{}(request), ErrorCode::incomplete_signature, "The query cannot be read");
  }
  request = from_botocore();
  for (const std::string& path : {std::string("no-slash"), [] {
                                    std::string deep;
                                    for (int i = 0; i < 65; ++i) deep += "/a";
                                    return deep;
                                  }()}) {
    request.path = path;
    refused(Verifier{}(request), ErrorCode::invalid_signature, "path");
  }
}

TEST(Verify, JoinsRepeatedHeadersInTheOrderTheyCame) {
  Request request = from_botocore();
  request.headers.insert(request.headers.begin(), {"X-Note", "one"});
  request.headers.emplace_back("x-note", "two");
  sign_again(request);
  EXPECT_TRUE(Verifier{}(request));
  std::ranges::swap(request.headers.front().second, request.header("x-note"));
  refused(Verifier{}(request), ErrorCode::invalid_signature, "does not match");
}

TEST(UnknownKey, IsAlwaysRefusedEvenWhenTheSignatureIsOfTheDummyKey) {
  Request request = from_botocore();
  const auto presented = present(request.view(), "kms");
  ASSERT_TRUE(presented);
  for (const auto now : {example_time, example_time + std::chrono::hours(1)}) {
    const Error error = refuse_unknown_key(*presented, request.view(), now);
    EXPECT_EQ(error.code, ErrorCode::unrecognized_client);
    EXPECT_EQ(error.message, "The security token included in the request is invalid.");
  }
}

TEST(Sign, RefusesRequestsItCannotSign) {
  const Credentials credentials{.access_key_id = "A", .secret_access_key = secret_of("s"), .session_token = {}};
  const auto signing = [&](Request request) {
    const auto made = sign(request.view(), credentials, region("eu-central-1"), "kms", example_time);
    return made ? ok() : Outcome(made.error());
  };
  EXPECT_TRUE(signing({.headers = {{"Host", "h"}}}));
  refused(signing({.headers = {}}), ErrorCode::invalid_input, "Host");
  refused(signing({.headers = {{"Host", "h"}, {"host", "h"}}}), ErrorCode::invalid_input, "Host");
  refused(signing({.headers = {{"Host", "h"}, {"X-Amz-Date", "d"}}}), ErrorCode::invalid_input, "x-amz-date");
  refused(signing({.headers = {{"Host", "h"}, {"authorization", "d"}}}), ErrorCode::invalid_input, "authorization");
  refused(signing({.path = "x", .headers = {{"Host", "h"}}}), ErrorCode::invalid_input, "slash");
}

}  // namespace
}  // namespace keyfold::sigv4
