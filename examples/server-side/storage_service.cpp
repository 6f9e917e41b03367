// A small storage service that seals what it is sent: its disk holds ciphertext only, and its applications know nothing
// of keys.
//
//   storage_service FOLDER KEY TOKENS [PORT]
//
//   PUT /NAME   stores the body, 1 MiB at most     GET /NAME   returns it
//   Authorization: Bearer TOKEN                    names the application; each has its own objects
//
// TOKENS is a file with a line for each application: its name, a blank, the SHA-256 of its token in hex. The service
// keeps no token. It listens on loopback, on a port of the system's choosing without PORT, and prints its address: put
// a TLS proxy in front of it. Endpoint, Region and credentials of the KMS come from the usual AWS settings. They are
// the service's.

#include <httplib.h>
#include <keyfold/keyfold.h>
#include <openssl/evp.h>

#include <atomic>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

using keyfold::Outcome;
using keyfold::Result;
using Applications = std::map<std::string, std::string>;  // By the SHA-256 of their tokens.

constexpr std::size_t object_bytes_max = std::size_t{1} << 20;
constexpr auto object_path = "/([a-z0-9-]{1,64})";
constexpr auto name_characters = "abcdefghijklmnopqrstuvwxyz0123456789-";

std::string sha256_hex(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i)
    for (const int digit : {digest[i] >> 4, digest[i] & 15}) hex += "0123456789abcdef"[digit];
  return hex;
}

Result<Applications> read_applications(const std::string& path) {
  std::ifstream file(path);
  Applications applications;
  std::string name, token_hash;
  while (file >> name >> token_hash) {
    if (name.find_first_not_of(name_characters) != std::string::npos || token_hash.size() != 64)
      return keyfold::Error{keyfold::ErrorCode::invalid_input,
                            path + ": a line is a name of a-z, 0-9 and -, and 64 hex digits"};
    applications[token_hash] = name;
  }
  if (applications.empty()) return keyfold::Error{keyfold::ErrorCode::io, path + " has no application"};
  return applications;
}

Result<keyfold::Envelope> open_envelope(const std::string& key) {
  auto settings = keyfold::aws_settings();
  if (!settings) return settings.error();
  auto kms = keyfold::connect_kms(*std::move(settings));
  if (!kms) return kms.error();
  auto name = keyfold::KmsKeyName::parse(key);
  if (!name) return name.error();
  return keyfold::Envelope(keyfold::kms_keyring(*kms, *name));
}

class Service {
 public:
  Service(keyfold::Envelope envelope, std::filesystem::path folder, Applications applications)
      : envelope_(std::move(envelope)), folder_(std::move(folder)), applications_(std::move(applications)) {}

  void serve(httplib::Server& http) {
    http.set_payload_max_length(object_bytes_max);
    http.Put(object_path,
             [this](const httplib::Request& request, httplib::Response& response) { put(request, response); });
    http.Get(object_path,
             [this](const httplib::Request& request, httplib::Response& response) { get(request, response); });
  }

 private:
  // Whose it is and which, as the service itself has found out: the KMS's audit log will say it of every use.
  struct Place {
    std::string application, object;
    keyfold::EncryptionContext context() const { return {{"application", application}, {"object", object}}; }
  };

  static std::string token_of(const httplib::Request& request) {
    const auto said = request.get_header_value("Authorization");
    return said.starts_with("Bearer ") ? said.substr(7) : "";
  }
  std::optional<Place> place_of(const httplib::Request& request, httplib::Response& response) const {
    const auto found = applications_.find(sha256_hex(token_of(request)));
    if (found != applications_.end()) return Place{.application = found->second, .object = request.matches[1]};
    response.set_header("WWW-Authenticate", "Bearer");
    answer(response, 401, "whose token is this?");
    return std::nullopt;
  }
  std::filesystem::path path_of(const Place& place) const { return folder_ / place.application / place.object; }

  void put(const httplib::Request& request, httplib::Response& response) {
    const auto place = place_of(request, response);
    if (!place) return;
    auto sealed = envelope_.seal(request.body, {.encryption_context = place->context()});
    if (!sealed) return answer(response, *place, sealed.error());
    if (!write(path_of(*place), *sealed)) return answer(response, 500, "it could not be stored");
    answer(response, 201, "stored");
  }

  void get(const httplib::Request& request, httplib::Response& response) {
    const auto place = place_of(request, response);
    if (!place) return;
    std::ifstream file(path_of(*place), std::ios::binary);
    if (!file) return answer(response, 404, "there is no such object");
    const std::string sealed{std::istreambuf_iterator<char>(file), {}};
    auto opened = envelope_.open(sealed, {.required_context = place->context()});
    if (!opened) return answer(response, *place, opened.error());
    response.set_content(std::string(opened->text()), "application/octet-stream");
  }

  // Whole or not at all, whoever else writes or reads it.
  bool write(const std::filesystem::path& path, keyfold::BytesView bytes) {
    const auto partial = path.string() + "~" + std::to_string(++writes_);
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::ofstream file(partial, std::ios::binary);
    file << keyfold::as_text(bytes);
    file.close();
    if (file) std::filesystem::rename(partial, path, failed);
    return file && !failed;
  }

  static void answer(httplib::Response& response, int status, const char* text) {
    response.status = status;
    response.set_content(std::string(text) + "\n", "text/plain");
  }
  // The reason is for the log. The caller learns whether to come back.
  static void answer(httplib::Response& response, const Place& place, const keyfold::Error& error) {
    std::cerr << place.application + "/" + place.object + ": " + error.message + "\n";
    if (error.code == keyfold::ErrorCode::unavailable) return answer(response, 503, "later, please");
    answer(response, 500, "it cannot be sealed or opened");
  }

  const keyfold::Envelope envelope_;
  const std::filesystem::path folder_;
  const Applications applications_;
  std::atomic<unsigned> writes_ = 0;
};

Outcome run(const std::string& folder, const std::string& key, const std::string& tokens, int port) {
  auto applications = read_applications(tokens);
  if (!applications) return applications.error();
  auto envelope = open_envelope(key);
  if (!envelope) return envelope.error();
  Service service(*std::move(envelope), folder, *std::move(applications));
  httplib::Server http;
  service.serve(http);
  if (port == 0)
    port = http.bind_to_any_port("127.0.0.1");
  else if (!http.bind_to_port("127.0.0.1", port))
    port = -1;
  if (port < 0) return keyfold::Error{keyfold::ErrorCode::io, "this port cannot be had"};
  std::cout << "http://127.0.0.1:" << port << std::endl;
  http.listen_after_bind();
  return keyfold::Error{keyfold::ErrorCode::io, "it listens no more"};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  unsigned short port = 0;
  bool read = words.size() == 3;
  if (words.size() == 4)
    read = std::from_chars(words[3].data(), words[3].data() + words[3].size(), port).ec == std::errc();
  if (!read) {
    std::cerr << "usage: storage_service FOLDER KEY TOKENS [PORT]\n";
    return 2;
  }
  std::cerr << "storage_service: " << run(words[0], words[1], words[2], port).error().message << '\n';
  return 1;
}
