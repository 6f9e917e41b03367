// keyfold branch-key: makes, rotates, lists, shows and rewraps the branch keys of a key store.

#include <cstdio>

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/envelope/keystore/key_store.h"
#include "keyfold/envelope/keystore/postgresql/postgresql_records.h"
#include "keyfold/envelope/keystore/rewrap.h"
#include "keyfold/envelope/keystore/sqlite/sqlite_records.h"
#include "keyfold/files.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

using keystore::Record;

constexpr std::size_t page_size = 100;  // Branch keys.

Result<std::shared_ptr<keystore::RecordStore>> records_of(const BranchKeyCommand& command,
                                                          keystore::IfAbsent if_absent) {
  return open_records(command.store, command.logical_name, if_absent);
}

client::BranchKeyStoreWanted wanted_by(const BranchKeyCommand& command) {
  using enum client::BranchKeyStoreWanted::Key;
  return {.store = command.store,
          .logical_name = command.logical_name,
          .key = command.key,
          .scope = command.multi_region ? or_a_related_one : this_one};
}

Result<keystore::KeyStore> open_store(const BranchKeyCommand& command, keystore::IfAbsent if_absent) {
  return open_key_store(command.connection, wanted_by(command), if_absent);
}

std::string prose_of(const EncryptionContext& context) {
  std::string text;
  for (const auto& [key, value] : context) {
    if (!text.empty()) text += ", ";
    text.append(key).append("=").append(value);
  }
  return printable(text);
}

// What both a list's and a record's line have.
void add_fields(protocol::JsonWriter& json, const Record& record) {
  std::vector<ContextPair> pairs;
  const auto context = keystore::custom_context_of(record);
  if (keystore::kind_of(record) != keystore::RecordKind::beacon)
    json.text("version", keyrings::to_string(keystore::version_of(record)));
  json.text("create_time", record.create_time).text("kms_arn", record.kms_arn);
  json.text("hierarchy_version", record.hierarchy_version).context("context", context.view(pairs));
}

std::string json_line(const Record& record, std::string_view type_name) {
  std::string line;
  protocol::JsonWriter json(line);
  json.begin_object().text("branch_key_id", record.branch_key_id);
  if (!type_name.empty()) json.text(type_name, record.type);
  add_fields(json, record);
  json.end_object();
  return line + "\n";
}

std::string prose_line(const Record& record) {
  return printable(record.branch_key_id) + "\t" + keyrings::to_string(keystore::version_of(record)) + "\t" +
         printable(record.create_time) + "\t" + prose_of(keystore::custom_context_of(record)) + "\n";
}

// Of a branch key, from any of its records; and of each of them.
std::string prose_head(const Record& record) {
  auto text = "branch key  " + printable(record.branch_key_id) + "\n";
  for (const auto& [key, value] : keystore::custom_context_of(record))
    text += "context     " + printable(key) + "=" + printable(value) + "\n";
  return text;
}

std::string prose_of(const Record& record) {
  return printable(record.type) + (record.version.empty() ? "" : " = " + record.version) + "\n  made  " +
         printable(record.create_time) + ", under " + printable(record.kms_arn) + "\n";
}

// {"NAME":"VALUE"}, or the value alone.
Outcome print_one(const BranchKeyCommand& command, std::string_view name, std::string_view value) {
  if (!command.json) return print(printable(value) + "\n");
  std::string line;
  protocol::JsonWriter json(line);
  json.begin_object().text(name, value).end_object();
  return print(line + "\n");
}

Outcome init(const BranchKeyCommand& command) {
  if (keystore::is_postgresql_address(command.store))
    return keystore::init_postgresql_records(command.store, command.logical_name);
  TRY(keystore::open_sqlite_records(command.store, command.logical_name, keystore::IfAbsent::create));
  return ok();
}

Outcome create(const BranchKeyCommand& command) {
  keystore::NewBranchKey wanted;
  if (!command.id.empty()) wanted.id = command.id;
  TRY_ASSIGN(wanted.context, context_of(command.context));
  TRY_ASSIGN(auto store, open_store(command, keystore::IfAbsent::create));
  TRY_ASSIGN(const auto id, store.create(wanted));
  return print_one(command, "branch_key_id", id);
}

Outcome rotate(const BranchKeyCommand& command) {
  TRY_ASSIGN(auto store, open_store(command, keystore::IfAbsent::fail));
  TRY_ASSIGN(const auto version, store.rotate(command.id));
  return print_one(command, "version", keyrings::to_string(version));
}

