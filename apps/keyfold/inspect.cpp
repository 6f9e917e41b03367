// keyfold inspect: what a sealed file says in clear.

#include <cstdio>
#include <limits>
#include <optional>

#include "keyfold/commands.h"
#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/materials/context_codec.h"
#include "keyfold/envelope/seal/message_info.h"
#include "keyfold/files.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

// What the format can express, not what is opened: inspect is for messages that somebody wonders about.
message::Limits wide_limits() {
  message::Limits limits;
  limits.encrypted_data_keys_max = std::numeric_limits<std::uint16_t>::max();
  limits.encryption_context_size_max = std::numeric_limits<std::uint16_t>::max();
  limits.frame_length_max = std::numeric_limits<std::uint32_t>::max();
  limits.header_size_max = std::size_t{64} << 20;  // Bytes, in memory; 65,535 keys of 1,000 bytes.
  return limits;
}

std::string hex4(std::uint16_t value) {
  char text[8];
  std::snprintf(text, sizeof text, "%04X", static_cast<unsigned>(value));
  return text;
}

// The key's name, where the provider info is a raw AES keyring's: the name, tag length in bits, IV length, and the IV
// (spec: framework/raw-aes-keyring.md, "Key Provider Information").
std::optional<std::string_view> raw_key_name(const materials::EncryptedDataKey& key) {
  constexpr std::size_t iv_size = 12;
  constexpr std::size_t tail_size = 4 + 4 + iv_size;
  const BytesView info = key.provider_info;
  if (key.provider_id == keyrings::kms_provider_id || info.size() <= tail_size) return std::nullopt;
  Reader tail(info.last(tail_size));
  if (*tail.u32() != 128 || *tail.u32() != iv_size) return std::nullopt;
  return as_text(info.first(info.size() - tail_size));
}

// JSON is UTF-8, and a message need not be: what is not is base64.
void append_json(protocol::JsonWriter& json, const materials::EncryptedDataKey& key) {
  json.begin_object();
  json.text("provider_id", key.provider_id);
  if (key.provider_id == keyrings::kms_provider_id && materials::is_utf8(as_text(key.provider_info))) {
    json.text("key_arn", as_text(key.provider_info));
  } else {
    const auto name = raw_key_name(key);
    if (name && materials::is_utf8(*name)) json.text("key_name", *name);
    json.base64("provider_info", key.provider_info);
  }
  json.integer("ciphertext_bytes", static_cast<std::int64_t>(key.ciphertext.size())).end_object();
}

std::string as_json(const seal::MessageInfo& info) {
  std::string out;
  protocol::JsonWriter json(out);
  std::vector<ContextPair> pairs;
  json.begin_object().integer("format_version", info.format_version);
  json.text("suite", hex4(static_cast<std::uint16_t>(info.suite->id)))
      .boolean("signed", info.suite->signs())
      .boolean("commits", info.suite->commits());
  json.hex("message_id", info.message_id.view()).context("encryption_context", info.encryption_context.view(pairs));
  json.name("encrypted_data_keys").begin_array();
  for (const auto& key : info.encrypted_data_keys) append_json(json, key);
  json.end_array().boolean("framed", info.content_type == message::ContentType::framed);
  json.integer("frame_length", info.frame_length);
  json.integer("header_bytes", static_cast<std::int64_t>(info.header_size)).end_object();
  return out + "\n";
}

std::string as_prose(const seal::MessageInfo& info) {
  std::string out = "AWS Encryption SDK message, version " + std::to_string(info.format_version) + "\n";
  out += "  suite       " + hex4(static_cast<std::uint16_t>(info.suite->id)) +
         (info.suite->signs() ? ", signed" : ", not signed") + "\n";
  out += "  message id  " + to_hex(info.message_id.view()) + "\n";
  out += "  frames      " + (info.content_type == message::ContentType::framed
                                 ? "of " + std::to_string(info.frame_length) + " bytes\n"
                                 : std::string("none: the content is in one piece\n"));
  out += "  header      " + std::to_string(info.header_size) + " bytes\n";
  for (const auto& [key, value] : info.encryption_context)
    out += "  context     " + printable(key) + "=" + printable(value) + "\n";
  for (const auto& key : info.encrypted_data_keys) {
    const auto name = raw_key_name(key).value_or(as_text(key.provider_info));
    out += "  wrapped by  " + printable(key.provider_id) + " " + printable(name) + " (" +
           std::to_string(key.ciphertext.size()) + " bytes)\n";
  }
  return out + "Nothing of this has been verified: that takes a key.\n";
}

// Reads on until the header is whole, or is refused. Half as much again before the next look: a look begins at the
// front.
Result<seal::MessageInfo> read_info(InputFile& in) {
  const auto limits = wide_limits();
  Bytes start;
  Bytes chunk(std::size_t{64} << 10);
  for (std::size_t next_look = 1;;) {
    TRY_ASSIGN(const std::size_t got, in.read(chunk));
    if (got == 0) return seal::inspect(start, limits);
    start.insert(start.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
    if (start.size() < next_look) continue;
    TRY_ASSIGN(const auto header, message::read_header(start, limits));
    if (const auto* whole = std::get_if<message::Header>(&header)) return seal::info_of(*whole);
    next_look = start.size() + start.size() / 2;
  }
}

}  // namespace

Outcome run(const InspectCommand& command) {
  TRY_ASSIGN(auto in, InputFile::open(command.file));
  const auto info = read_info(in);
  if (!info) return Error{info.error().code, command.file + ": " + info.error().message};
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  const std::string text = command.json ? as_json(*info) : as_prose(*info);
  TRY(out.write(as_bytes(text)));
  return out.commit();
}

}  // namespace keyfold::cli
