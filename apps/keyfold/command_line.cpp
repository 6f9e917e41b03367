#include "keyfold/command_line.h"

#include <CLI/CLI.hpp>

#include "keyfold/envelope/message/limits.h"

namespace keyfold::cli {
namespace {

constexpr unsigned jobs_max = 64;

void add_connection(CLI::App& app, ConnectionOptions& to) {
  app.add_option("--endpoint-url", to.endpoint_url,
                 "The KMS; https, or http on this machine (default: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, the "
                 "profile's endpoint_url, or AWS)")
      ->group("Connection");
  app.add_option("--region", to.region, "Default: the key ARN's, else AWS_REGION, AWS_DEFAULT_REGION, or the profile's")
      ->group("Connection");
  app.add_option("--profile", to.profile, "Of the shared AWS files (default: AWS_PROFILE)")->group("Connection");
  app.add_option("--ca-bundle", to.ca_file, "PEM of the authorities to trust (default: AWS_CA_BUNDLE, or the system's)")
      ->group("Connection");
}

void add_keys(CLI::App& app, KeyOptions& to, const std::string& key_help, const std::string& context_help) {
  auto* key = app.add_option("--key", to.keys, key_help)->type_name("KEY");
  auto* keyring = app.add_option("--keyring", to.keyring_file, "A keyring as JSON instead; see docs/keyrings.md")
                      ->type_name("FILE.json");
  key->excludes(keyring);
  auto* topology = app.add_option("--topology", to.domain.topology_file,
                                  "A domain of a key topology instead: its key, context, suite and cache; see "
                                  "docs/topology.md")
                       ->type_name("FILE.toml");
  auto* environment = app.add_option("--environment", to.domain.environment, "Of the topology; never guessed");
  auto* domain = app.add_option("--domain", to.domain.domain, "Of the topology");
  topology->excludes(key)->excludes(keyring)->needs(environment)->needs(domain);
  environment->needs(topology);
  domain->needs(topology);
  app.add_option("--context", to.context, context_help)->type_name("KEY=VALUE");
}

void add_streams(CLI::App& app, Streams& to) {
  app.add_option("-i,--input", to.in, "Default: standard input; a folder: every file in it")->type_name("FILE");
  app.add_option("-o,--output", to.out,
                 "Default: standard output; a file appears only when it is whole. For a folder, a folder")
      ->type_name("FILE");
}

void add_policy(CLI::App& app, std::string& to) {
  app.add_option("--commitment-policy", to,
                 "require_encrypt_require_decrypt (default), require_encrypt_allow_decrypt or "
                 "forbid_encrypt_allow_decrypt: whether messages must commit to their data key")
      ->type_name("POLICY");
}

void add_jobs(CLI::App& app, unsigned& to) {
  app.add_option("--jobs", to,
                 "Threads: frames of a file, files of a folder (default: one for each core; one for a stream)")
      ->check(CLI::Range(1U, jobs_max));
}

void add_admin(CLI::App& app, AdminCommand& to) {
  auto& admin = *app.add_subcommand("admin", "Users and access keys of a keyfold-kms, on its own machine");
  admin.require_subcommand(1);
  const auto command = [&to](CLI::App& parent, const char* name, const char* help, const char* command_name) {
    auto* sub = parent.add_subcommand(name, help);
    sub->add_option("--data", to.data,
                    "The server's data directory; a running server is asked through its admin socket")
        ->required();
    sub->add_option("--root-key", to.root_key, "The root key file; needed when no server runs");
    sub->add_option("--passphrase-file", to.passphrase_file, "Instead of --root-key");
    sub->add_option("--account", to.account, "Default: the server's only one");
    sub->callback([&to, command_name] { to.command = command_name; });
    return sub;
  };
  const auto takes_new_key = [&to](CLI::App* sub) {
    sub->add_option("--credentials", to.credentials_file,
                    "Write the new access key there (mode 0600), as a shared credentials file; "
                    "default: standard output")
        ->type_name("FILE");
  };
  auto& user = *admin.add_subcommand("user", "Users");
  user.require_subcommand(1);
  auto* add = command(user, "add", "Make a user, with an access key", "user-add");
  add->add_option("--name", to.user)->required();
  add->add_flag("--administrator", to.administrator,
                "May make and manage keys and aliases in the account; no cryptography with them");
  takes_new_key(add);
  command(user, "list", "The account's users", "user-list");
  command(user, "remove", "Remove a user and its access keys", "user-remove")
      ->add_option("--name", to.user)
      ->required();
  auto& key = *user.add_subcommand("key", "Access keys");
  key.require_subcommand(1);
  auto* key_add = command(key, "add", "Another access key (two at most)", "key-add");
  key_add->add_option("--name", to.user, "The user; without: the account's root");
  takes_new_key(key_add);
  command(key, "list", "The account's access keys", "key-list");
  for (const auto& [name, help, command_name] : {std::tuple("activate", "Let it be used again", "key-activate"),
                                                 std::tuple("deactivate", "Refuse it from now on", "key-deactivate"),
                                                 std::tuple("remove", "Remove it", "key-remove")}) {
    command(key, name, help, command_name)->add_option("--access-key-id", to.access_key_id)->required();
  }
  takes_new_key(command(admin, "reset-root",
                        "A new access key for the account's root; the former ones are gone. Offline", "reset-root"));
}

void add_branch_key(CLI::App& app, BranchKeyCommand& to, std::optional<Command>& chosen) {
  using Action = BranchKeyCommand::Action;
  auto& branch_key = *app.add_subcommand("branch-key", "Branch keys: one per tenant, between a KMS key and data keys");
  branch_key.require_subcommand(1);
  const auto command = [&](const char* name, const char* help, Action action) {
    auto* sub = branch_key.add_subcommand(name, help);
    sub->add_option("--store", to.store,
                    "A file, or postgresql://USER@HOST/DATABASE (a password belongs into PGPASSFILE)")
        ->type_name("STORE")
        ->required();
    sub->add_option("--logical-name", to.logical_name, "The store's, bound into every record")
        ->type_name("NAME")
        ->default_val("branch-keys");
    sub->callback([&, action] {
      to.action = action;
      chosen = to;
    });
    return sub;
  };
  const auto calls_kms = [&](CLI::App* sub) {
    sub->add_option("--key", to.key, "The KMS key's ARN")->type_name("ARN")->required();
    sub->add_flag("--multi-region", to.multi_region, "Take records under the same multi-Region key of other Regions");
    add_connection(*sub, to.connection);
    return sub;
  };
  const auto has_json = [&](CLI::App* sub) {
    sub->add_flag("--json", to.json, "A line of JSON each");
    return sub;
  };
  command("init", "Make an empty store (create does it too, for a file)", Action::init);
  auto* create = has_json(calls_kms(command("create", "Make a branch key, and print its id", Action::create)));
  create->add_option("--id", to.id, "Default: a UUID; an id of one's own needs a --context")->type_name("ID");
  create->add_option("--context", to.context, "Bound to the branch key, in clear")->type_name("KEY=VALUE");
  has_json(calls_kms(command("rotate", "Seal under a new version from now on, and print it", Action::rotate)))
      ->add_option("id", to.id)
      ->required();
  has_json(command("list", "The branch keys: id, active version, when it was made, context", Action::list));
  has_json(command("show", "Every record of a branch key", Action::show))->add_option("id", to.id)->required();
  auto* rewrap = has_json(calls_kms(command(
      "rewrap", "Re-encrypt records to the KMS key's current material; needs ReEncrypt, not Decrypt", Action::rewrap)));
  rewrap->add_option("id", to.id, "Default: all branch keys of the store");
  rewrap->add_flag("-q,--quiet", to.quiet, "Only what failed");
}

void add_access(CLI::App& app, AccessCommand& to, std::optional<Command>& chosen) {
  using Action = AccessCommand::Action;
  auto& access = *app.add_subcommand("access", "Who may do what with a key of a keyfold-kms, and why");
  access.require_subcommand(1);
  const auto command = [&](const char* name, const char* help, Action action) {
    auto* sub = access.add_subcommand(name, help);
    add_connection(*sub, to.connection);
    sub->add_flag("--json", to.json, "A line of JSON each");
    sub->callback([&, action] {
      to.action = action;
      chosen = to;
    });
    return sub;
  };
  const auto has_context = [&](CLI::App* sub) {
    auto* context =
        sub->add_option("--context", to.context, "The whole encryption context; default: whatever it may be")
            ->type_name("KEY=VALUE");
    sub->add_flag("--no-context", to.no_context, "That there is no encryption context")->excludes(context);
  };
  auto* who_can =
      command("who-can", "Every principal that may, by what, on what conditions, until when", Action::who_can);
  who_can->add_option("action", to.iam_action, "kms:Decrypt, …")->required();
  who_can->add_option("key", to.key, "KMS key: alias, ARN or key id")->required();
  has_context(who_can);
  auto* explain = command("explain", "Whether one principal may, and by what", Action::explain);
  explain->add_option("--principal", to.principal, "The ARN of a user, a role, a session, an account's root")
      ->type_name("ARN")
      ->required();
  explain->add_option("--action", to.iam_action, "kms:Decrypt, …")->required();
  explain->add_option("--key", to.key, "KMS key: alias, ARN or key id")->required();
  has_context(explain);
  explain->add_option("--condition", to.conditions, "What else to assume: aws:SourceIp=192.0.2.1")
      ->type_name("KEY=VALUE");
  command("lint", "What the account's policies and grants allow too much of; fails when that is something",
          Action::lint);
}

void add_topology(CLI::App& app, TopologyCommand& to, std::optional<Command>& chosen) {
  using Action = TopologyCommand::Action;
  auto& topology =
      *app.add_subcommand("topology", "KMS keys as code: data domains, environments and Regions in a file");
  topology.require_subcommand(1);
  const auto command = [&](const char* name, const char* help, Action action) {
    auto* sub = topology.add_subcommand(name, help);
    sub->add_option("--file", to.file, "The topology; see docs/topology.md")->type_name("FILE.toml")->required();
    sub->add_flag("--json", to.json, action == Action::apply ? "A line of JSON each" : "As JSON");
    if (action != Action::drift)
      sub->add_flag("--allow-deletion", to.allow_deletion,
                    "Schedule keys for deletion that the file has no more; without, they are left");
    sub->add_flag("--ignore-unreadable", to.ignore_unreadable,
                  "Keys that you may not read are of others; without, none is made while there are such");
    add_connection(*sub, to.connection);
    sub->callback([&, action] {
      to.action = action;
      chosen = to;
    });
  };
  command("plan", "What apply would do; changes nothing", Action::plan);
  command("apply", "Make it so; after a kill, run it again", Action::apply);
  command("drift", "What is otherwise than the file says; the exit status is 3 when something is", Action::drift);
}

}  // namespace

std::variant<Command, int> parse_command_line(int argc, char** argv) {
  CLI::App app("keyfold: seals and opens data under keys that only a key management service holds");
  app.require_subcommand(1);
  app.set_version_flag("--version", KEYFOLD_VERSION);
  std::optional<Command> chosen;

  EncryptCommand encrypt;
  auto& encrypt_app = *app.add_subcommand("encrypt", "Seal data");
  add_keys(encrypt_app, encrypt.keys, "KMS key: alias, ARN or key id; several: any one of them will open it",
           "Authenticated with the data, in clear");
  add_streams(encrypt_app, encrypt.streams);
  encrypt_app
      .add_option("--suite", encrypt.suite,
                  "0478 (default), or 0578: signed, for when readers are not writers; older ones take a "
                  "--commitment-policy that allows them")
      ->excludes(encrypt_app.get_option("--topology"));  // Which says it itself.
  encrypt_app
      .add_option("--leave-out", encrypt.left_out,
                  "A key of the context that is authenticated but not written into the message; opening takes "
                  "--reproduce")
      ->type_name("KEY");
  add_policy(encrypt_app, encrypt.commitment_policy);
  add_jobs(encrypt_app, encrypt.jobs);
  encrypt_app.add_option("--frame-length", encrypt.frame_length, "Bytes of data a frame (default 65536)")
      ->check(CLI::Range(std::uint32_t{1}, message::Limits{}.frame_length_max));
  encrypt_app.add_flag("--allow-raw-keys", encrypt.allow_raw_keys,
                       "Seal under raw keys alone, without a KMS: for tests and exchange");
  encrypt_app.add_flag("-q,--quiet", encrypt.quiet, "No progress");
  add_connection(encrypt_app, encrypt.connection);
  encrypt_app.callback([&] { chosen = encrypt; });

  DecryptCommand decrypt;
  auto& decrypt_app = *app.add_subcommand("decrypt", "Open sealed data");
  add_keys(decrypt_app, decrypt.keys, "KMS key (alias, ARN or key id) that must have sealed it; several: one of them",
           "Must be in the message, exactly");
  add_streams(decrypt_app, decrypt.streams);
  decrypt_app
      .add_option("--reproduce", decrypt.reproduced, "Is part of the message's context, whether it stands in it or not")
      ->type_name("KEY=VALUE");
  decrypt_app
      .add_option_function<std::string>(
          "--range", [&](const std::string& text) { decrypt.range = text; },  // Empty it is still a range, a wrong one.
          "Only these bytes of the data: of a file that is not signed; no more is read than they lie in")
      ->type_name("OFFSET:[LENGTH]");
  add_policy(decrypt_app, decrypt.commitment_policy);
  add_jobs(decrypt_app, decrypt.jobs);
  decrypt_app.add_flag("-q,--quiet", decrypt.quiet, "No progress");
  add_connection(decrypt_app, decrypt.connection);
  decrypt_app.callback([&] { chosen = decrypt; });

  InspectCommand inspect;
  auto& inspect_app = *app.add_subcommand("inspect", "What a sealed file says in clear; needs no key, proves nothing");
  inspect_app.add_option("file", inspect.file, "FILE, or - for standard input")->required();
  inspect_app.add_flag("--json", inspect.json);
  inspect_app.callback([&] { chosen = inspect; });

  CallCommand call;
  auto& call_app = *app.add_subcommand("call", "Call one operation of the KMS, and print its reply");
  call_app.add_option("operation", call.operation, "DescribeKey, CreateAlias, …")->required();
  call_app.add_option("request", call.request, "JSON (default {}); -: from standard input, where secrets belong");
  add_connection(call_app, call.connection);
  call_app.callback([&] { chosen = call; });

  AdminCommand admin;
  add_admin(app, admin);

  BranchKeyCommand branch_key;
  add_branch_key(app, branch_key, chosen);

  AccessCommand access;
  add_access(app, access, chosen);

  TopologyCommand topology;
  add_topology(app, topology, chosen);

  AuditCommand audit;
  auto& audit_app = *app.add_subcommand("audit", "The audit log of a keyfold-kms");
  audit_app.require_subcommand(1);
  auto& show = *audit_app.add_subcommand("show", "Check every record, and print them");
  show.add_option("directory", audit.directory, "The audit folder in the server's data directory")->required();
  show.add_flag("--brief", audit.brief, "A line each for people, instead of JSON");
  show.callback([&] { chosen = audit; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!admin.command.empty()) chosen = admin;
  return *chosen;
}

}  // namespace keyfold::cli
