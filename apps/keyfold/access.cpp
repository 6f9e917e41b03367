// keyfold access: who may do what with a key, and why; what policies allow too much of. The server answers, by the
// engine that decides its calls.

#include <functional>
#include <string>

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/files.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

using protocol::JsonValue;
using protocol::JsonWriter;

constexpr std::int64_t principals_per_page = 1000;  // The server ends a page sooner where there is much to say.
constexpr std::int64_t keys_per_page = 1000;
constexpr int found_status = 3;  // Of lint, when it found something.

Outcome print_line(std::string_view text) { return print(printable(text) + "\n"); }

// A value of the reply, as JSON again: on one line.
void append_json(JsonWriter& json, const JsonValue& value) {
  switch (value.kind()) {
    case JsonValue::Kind::null:
      json.raw("null");
      break;
    case JsonValue::Kind::boolean:
      json.boolean(value.boolean());
      break;
    case JsonValue::Kind::integer:
      json.integer(value.integer());
      break;
    case JsonValue::Kind::real:
      json.raw(std::to_string(value.real()));
      break;
    case JsonValue::Kind::text:
      json.text(value.text());
      break;
    case JsonValue::Kind::array:
      json.begin_array();
      value.each_element([&](const JsonValue& element) { append_json(json, element); });
      json.end_array();
      break;
    case JsonValue::Kind::object:
      json.begin_object();
      value.each_member([&](std::string_view name, const JsonValue& member) {
        json.name(name);
        append_json(json, member);
      });
      json.end_object();
      break;
  }
}

Outcome print_json(const JsonValue& value) {
  std::string line;
  JsonWriter json(line);
  append_json(json, value);
  return print(line + "\n");
}

// "statement readers of the key policy", "grant 0123…", "the account's root".
std::string source_of(const JsonValue& because) {
  if (const auto grant = because.text_of("Grant"); !grant.empty()) return "grant " + std::string(grant);
  std::string text;
  if (because.find("AccountRoot")) text = "the account's root";
  const std::string statement(because.text_of("Statement"));
  if (statement.empty()) return text;
  if (!text.empty()) text.append(", by ");
  text.append("\"").append(statement).append("\" of the ").append(because.text_of("Policy"));
  if (const auto name = because.text_of("PolicyName"); !name.empty()) text.append(" ").append(name);
  return text;
}

std::string condition_text(const JsonValue& condition) {
  std::string text(condition.text_of("Operator"));
  text.append(" ").append(condition.text_of("Key"));
  if (const auto values = condition.find("Values"); values && values->is(JsonValue::Kind::array))
    values->each_element([&](const JsonValue& value) {
      if (value.is(JsonValue::Kind::text)) text.append(" ").append(value.text());
    });
  return text;
}

Outcome print_remaining(const JsonValue& one) {
  std::string text = "    ";
  text.append(one.text_of("Effect") == "Deny" ? "unless " : "if ");
  if (const auto condition = one.find("Condition"); condition && condition->is(JsonValue::Kind::object))
    text.append(condition_text(*condition));
  else
    text.append("it matters: ").append(one.text_of("What"));
  if (const auto source = source_of(one); !source.empty()) text.append("   (").append(source).append(")");
  return print_line(text);
}

std::string end_of(const JsonValue& until) {
  if (until.is(JsonValue::Kind::real)) return "  until " + std::to_string(until.real());  // Not on a whole second.
  if (!until.is(JsonValue::Kind::integer)) return {};
  return "  until " + to_iso8601(Timestamp(std::chrono::seconds(until.integer())));
}

Outcome print_verdict(const JsonValue& entry) {
  std::string text(entry.text_of("Verdict"));
  if (const auto because = entry.find("Because"); because && because->is(JsonValue::Kind::object))
    if (const auto source = source_of(*because); !source.empty()) text.append("  by ").append(source);
  if (const auto until = entry.find("Until")) text.append(end_of(*until));
  if (const auto principal = entry.text_of("Principal"); !principal.empty())
    text.insert(0, std::string(principal) + "  ");
  TRY(print_line(text));
  if (const auto why = entry.text_of("Text"); !why.empty()) TRY(print_line("    " + std::string(why)));
  Outcome printed = ok();
  if (const auto remaining = entry.find("Remaining"); remaining && remaining->is(JsonValue::Kind::array))
    remaining->each_element([&](const JsonValue& one) {
      if (printed) printed = print_remaining(one);
    });
  return printed;
}

