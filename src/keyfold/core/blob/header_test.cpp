#include "keyfold/core/blob/header.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace keyfold::blob {
namespace {

// docs/formats/ciphertext-blob.md, "A worked example".
constexpr std::string_view example =
    "4b4643420101001234abcd12ab34cd56ef1234567890ab43c88300a96fc00c78c54b65b8ba257fd88b9ced90de00e892e2a1e1cc02852ca0a1"
    "a2a3a4a5"
    "a6a7a8a9aaabacadaeafdec54d41fc207812ec1bfb61d043925255da30c6e9b913f09f2aa5c175";
constexpr std::string_view example_material = "43c88300a96fc00c78c54b65b8ba257fd88b9ced90de00e892e2a1e1cc02852c";

constexpr std::size_t format_at = 4, suite_at = 5, flags_at = 6, key_at = 7, material_at = 23, nonce_at = 55;

Bytes example_bytes() { return *from_hex(example); }
KeyId key(std::string_view text) { return *KeyId::parse(text); }

template <std::size_t N>
ByteArray<N> array_of(std::string_view hex) {
  const auto bytes = *from_hex(hex);
  ByteArray<N> array{};
  std::ranges::copy(bytes, array.begin());
  return array;
}

Header example_header() {
  return {.key = key("1234abcd-12ab-34cd-56ef-1234567890ab"),
          .material = array_of<32>(example_material),
          .nonce = array_of<16>("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")};
}

TEST(Blob, IsTakenApartAsTheDocumentSays) {
  const auto bytes = example_bytes();
  const auto parts = read(bytes);
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->header, example_header());
  EXPECT_EQ(parts->header_bytes.size(), header_size);
  EXPECT_EQ(parts->header_bytes.data(), bytes.data());
  EXPECT_EQ(parts->sealed.size(), 13 + tag_size);
  EXPECT_EQ(*read_header(bytes), example_header());
}

TEST(Blob, IsPutTogetherAsTheDocumentSays) {
  Bytes out;
  append_header(out, example_header());
  EXPECT_EQ(to_hex(out), example.substr(0, 2 * header_size));
}

TEST(Blob, MultiRegionKeyIdsComeBackAsTheyWent) {
  Header header = example_header();
  header.key = key("mrk-00112233445566778899aabbccddeeff");
  Bytes out;
  append_header(out, header);
  EXPECT_EQ(out[flags_at], std::byte{1});
  out.resize(header_size + 1 + tag_size);
  EXPECT_EQ(*read_header(out), header);
  // The same digits without the flag are another key.
  out[flags_at] = std::byte{0};
  EXPECT_EQ(read_header(out)->key, key("00112233-4455-6677-8899-aabbccddeeff"));
}

TEST(Blob, RefusesEveryLengthThatSealingCannotMake) {
  const auto bytes = example_bytes();
  for (std::size_t length = 0; length <= blob_size_max + 2; ++length) {
    Bytes resized = bytes;
    resized.resize(length);
    const bool possible = length >= header_size + 1 + tag_size && length <= blob_size_max;
    EXPECT_EQ(read(resized).has_value(), possible) << length << " bytes";
  }
}

TEST(Blob, RefusesEveryOtherMagicFormatSuiteAndFlag) {
  for (std::size_t at = 0; at < key_at; ++at)
    for (int value = 0; value < 256; ++value) {
      auto bytes = example_bytes();
      const auto was = bytes[at];
      bytes[at] = static_cast<std::byte>(value);
      const bool good = bytes[at] == was || (at == flags_at && value == 1);
      EXPECT_EQ(read(bytes).has_value(), good) << "byte " << at << " = " << value;
      if (!good) {
        EXPECT_EQ(read(bytes).error().code, ErrorCode::invalid_input);
      }
    }
  static_assert(format_at == 4 && suite_at == 5);
}

TEST(Blob, ReadsEachFieldFromItsPlace) {
  for (std::size_t at = key_at; at < header_size; ++at) {
    auto bytes = example_bytes();
    bytes[at] ^= std::byte{0x80};
    const auto header = read_header(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->key != example_header().key, at < material_at) << at;
    EXPECT_EQ(header->material != example_header().material, at >= material_at && at < nonce_at) << at;
    EXPECT_EQ(header->nonce != example_header().nonce, at >= nonce_at) << at;
  }
}

TEST(Blob, DerivesItsKeyFromSuiteMaterialIdAndN) {
  EXPECT_EQ(to_hex(derivation_context(example_header())),
            "01" + std::string(example_material) + "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
}

TEST(Blob, BindsHeaderAndCanonicalContext) {
  std::vector<ContextPair> pairs;
  const EncryptionContext context{{"tenant", "acme"}, {"purpose", "ledger"}};
  Bytes aad;
  ASSERT_TRUE(append_aad(aad, as_bytes("header"), context.view(pairs)));
  EXPECT_EQ(to_hex(aad), to_hex(as_bytes("header")) +
                             "0000000200000007707572706f7365000000066c65646765720000000674656e616e740000000461636d65");
}

TEST(Blob, BindsAContextUpToTheCapAndNotBeyond) {
  constexpr std::size_t overhead = 4 + 4 + 1 + 4;  // Count, length, "k", length.
  std::vector<ContextPair> pairs;
  EncryptionContext context{{"k", std::string(context_size_max - overhead, 'v')}};
  Bytes aad;
  EXPECT_TRUE(append_aad(aad, {}, context.view(pairs)));
  EXPECT_EQ(aad.size(), context_size_max);
  context.set("k", std::string(context_size_max - overhead + 1, 'v'));
  const auto refused = append_aad(aad, {}, context.view(pairs));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::validation);
  EXPECT_EQ(aad.size(), context_size_max);
}

}  // namespace
}  // namespace keyfold::blob
