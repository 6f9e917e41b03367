// keyfold call: one operation of the KMS API, its request and reply as JSON.

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/files.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t request_size_max = std::size_t{1} << 20;  // Bytes: what a KMS takes.

Outcome read_all_input(std::string& text) {
  TRY_ASSIGN(auto in, InputFile::open("-"));
  Bytes chunk(std::size_t{64} << 10);
  const WipeAtEnd wiped(chunk);
  for (;;) {
    TRY_ASSIGN(const std::size_t got, in.read(chunk));
    if (got == 0) break;
    if (text.size() + got > request_size_max) return Error{ErrorCode::invalid_input, "a request is at most 1 MiB"};
    append_wiping(text, as_text(BytesView(chunk).first(got)));
  }
  return ok();
}

}  // namespace

Outcome run(const CallCommand& command) {
  std::string request = command.request.empty() ? "{}" : command.request;
  const WipeAtEnd request_wiped(request);
  if (request == "-") {
    request.clear();
    TRY(read_all_input(request));
  }
  TRY_ASSIGN(const auto kms, connect(command.connection, ""));
  auto reply = kms->call(command.operation, request);
  if (!reply) return Error{reply.error().code, command.operation + ": " + reply.error().message};
  const WipeAtEnd reply_wiped(*reply);
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  TRY(out.write(as_bytes(*reply)));
  if (!reply->empty()) TRY(out.write(as_bytes("\n")));
  return out.commit();
}

}  // namespace keyfold::cli
