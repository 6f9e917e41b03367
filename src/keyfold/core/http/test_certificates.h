#pragma once
// For tests: an authority made on the spot, and certificates that it signs, as PEM files in a directory of their own.

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "keyfold/core/http/server.h"

namespace keyfold::http::test {

class Certificates {
 public:
  Certificates() {
    std::string pattern = std::filesystem::temp_directory_path() / "keyfold-http-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    authority_key_ = EVP_EC_gen("P-256");
    authority_ = make(authority_key_, "CN", "Test Authority", "", nullptr);
    write_certificate("authority.pem", authority_);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() {
    X509_free(authority_);
    EVP_PKEY_free(authority_key_);
    std::filesystem::remove_all(folder_);
  }

  std::string authority() const { return folder_ + "/authority.pem"; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // For `alternative`, "DNS:…" or "IP:…", valid from `from` seconds from now for an hour.
  TlsFiles issue(const std::string& name, const std::string& alternative, long from = -60) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(key, "CN", name.c_str(), alternative, authority_, from);
    write_certificate(name + ".pem", certificate);
    FILE* file = std::fopen(path(name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return {.certificate_chain = path(name + ".pem"), .private_key = path(name + ".key")};
  }

 private:
  X509* make(EVP_PKEY* key, const char* field, const char* name, const std::string& alternative, X509* issuer,
             long from = -60) {
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made), from);
    X509_gmtime_adj(X509_getm_notAfter(made), from + 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), field, MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
    X509_set_pubkey(made, key);
    extend(made, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!alternative.empty()) extend(made, NID_subject_alt_name, alternative.c_str());
    X509_sign(made, authority_key_, EVP_sha256());
    return made;
  }
  static void extend(X509* certificate, int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void write_certificate(const std::string& name, X509* certificate) {
    FILE* file = std::fopen(path(name).c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }
  std::string folder_;
  EVP_PKEY* authority_key_ = nullptr;
  X509* authority_ = nullptr;
  long serial_ = 0;
};

}  // namespace keyfold::http::test