// Says that a record is none; the others are shown all the same.
void complain(const Error& error) { std::fprintf(stderr, "keyfold: %s\n", printable(error.message).c_str()); }

Outcome unless_any(std::size_t unread, std::size_t all, std::string_view of_what) {
  if (unread == 0) return ok();
  return Error{ErrorCode::corrupt, std::to_string(unread) + " of " + std::to_string(all) + " " + std::string(of_what) +
                                       " could not be read"};
}

Outcome list(const BranchKeyCommand& command) {
  TRY_ASSIGN(const auto records, records_of(command, keystore::IfAbsent::fail));
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  std::string after;
  std::size_t unread = 0, all = 0;
  for (bool more = true; more;) {  // Ends: each turn goes on after the last branch key of the one before.
    TRY_ASSIGN(const auto page, records->scan_active(after, page_size));
    more = page.size() == page_size;
    all += page.size();
    for (const auto& [position, record] : page) {
      after = position.branch_key_id;
      if (!record) {
        complain(record.error());
        ++unread;
        continue;
      }
      TRY(out.write(as_bytes(command.json ? json_line(*record, "") : prose_line(*record))));
    }
  }
  TRY(out.commit());
  return unless_any(unread, all, "branch keys");
}

Outcome show(const BranchKeyCommand& command) {
  TRY_ASSIGN(const auto records, records_of(command, keystore::IfAbsent::fail));
  TRY_ASSIGN(const auto found, keystore::records_of(*records, command.id));
  std::string text;
  std::size_t unread = 0;
  for (const auto& [position, record] : found) {
    if (!record) {
      complain(record.error());
      ++unread;
      continue;
    }
    if (command.json) {
      text += json_line(*record, "type");
      continue;
    }
    if (text.empty()) text = prose_head(*record);
    text += prose_of(*record);
  }
  TRY(print(text));
  return unless_any(unread, found.size(), "records");
}

std::string rewrap_line(const BranchKeyCommand& command, const keystore::RewrapStep& step) {
  const std::string_view outcome = step.error ? "failed" : "rewrapped";
  if (!command.json)
    return std::string(outcome) + "\t" + printable(step.record.branch_key_id) + "\t" + printable(step.record.type) +
           (step.error ? "\t" + printable(step.error->message) : "") + "\n";
  std::string line;
  protocol::JsonWriter json(line);
  // Of a record that is none, neither need be UTF-8.
  json.begin_object().text("branch_key_id", printable(step.record.branch_key_id));
  json.text("type", printable(step.record.type)).text("outcome", outcome);
  if (step.error) json.text("error", printable(step.error->message));
  json.end_object();
  return line + "\n";
}

Outcome rewrap(const BranchKeyCommand& command) {
  TRY_ASSIGN(auto choice, key_choice(wanted_by(command)));
  TRY_ASSIGN(auto kms, connect(command.connection, command.key));
  TRY_ASSIGN(const auto records, records_of(command, keystore::IfAbsent::fail));
  const keystore::RecordWrapping wrapping(std::move(kms), std::move(choice), records->logical_name());
  Outcome written = ok();  // When nobody reads any more, the work goes on.
  const auto report = [&](const keystore::RewrapStep& step) {
    if (written && (step.error || !command.quiet)) written = print(rewrap_line(command, step));
  };
  std::optional<std::string> id;
  if (!command.id.empty()) id = command.id;
  TRY_ASSIGN(const auto done, keystore::rewrap(*records, wrapping, id, report));
  TRY(std::move(written));
  const auto counts = std::to_string(done.rewrapped) + " rewrapped, " + std::to_string(done.failed) + " failed";
  if (done.stopped)
    return Error{done.stopped->code, "stopped (" + counts + "), run it again: " + done.stopped->message};
  if (done.failed > 0) return Error{ErrorCode::internal, counts};
  return ok();
}

}  // namespace

Outcome run(const BranchKeyCommand& command) {
  switch (command.action) {
    case BranchKeyCommand::Action::init:
      return init(command);
    case BranchKeyCommand::Action::create:
      return create(command);
    case BranchKeyCommand::Action::rotate:
      return rotate(command);
    case BranchKeyCommand::Action::list:
      return list(command);
    case BranchKeyCommand::Action::show:
      return show(command);
    case BranchKeyCommand::Action::rewrap:
      return rewrap(command);
  }
  return Error{ErrorCode::internal, "no such command"};
}

}  // namespace keyfold::cli
