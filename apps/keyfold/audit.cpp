// keyfold audit show: the audit log, every record checked, as JSON lines or as a line each for people.

#include <cstdio>

#include "keyfold/commands.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/files.h"
#include "keyfold/kms/audit/reader.h"

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

std::string brief(const JsonValue& event) {
  const auto who = text_at(event, {"userIdentity", "arn"});
  const auto outcome = text_at(event, {"errorCode"});
  std::string line(text_at(event, {"eventTime"}));
  line += ' ';
  line += text_at(event, {"eventName"});
  line += ' ';
  line += who.empty() ? "-" : who.substr(who.rfind(':') + 1);
  line += ' ';
  line += outcome.empty() ? std::string_view("ok") : outcome;
  if (const auto reason = text_at(event, {"additionalEventData", "reason"}); !reason.empty()) {
    line += " (";
    line += reason;
    line += ')';
  }
  return line + "\n";
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
      line = event ? brief(*event) : "not JSON: " + line + "\n";
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
