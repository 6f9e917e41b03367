// Seals a text under a KMS key and opens it again. Endpoint, Region and credentials come from the usual AWS settings.
//
//   seal_and_open alias/ledger "the text"

#include <keyfold/keyfold.h>

#include <iostream>

namespace {

// Three lines to seal, three to open, around one connection that a program keeps.
keyfold::Outcome run(const char* key, std::string_view text) {
  auto settings = keyfold::aws_settings();
  if (!settings) return settings.error();
  auto kms = keyfold::connect_kms(*std::move(settings));
  if (!kms) return kms.error();
  auto name = keyfold::KmsKeyName::parse(key);
  if (!name) return name.error();
  const keyfold::Envelope envelope(keyfold::kms_keyring(*kms, *name));

  auto sealed = envelope.seal(text, {.encryption_context = {{"tenant", "north-star"}}});
  if (!sealed) return sealed.error();
  std::cout << "sealed: " << sealed->size() << " bytes\n";

  auto opened = envelope.open(*sealed, {.required_context = {{"tenant", "north-star"}}});
  if (!opened) return opened.error();
  std::cout << "opened: " << opened->text() << '\n';
  return keyfold::ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: seal_and_open KEY TEXT\n";
    return 2;
  }
  const auto outcome = run(argv[1], argv[2]);
  if (outcome) return 0;
  std::cerr << "seal_and_open: " << outcome.error().message << '\n';
  return 1;
}