Outcome print_finding(const JsonValue& finding) {
  std::string text(finding.text_of("Severity"));
  text.append("  ").append(finding.text_of("Rule")).append("  ").append(finding.text_of("Where"));
  if (const auto statement = finding.text_of("Statement"); !statement.empty())
    text.append("  \"").append(statement).append("\"");
  TRY(print_line(text));
  return print_line("    " + std::string(finding.text_of("Text")));
}

Outcome unreadable() { return Error{ErrorCode::io, "the server's answer cannot be read"}; }

// All pages of a list. `begin` writes the request's members.
Outcome each_item(client::Kms& kms, std::string_view operation, std::string_view list, std::int64_t per_page,
                  const std::function<Outcome(JsonWriter&)>& begin,
                  const std::function<Outcome(const JsonValue&)>& visit) {
  std::string marker;
  do {
    std::string request;
    JsonWriter json(request);
    json.begin_object();
    TRY(begin(json));
    json.integer("Limit", per_page);
    if (!marker.empty()) json.text("Marker", marker);
    json.end_object();
    TRY_ASSIGN(const auto text, kms.call(operation, request));
    protocol::JsonReader reader;
    const auto reply = reader.parse(text);
    if (!reply || !reply->is(JsonValue::Kind::object)) return unreadable();
    const auto items = reply->find(list);
    if (!items || !items->is(JsonValue::Kind::array)) return unreadable();
    Outcome visited = ok();
    items->each_element([&](const JsonValue& item) {
      if (visited) visited = visit(item);
    });
    TRY(std::move(visited));
    marker = reply->text_of("NextMarker");
  } while (!marker.empty());
  return ok();
}

Outcome append_context(JsonWriter& json, const AccessCommand& command) {
  if (command.context.empty() && !command.no_context) return ok();
  TRY_ASSIGN(const auto context, context_of(command.context));
  std::vector<ContextPair> pairs;
  json.context("EncryptionContext", context.view(pairs));
  return ok();
}

Outcome who_can(client::Kms& kms, const AccessCommand& command) {
  const auto begin = [&](JsonWriter& json) {
    json.text("Action", command.iam_action).text("KeyId", command.key);
    return append_context(json, command);
  };
  return each_item(kms, "Keyfold.WhoCan", "Principals", principals_per_page, begin,
                   [&](const JsonValue& entry) { return command.json ? print_json(entry) : print_verdict(entry); });
}

Outcome explain(client::Kms& kms, const AccessCommand& command) {
  std::string request;
  JsonWriter json(request);
  json.begin_object().text("Principal", command.principal);
  json.text("Action", command.iam_action).text("KeyId", command.key);
  TRY(append_context(json, command));
  TRY_ASSIGN(const auto conditions, context_of(command.conditions));
  std::vector<ContextPair> pairs;
  if (!conditions.empty()) json.context("Conditions", conditions.view(pairs));
  json.end_object();
  TRY_ASSIGN(const auto text, kms.call("Keyfold.ExplainAccess", request));
  protocol::JsonReader reader;
  const auto reply = reader.parse(text);
  if (!reply || !reply->is(JsonValue::Kind::object)) return unreadable();
  if (command.json) return print_json(*reply);
  TRY(print_verdict(*reply));
  const auto state = reply->text_of("KeyState");
  return state == "Enabled" ? ok() : print_line("    the key's state is " + std::string(state));
}

Result<int> lint(client::Kms& kms, const AccessCommand& command) {
  std::size_t findings = 0;
  TRY(each_item(
      kms, "Keyfold.LintAccess", "Findings", keys_per_page, [](JsonWriter&) { return ok(); },
      [&](const JsonValue& finding) {
        ++findings;
        return command.json ? print_json(finding) : print_finding(finding);
      }));
  return findings == 0 ? 0 : found_status;
}

}  // namespace

Result<int> run(const AccessCommand& command) {
  TRY_ASSIGN(const auto kms, connect(command.connection, command.key));
  switch (command.action) {
    case AccessCommand::Action::who_can:
      TRY(who_can(*kms, command));
      break;
    case AccessCommand::Action::explain:
      TRY(explain(*kms, command));
      break;
    case AccessCommand::Action::lint:
      return lint(*kms, command);
  }
  return 0;
}

}  // namespace keyfold::cli
