#include "keyfold/kms/audit/event.h"

#include <charconv>
#include <chrono>

#include "keyfold/core/base/json_text.h"
#include "keyfold/core/base/utf8.h"

namespace keyfold::audit {
namespace {

constexpr std::size_t user_agent_max = 1024;
constexpr std::size_t host_max = 1024;
constexpr std::size_t error_message_max = 2048;
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed UTF-8 sequence of two to four bytes at `at` (Unicode, table 3-7), or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (!is_utf8_continuation(text, at + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (!is_utf8_continuation(text, at + 2)) return 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (!is_utf8_continuation(text, at + 3) || lead < 0xF0 || lead > 0xF4) return 0;
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool beyond = lead == 0xF4 && second >= 0x90;
  return overlong || beyond ? 0 : 4;
}

// The inside of a JSON string, whatever `text` is. Runs of plain characters, nearly all there is, are copied whole.
void append_text(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t plain = plain_json_size(text.substr(at));
    out.append(text, at, plain);
    at += plain;
    if (at == text.size()) return;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      append_json_escaped(out, text.substr(at++, 1));
    } else if (const std::size_t length = sequence_length(text, at); length != 0) {
      out.append(text, at, length);
      at += length;
    } else {
      out += replacement;
      ++at;
    }
  }
}

void append_digits(std::string& out, unsigned value, int width) {
  char digits[4];
  for (int i = width - 1; i >= 0; --i, value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

// As to_iso8601, into the leaf itself.
void append_time(std::string& out, Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += 'Z';
}

constexpr std::string_view name_of(EventType type) {
  switch (type) {
    case EventType::aws_api_call:
      return "AwsApiCall";
    case EventType::aws_service_event:
      return "AwsServiceEvent";
    case EventType::keyfold_admin:
      return "KeyfoldAdmin";
    case EventType::keyfold_server:
      return "KeyfoldServer";
  }
  return "AwsApiCall";
}

}  // namespace

// Appends the members of one object after another; puts the commas where they belong.
class EventWriter {
 public:
  explicit EventWriter(std::string& out) : out_(out) { out_ += '{'; }

  EventWriter& text(std::string_view name, std::string_view value) {
    key(name);
    quoted(value);
    return *this;
  }
  EventWriter& text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  EventWriter& boolean(std::string_view name, bool value) {
    key(name);
    append(value);
    return *this;
  }
  EventWriter& null(std::string_view name) {
    key(name);
    out_ += "null";
    return *this;
  }
  EventWriter& time(std::string_view name, Timestamp value) {
    key(name);
    out_ += '"';
    append_time(out_, value);
    out_ += '"';
    return *this;
  }
  EventWriter& fields(std::span<const EventField> fields) {
    for (const EventField& field : fields) {
      any_key(field.name_);
      std::visit([this](const auto& value) { append(value); }, field.value_);
    }
    return *this;
  }
  EventWriter& context(std::string_view name, const ContextView& pairs) {
    key(name);
    append(pairs);
    return *this;
  }
  EventWriter& open(std::string_view name) {
    key(name);
    out_ += '{';
    return *this;
  }
  EventWriter& open_list_of_objects(std::string_view name) {
    key(name);
    out_ += "[{";
    return *this;
  }
  EventWriter& close() {
    out_ += '}';
    return *this;
  }
  EventWriter& next_object() {
    out_ += "},{";
    return *this;
  }
  EventWriter& close_list_of_objects() {
    out_ += "}]";
    return *this;
  }

 private:
  void separate() {
    if (out_.back() != '{') out_ += ',';
  }
  // One of the names below: there is nothing in it to be escaped.
  void key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void any_key(std::string_view name) {
    separate();
    quoted(name);
    out_ += ':';
  }
  void quoted(std::string_view text) {
    out_ += '"';
    append_text(out_, text);
    out_ += '"';
  }
  void append(std::string_view text) { quoted(text); }
  void append(bool value) { out_ += value ? "true" : "false"; }
  void append(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, static_cast<std::size_t>(end - digits));
  }
  void append(std::span<const std::string_view> texts) {
    list(texts, [this](std::string_view text) { quoted(text); });
  }
  void append(std::span<const EventTag> tags) {
    list(tags, [this](const EventTag& tag) {
      out_ += '{';
      text("tagKey", tag.key).text("tagValue", tag.value).close();
    });
  }
  void append(const ContextView& pairs) {
    out_ += '{';
    for (const auto& [key, value] : pairs) {
      any_key(key);
      quoted(value);
    }
    close();
  }
  void append(std::span<const EventField> inner) {
    out_ += '{';
    fields(inner).close();
  }
  template <class Item, class Write>
  void list(std::span<const Item> items, Write&& write) {
    out_ += '[';
    for (const Item& item : items) {
      if (out_.back() != '[') out_ += ',';
      write(item);
    }
    out_ += ']';
  }
  std::string& out_;
};

namespace {

void write_session(EventWriter& out, const SessionContext& session) {
  out.open("sessionContext");
  if (!session.issuer_type.empty())
    out.open("sessionIssuer")
        .text("type", session.issuer_type)
        .text_if_any("principalId", session.issuer_principal_id)
        .text_if_any("arn", session.issuer_arn)
        .text_if_any("accountId", session.issuer_account_id)
        .text_if_any("userName", session.issuer_user_name)
        .close();
  out.open("attributes").text("mfaAuthenticated", "false").text("creationDate", session.creation_date).close();
  out.close();
}

void write_user(EventWriter& out, const UserIdentity& user) {
  out.open("userIdentity")
      .text_if_any("type", user.type)
      .text_if_any("principalId", user.principal_id)
      .text_if_any("arn", user.arn)
      .text_if_any("accountId", user.account_id)
      .text_if_any("accessKeyId", user.access_key_id)
      .text_if_any("userName", user.user_name);
  if (user.session != nullptr) write_session(out, *user.session);
  out.close();
}

struct SideNames {
  std::string_view key_id, context, algorithm, material;
};
constexpr SideNames only_side{"keyId", "encryptionContext", "encryptionAlgorithm", "keyMaterialId"};
constexpr SideNames source_side{"sourceKeyId", "sourceEncryptionContext", "sourceEncryptionAlgorithm",
                                "sourceKeyMaterialId"};
constexpr SideNames destination_side{"destinationKeyId", "destinationEncryptionContext",
                                     "destinationEncryptionAlgorithm", "destinationKeyMaterialId"};

void write_side(EventWriter& out, const SideNames& names, std::string_view key_id, const ContextView& context,
                std::string_view algorithm) {
  out.text_if_any(names.key_id, key_id);
  if (!context.empty()) out.context(names.context, context);
  out.text_if_any(names.algorithm, algorithm);
}

void write_request(EventWriter& out, const RequestParameters& request, const ReEncryptSource* source) {
  const auto is_empty = [](const auto& side) {
    return side.key_id.empty() && side.encryption_context.empty() && side.encryption_algorithm.empty();
  };
  if (is_empty(request) && request.others.empty() && (source == nullptr || is_empty(*source))) {
    out.null("requestParameters");
    return;
  }
  out.open("requestParameters");
  if (source != nullptr)
    write_side(out, source_side, source->key_id, source->encryption_context, source->encryption_algorithm);
  write_side(out, source != nullptr ? destination_side : only_side, request.key_id, request.encryption_context,
             request.encryption_algorithm);
  out.fields(request.others).close();
}

void write_response(EventWriter& out, std::span<const EventField> response) {
  if (response.empty()) {
    out.null("responseElements");
    return;
  }
  out.open("responseElements").fields(response).close();
}

void write_details(EventWriter& out, const EventDetails& details, const ReEncryptSource* source) {
  out.open("additionalEventData");
  if (source != nullptr) out.text_if_any(source_side.material, source->key_material_id);
  out.text_if_any((source != nullptr ? destination_side : only_side).material, details.key_material_id);
  if (source != nullptr)
    out.text_if_any("sourceDecision", source->decision)
        .text_if_any("sourceDecidingStatement", source->deciding_statement);
  out.text_if_any("decision", details.decision)
      .text_if_any("decidingStatement", details.deciding_statement)
      .fields(details.others)
      .close();
}

void write_tls(EventWriter& out, const TlsDetails& tls) {
  if (tls.version.empty()) return;
  out.open("tlsDetails")
      .text("tlsVersion", tls.version)
      .text_if_any("cipherSuite", tls.cipher_suite)
      .text_if_any("clientProvidedHostHeader", cut_utf8(tls.host, host_max))
      .close();
}

void write_resource(EventWriter& out, std::string_view arn, std::string_view account, std::string_view type) {
  out.text("ARN", arn).text_if_any("accountId", account).text("type", type);
}

void write_resources(EventWriter& out, const AuditEvent& event) {
  const bool source = event.re_encrypted != nullptr && !event.re_encrypted->resource_arn.empty();
  const bool own = !event.resource_arn.empty();
  if (!source && !own) return;
  out.open_list_of_objects("resources");
  if (source)
    write_resource(out, event.re_encrypted->resource_arn, event.re_encrypted->resource_account, event.resource_type);
  if (source && own) out.next_object();
  if (own) write_resource(out, event.resource_arn, event.resource_account, event.resource_type);
  out.close_list_of_objects();
}

}  // namespace

void encode(const AuditEvent& event, std::string& leaf) {
  leaf.clear();
  EventWriter out(leaf);
  out.text("eventVersion", event_version);
  write_user(out, event.user);
  out.time("eventTime", event.time)
      .text("eventSource", event.source)
      .text("eventName", event.name)
      .text_if_any("awsRegion", event.region)
      .text_if_any("sourceIPAddress", event.source_ip)
      .text_if_any("userAgent", cut_utf8(event.user_agent, user_agent_max))
      .text_if_any("errorCode", event.error_code)
      .text_if_any("errorMessage", cut_utf8(event.error_message, error_message_max));
  write_request(out, event.request, event.re_encrypted);
  write_response(out, event.response);
  write_details(out, event.details, event.re_encrypted);
  write_tls(out, event.tls);
  // Everything that a caller can choose is before this: event_id_of() relies on it.
  out.text_if_any("requestID", event.request_id)
      .text("eventID", event.event_id)
      .boolean("readOnly", event.access == Access::read_only);
  write_resources(out, event);
  out.text("eventType", name_of(event.type))
      .text_if_any("recipientAccountId", event.recipient_account)
      .text("eventCategory", "Management")
      .close();
}

std::string_view event_id_of(std::string_view leaf) {
  constexpr std::string_view label = "\"eventID\":\"";
  const std::size_t at = leaf.rfind(label);
  if (at == std::string_view::npos) return {};
  const std::string_view value = leaf.substr(at + label.size());
  return value.substr(0, value.find('"'));
}

}  // namespace keyfold::audit
