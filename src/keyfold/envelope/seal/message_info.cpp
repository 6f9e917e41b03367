#include "keyfold/envelope/seal/message_info.h"

#include <istream>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::seal {

Result<MessageInfo> info_of(const message::Header& header) {
  std::vector<ContextPair> pairs;
  TRY_ASSIGN(const auto context, materials::read_serialized_context(header.body.encryption_context, pairs));
  MessageInfo info;
  info.format_version = header.body.suite->message_version;
  info.suite = header.body.suite;
  info.message_id = header.body.message_id;
  info.encryption_context = EncryptionContext(context);
  info.encrypted_data_keys.reserve(header.body.encrypted_data_keys.size());
  for (const auto& key : header.body.encrypted_data_keys) info.encrypted_data_keys.emplace_back(key);
  info.content_type = header.body.content_type;
  info.frame_length = header.body.frame_length;
  info.header_size = header.size;
  return info;
}

Result<MessageInfo> inspect(BytesView message_start, const message::Limits& limits) {
  TRY_ASSIGN(const auto header, message::read_header(message_start, limits));
  if (const auto* whole = std::get_if<message::Header>(&header)) return info_of(*whole);
  return Error{ErrorCode::invalid_input, "the message is cut short"};
}

Result<MessageInfo> inspect(std::istream& in, const message::Limits& limits) {
  Bytes bytes;
  std::size_t wanted = 1;
  // Ends: each turn reads at least one byte more, and read_header() refuses more than limits.header_size_max.
  for (;;) {
    const auto had = bytes.size();
    bytes.resize(wanted);
    in.read(reinterpret_cast<char*>(bytes.data() + had), static_cast<std::streamsize>(wanted - had));
    if (in.bad()) return Error{ErrorCode::io, "the message cannot be read"};
    bytes.resize(had + static_cast<std::size_t>(in.gcount()));
    if (bytes.size() < wanted) return inspect(bytes, limits);
    TRY_ASSIGN(const auto header, message::read_header(bytes, limits));
    if (const auto* whole = std::get_if<message::Header>(&header)) return info_of(*whole);
    wanted = std::get<message::NeedsMore>(header).at_least;
  }
}

}  // namespace keyfold::seal
