// Many tenants, each under a branch key of his own: the KMS is called once for each tenant, not once for each message.
//
//   tenants make STORE KEY-ARN TENANTS                     makes their branch keys
//   tenants seal STORE KEY-ARN TENANTS MESSAGES FOLDER     seals so many messages of each tenant, into a file of his
//   tenants open STORE KEY-ARN TENANTS MESSAGES FOLDER     opens them all, each as its tenant's
//
// Endpoint, Region and credentials come from the usual AWS settings.

#include <keyfold/keyfold.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using keyfold::Outcome;
using keyfold::Result;

struct Command {
  std::string what, store, key, folder;
  unsigned tenants = 0, messages = 0;
};

std::string text_of(unsigned tenant, unsigned number) {
  return "letter " + std::to_string(number) + " to tenant " + std::to_string(tenant);
}
std::filesystem::path file_of(const Command& command, unsigned tenant) {
  return std::filesystem::path(command.folder) / std::to_string(tenant);
}

Result<std::shared_ptr<keyfold::KeyStore>> open_store(const Command& command) {
  auto settings = keyfold::aws_settings();
  if (!settings) return settings.error();
  auto kms = keyfold::connect_kms(*std::move(settings));
  if (!kms) return kms.error();
  auto records = keyfold::open_sqlite_records(command.store, "branch-keys", keyfold::IfAbsent::create);
  if (!records) return records.error();
  auto choice = keyfold::KmsKeyChoice::only(command.key);
  if (!choice) return choice.error();
  return std::make_shared<keyfold::KeyStore>(*records, *kms, *choice);
}

// Messages of tenant 7 belong under the branch key tenant-7.
Result<keyfold::Envelope> open_envelope(std::shared_ptr<keyfold::KeyStore> store) {
  auto supplier = keyfold::branch_key_by_context({.context_key = "tenant", .ids = {}, .prefix = "tenant-"});
  if (!supplier) return supplier.error();
  auto keyring = keyfold::branch_key_keyring(std::move(store), *supplier, {.time_to_live = std::chrono::minutes(5)});
  if (!keyring) return keyring.error();
  return keyfold::Envelope(*keyring);
}

Outcome make(const Command& command, keyfold::KeyStore& store) {
  for (unsigned tenant = 0; tenant < command.tenants; ++tenant) {
    const auto name = std::to_string(tenant);
    auto made = store.create({.id = "tenant-" + name, .context = {{"tenant", name}}});
    if (!made) return made.error();
  }
  return keyfold::ok();
}

// A tenant's file: his messages, each behind its size.
Outcome seal_for(unsigned tenant, const Command& command, const keyfold::Envelope& envelope) {
  keyfold::Bytes all;
  keyfold::Writer out(all);
  for (unsigned number = 0; number < command.messages; ++number) {
    auto sealed = envelope.seal(text_of(tenant, number), {.encryption_context = {{"tenant", std::to_string(tenant)}}});
    if (!sealed) return sealed.error();
    out.sized32(*sealed);
  }
  std::ofstream file(file_of(command, tenant), std::ios::binary);
  file << keyfold::as_text(all) << std::flush;
  if (!file) return keyfold::Error{keyfold::ErrorCode::io, file_of(command, tenant).string() + " cannot be written"};
  return keyfold::ok();
}

Outcome open_for(unsigned tenant, const Command& command, const keyfold::Envelope& envelope) {
  std::ifstream file(file_of(command, tenant), std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  keyfold::Reader in(keyfold::as_bytes(text));
  for (unsigned number = 0; number < command.messages; ++number) {
    auto sealed = in.sized32();
    if (!sealed) return sealed.error();
    auto opened = envelope.open(*sealed, {.required_context = {{"tenant", std::to_string(tenant)}}});
    if (!opened) return opened.error();
    if (opened->text() != text_of(tenant, number))
      return keyfold::Error{keyfold::ErrorCode::corrupt, "this is not " + text_of(tenant, number)};
  }
  return in.end();
}

Outcome run(const Command& command) {
  auto store = open_store(command);
  if (!store) return store.error();
  if (command.what == "make") return make(command, **store);
  auto envelope = open_envelope(*store);
  if (!envelope) return envelope.error();
  for (unsigned tenant = 0; tenant < command.tenants; ++tenant) {
    auto done = command.what == "seal" ? seal_for(tenant, command, *envelope) : open_for(tenant, command, *envelope);
    if (!done) return done;
  }
  return keyfold::ok();
}

bool read_number(std::string_view text, unsigned& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ptr == text.data() + text.size() && number > 0;
}

bool read_command(const std::vector<std::string>& words, Command& command) {
  const bool makes = words.size() == 4 && words[0] == "make";
  const bool uses = words.size() == 6 && (words[0] == "seal" || words[0] == "open");
  if (!makes && !uses) return false;
  command = {.what = words[0], .store = words[1], .key = words[2], .folder = makes ? "" : words[5]};
  return read_number(words[3], command.tenants) && (makes || read_number(words[4], command.messages));
}

}  // namespace

int main(int argc, char** argv) {
  Command command;
  if (!read_command({argv + 1, argv + argc}, command)) {
    std::cerr << "usage: tenants make STORE KEY-ARN TENANTS | seal|open STORE KEY-ARN TENANTS MESSAGES FOLDER\n";
    return 2;
  }
  const auto outcome = run(command);
  if (outcome) return 0;
  std::cerr << "tenants: " << outcome.error().message << '\n';
  return 1;
}
