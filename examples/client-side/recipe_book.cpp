// An application that seals its records before it stores them: the store, a folder here, holds ciphertext only.
//
//   recipe_book put FOLDER KEY NAME    seals standard input, and stores it as NAME
//   recipe_book get FOLDER KEY NAME    opens NAME, and writes it to standard output
//
// Endpoint, Region and credentials come from the usual AWS settings. They are the application's: nobody else needs any.

#include <keyfold/keyfold.h>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

using keyfold::Outcome;
using keyfold::Result;

struct Command {
  std::string what, folder, key, name;
};

Result<keyfold::Envelope> open_envelope(const std::string& key) {
  auto settings = keyfold::aws_settings();
  if (!settings) return settings.error();
  auto kms = keyfold::connect_kms(*std::move(settings));
  if (!kms) return kms.error();
  auto name = keyfold::KmsKeyName::parse(key);
  if (!name) return name.error();
  return keyfold::Envelope(keyfold::kms_keyring(*kms, *name));
}

// What the record is and whose: bound to its data key, so that a record that was moved to another place does not open
// there.
keyfold::EncryptionContext place_of(const std::string& name) {
  return {{"application", "recipe-book"}, {"record", name}};
}

keyfold::Error io_error(const std::filesystem::path& path) {
  return {keyfold::ErrorCode::io, path.string() + " cannot be read or written"};
}

Outcome put(const keyfold::Envelope& envelope, const std::filesystem::path& path, const std::string& name) {
  const auto partial = path.string() + "~";
  std::ofstream file(partial, std::ios::binary);
  auto sealed = envelope.seal_stream(std::cin, file, {.encryption_context = place_of(name)});
  if (!sealed) return sealed.error();
  file.close();
  std::error_code failed;
  std::filesystem::rename(partial, path,
                          failed);  // Whoever reads meanwhile finds the old record or the new one, whole.
  if (!file || failed) return io_error(path);
  return keyfold::ok();
}

// Nothing is printed before the whole record has been verified.
Outcome get(const keyfold::Envelope& envelope, const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return io_error(path);
  const std::string sealed{std::istreambuf_iterator<char>(file), {}};
  auto opened = envelope.open(sealed, {.required_context = place_of(name)});
  if (!opened) return opened.error();
  std::cout << opened->text() << std::flush;
  if (!std::cout) return io_error("standard output");
  return keyfold::ok();
}

Outcome run(const Command& command) {
  if (command.name.empty() ||
      command.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    return keyfold::Error{keyfold::ErrorCode::invalid_input, "a name is made of a-z, 0-9 and -"};
  auto envelope = open_envelope(command.key);
  if (!envelope) return envelope.error();
  const auto path = std::filesystem::path(command.folder) / command.name;
  return command.what == "put" ? put(*envelope, path, command.name) : get(*envelope, path, command.name);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.size() != 4 || (words[0] != "put" && words[0] != "get")) {
    std::cerr << "usage: recipe_book put|get FOLDER KEY NAME\n";
    return 2;
  }
  const auto outcome = run({.what = words[0], .folder = words[1], .key = words[2], .name = words[3]});
  if (outcome) return 0;
  std::cerr << "recipe_book: " << outcome.error().message << '\n';
  return 1;
}
