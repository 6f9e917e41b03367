// keyfold audit show: the audit log, every record checked, as JSON lines or as a line each for people.

#include <cstdio>

#include "keyfold/commands.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/files.h"
#include "keyfold/kms/audit/reader.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

using protocol::JsonValue;

// The text at a path of member names; empty when it is not there.
std::string_view text_at(JsonValue value, std::initializer_list<std::string_view> path) {
  for (const auto name : path) {
    if (!value.is(JsonValue::Kind::object)) return {};
    const auto member = value.find(name);
    if (!member) return {};
    value = *member;
  }
  return value.is(JsonValue::Kind::text) ? value.text() : std::string_view();
}

// Who did it: the end of the principal's ARN, or the user of the operating system that administered.
std::string_view who(const JsonValue& event) {
  const auto arn = text_at(event, {"userIdentity", "arn"});
  if (!arn.empty()) return arn.substr(arn.rfind(':') + 1);
  const auto name = text_at(event, {"userIdentity", "userName"});
  return name.empty() ? std::string_view("-") : name;
}

std::string brief(const JsonValue& event) {
  const auto error = text_at(event, {"errorCode"});
  std::string line(text_at(event, {"eventTime"}));
  for (const auto part : {text_at(event, {"eventName"}), who(event), error.empty() ? std::string_view("ok") : error}) {
    line += ' ';
    line += part;
  }
  const auto statement = text_at(event, {"additionalEventData", "decidingStatement"});
  if (!statement.empty()) {
    line += " (by ";
    line += statement;
    line += ')';
  } else if (const auto message = text_at(event, {"errorMessage"}); !message.empty()) {
    line += " (";
    line += message;
    line += ')';
  }
  return printable(line) + "\n";
}

}  // namespace

Outcome run(const AuditCommand& command) {
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  protocol::JsonReader reader;
  Outcome printed = ok();
  const auto summary = audit::read_log(command.directory, [&](std::uint64_t, BytesView leaf) {
    std::string line(as_text(leaf));
    if (command.brief) {
      const auto event = reader.parse(line);
      line = event ? brief(*event) : "not JSON: " + printable(line) + "\n";
    } else {
      line += '\n';
    }
    printed = out.write(as_bytes(line));
    return printed ? audit::Next::go_on : audit::Next::stop;
  });
  TRY(std::move(printed));
  TRY(out.commit());
  if (!summary) return summary.error();
  std::fprintf(stderr, "%llu records, every one whole; tree root %s\n",
               static_cast<unsigned long long>(summary->size - summary->first_leaf), to_hex(summary->root).c_str());
  return ok();
}

}  // namespace keyfold::cli
