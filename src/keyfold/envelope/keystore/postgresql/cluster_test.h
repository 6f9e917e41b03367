#pragma once
// A PostgreSQL server for tests: a throwaway cluster in a temporary folder, reached through a socket there and, when
// asked, through a loopback port of the system's choosing, with a certificate of its own. Ends with the test that made
// it, even one that is killed.

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace keyfold::keystore::testing {

inline bool postgresql_is_required() {
  const char* required = std::getenv("KEYFOLD_REQUIRE");
  return required != nullptr && ("," + std::string(required) + ",").find(",postgresql,") != std::string::npos;
}

class Cluster {
 public:
  // Null, and why, when the server's programs are not here or do not work. One a process.
  static std::unique_ptr<Cluster> start(std::string& why) {
    auto cluster = std::unique_ptr<Cluster>(new Cluster);
    if (!cluster->find_programs(why) || !cluster->set_up(why) || !cluster->run(why)) return nullptr;
    return cluster;
  }
  ~Cluster() {
    stop();
    std::filesystem::remove_all(folder_);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // The address of a database of this cluster.
  std::string address(const std::string& database) const {
    return "postgresql://keyfold@/" + database + "?host=" + folder_.string();
  }
  std::string loopback_address(const std::string& database) const {
    return "postgresql://keyfold@127.0.0.1:" + std::to_string(port_) + "/" + database;
  }
  // The certificate, for localhost, that the server shows on that port; and one that it does not.
  std::string certificate() const { return (folder_ / "server.crt").string(); }
  std::string other_certificate() const { return (folder_ / "other.crt").string(); }
  // As the owner of everything.
  std::unique_ptr<PGconn, decltype(&PQfinish)> connect(const std::string& database) const {
    return {PQconnectdb(address(database).c_str()), &PQfinish};
  }
  // Whether it worked.
  bool run_sql(const std::string& database, const std::string& sql) const {
    const auto connection = connect(database);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  }
  bool start_again() {
    std::string why;
    stop();
    return run(why);
  }

 private:
  Cluster() = default;

  bool find_programs(std::string& why) {
    namespace fs = std::filesystem;
    std::vector<fs::path> folders;
    if (std::error_code none; fs::exists("/usr/lib/postgresql", none))
      for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none))
        folders.push_back(version.path() / "bin");
    std::istringstream path(std::getenv("PATH") == nullptr ? "" : std::getenv("PATH"));
    for (std::string folder; std::getline(path, folder, ':');) folders.emplace_back(folder);
    for (const auto& folder : folders)
      if (fs::exists(folder / "initdb") && fs::exists(folder / "postgres")) return programs_ = folder, true;
    why = "no PostgreSQL server here (the package postgresql)";
    return false;
  }

  bool set_up(std::string& why) {
    std::string path = (std::filesystem::temp_directory_path() / "keyfold-postgresql-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) return why = "no temporary folder", false;
    folder_ = path;
    // The server refuses to run as root.
    if (geteuid() == 0) {
      const auto* nobody = getpwnam("nobody");
      user_ = nobody == nullptr ? 65534 : nobody->pw_uid;
      group_ = nobody == nullptr ? 65534 : nobody->pw_gid;
      if (chown(path.c_str(), user_, group_) != 0) return why = "cannot give the folder away", false;
    }
    const auto done = wait(spawn({"initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-U",
                                  "keyfold", "-D", (folder_ / "data").string()}));
    if (done != 0) return why = "initdb failed: " + log(), false;
    // The first that fits decides.
    std::ofstream(folder_ / "data" / "pg_hba.conf") << "host all outsider all reject\n"
                                                       "host all with_password all scram-sha-256\n"
                                                       "host all all all trust\n"
                                                       "local all all trust\n";
    if (!make_certificate("server") || !make_certificate("other")) return why = "no certificate: " + log(), false;
    return true;
  }

  bool make_certificate(const std::string& name) const {
    return wait(spawn({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                       "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:localhost",
                       "-keyout", name + ".key", "-out", name + ".crt"})) == 0;
  }

  bool run(std::string& why) {
    if (port_ == 0) port_ = free_port();
    server_ = spawn({"postgres", "-D", (folder_ / "data").string(), "-k", folder_.string(), "-c",
                     "listen_addresses=127.0.0.1", "-p", std::to_string(port_), "-c", "unix_socket_permissions=0777",
                     "-c", "fsync=off", "-c", "ssl=on", "-c", "ssl_cert_file=" + certificate(), "-c",
                     "ssl_key_file=" + (folder_ / "server.key").string()});
    setenv("PGPORT", std::to_string(port_).c_str(), 1);  // Part of the socket's name.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      if (PQping(address("postgres").c_str()) == PQPING_OK) return true;
      if (waitpid(server_, nullptr, WNOHANG) != 0) return server_ = 0, why = "postgres ended: " + log(), false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return why = "postgres was not ready in time: " + log(), false;
  }

  void stop() {
    if (server_ <= 0) return;
    kill(server_, SIGINT);  // "Fast": connections are closed.
    wait(server_);
    server_ = 0;
  }

  static int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(fd);
    return bound ? ntohs(address.sin_port) : 5432;
  }

  pid_t spawn(std::vector<std::string> arguments) const {
    const auto program = (programs_ / arguments[0]).string();
    const auto log_file = (folder_ / "log").string();
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    if (user_ != 0 && (setgid(group_) != 0 || setuid(user_) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // After setuid, which clears it.
    if (getppid() != parent) _exit(126);
    const int output = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (chdir(folder_.c_str()) != 0) _exit(126);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  static int wait(pid_t child) {
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string log() const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "log").rdbuf();
    return text.str();
  }

  std::filesystem::path programs_, folder_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  int port_ = 0;
  pid_t server_ = 0;
};

}  // namespace keyfold::keystore::testing
