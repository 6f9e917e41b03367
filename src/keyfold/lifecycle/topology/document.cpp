#include "keyfold/lifecycle/topology/document.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/materials/context_codec.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/toml.h"

namespace keyfold::topology {
namespace {

constexpr std::size_t tag_key_size_max = 128, tag_value_size_max = 256;   // Characters.
constexpr std::size_t store_size_max = 1024, context_key_size_max = 128;  // Bytes.

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Of a topology or an environment: they stand between slashes in an alias.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_size_max &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_'; });
}

// "payments/cards": names between single slashes.
bool is_domain_name(std::string_view text) {
  if (text.empty() || text.size() > domain_size_max || text.front() == '/' || text.back() == '/' ||
      text.find("//") != std::string_view::npos)
    return false;
  return std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_' || c == '/'; });
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// A user or a role, by its own ARN: an account's root would let in whomever identity policies name. And no character
// that means something in a policy.
bool is_principal(std::string_view text) {
  constexpr std::string_view special = "+=,.@_-/:";
  const auto arn = split_arn(text);
  return arn && arn->service == "iam" && PrincipalArn::parse(text) &&
         (arn->resource.starts_with("user/") || arn->resource.starts_with("role/")) &&
         std::ranges::all_of(text, [&](char c) {
           return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || special.find(c) != std::string_view::npos;
         });
}

// The most particular that is said: of the environment, of the domain, by default.
struct Said {
  const WrittenSettings* environment;
  const WrittenSettings& domain;
  const WrittenSettings& defaults;

  template <class T>
  const MaybeWritten<T>& of(MaybeWritten<T> WrittenSettings::* member) const {
    if (environment != nullptr && (environment->*member)) return environment->*member;
    return domain.*member ? domain.*member : defaults.*member;
  }
};

Result<std::vector<std::string>> principals(const Written<WrittenTexts>& written, std::string_view member,
                                            std::string_view environment) {
  if (written.value.size() > principals_max)
    return error_at(written.line, std::string(member) + " has more than " + std::to_string(principals_max));
  std::vector<std::string> made;
  for (const auto& text : written.value) {
    auto principal = filled(text, "{environment}", environment);
    if (!is_principal(principal))
      return error_at(written.line, std::string(member) + ": \"" + principal +
                                        "\" is not the ARN of a user or a role, arn:aws:iam::ACCOUNT:role/NAME");
    made.push_back(std::move(principal));
  }
  std::ranges::sort(made);
  const auto repeated = std::ranges::unique(made);
  made.erase(repeated.begin(), repeated.end());
  return made;
}

Result<std::uint32_t> days(const Written<std::int64_t>& written, std::string_view member, std::uint32_t min,
                           std::uint32_t max) {
  if (written.value < min || written.value > max)
    return error_at(written.line,
                    std::string(member) + " is " + std::to_string(min) + " to " + std::to_string(max) + " days");
  return static_cast<std::uint32_t>(written.value);
}

Outcome take_number(const MaybeWritten<std::int64_t>& written, std::string_view member, std::uint64_t max,
                    std::uint64_t& to) {
  if (!written) return ok();
  if (written->value < 1 || static_cast<std::uint64_t>(written->value) > max)
    return error_at(written->line, std::string(member) + " is 1 to " + std::to_string(max));
  to = static_cast<std::uint64_t>(written->value);
  return ok();
}

Result<std::optional<keyrings::CacheLimits>> caching_of(const MaybeWritten<WrittenCaching>& written) {
  if (!written || written->value.off) return std::optional<keyrings::CacheLimits>();
  keyrings::CacheLimits limits;
  std::uint64_t seconds = 60;
  TRY(take_number(written->value.max_age_seconds, "max_age_seconds", std::uint64_t{24} * 60 * 60, seconds));
  TRY(take_number(written->value.max_messages, "max_messages", std::uint64_t{1} << 32, limits.messages_max));
  TRY(take_number(written->value.max_bytes, "max_bytes", INT64_MAX, limits.bytes_max));
  limits.age_max = std::chrono::seconds(seconds);
  return std::optional(limits);
}

Outcome add_tags(const MaybeWritten<Tags>& written, Tags& to) {
  if (!written) return ok();
  for (const auto& [key, value] : written->value) {
    if (key.empty() || characters(key) > tag_key_size_max || characters(value) > tag_value_size_max)
      return error_at(written->line, "a tag's key is 1 to 128 characters, its value at most 256");
    const bool reserved = [&] {
      std::string lower;
      for (const char c : key.substr(0, tag_prefix.size()))
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      return lower.starts_with("aws:") || lower.starts_with(tag_prefix);
    }();
    if (reserved) return error_at(written->line, "tags that begin with aws: or keyfold: are not the file's to set");
    to.insert_or_assign(key, value);
  }
  if (to.size() > tags_max) return error_at(written->line, "more than " + std::to_string(tags_max) + " tags");
  return ok();
}

Outcome take_tenants(const Written<WrittenTenants>& written, Domain& domain) {
  const auto& [store, context_key, time_to_live, keepers] = written.value;
  if (!store || store->value.empty() || store->value.size() > store_size_max)
    return error_at(written.line, "tenants need a store: a file, or postgresql://HOST/DATABASE");
  if (!context_key || context_key->value.empty() || context_key->value.size() > context_key_size_max ||
      !materials::is_utf8(context_key->value) || context_key->value.starts_with(materials::reserved_context_prefix) ||
      context_key->value == domain_context_key || context_key->value == environment_context_key)
    return error_at(written.line, "tenants need a context_key of their own: the pair that names the tenant");
  if (domain.encryptors != domain.decryptors)
    return error_at(written.line,
                    "whoever seals under a branch key can open: with tenants, encryptors and decryptors "
                    "are the same (" +
                        domain.name + ", " + domain.environment + ")");
  Tenants tenants{.store = filled(store->value, "{environment}", domain.environment),
                  .context_key = context_key->value,
                  .keepers = domain.encryptors};
  std::uint64_t seconds = static_cast<std::uint64_t>(tenants.time_to_live.count());
  TRY(take_number(time_to_live, "time_to_live_seconds", std::uint64_t{365} * 24 * 60 * 60, seconds));
  tenants.time_to_live = std::chrono::seconds(seconds);
  if (keepers) {
    TRY_ASSIGN(tenants.keepers, principals(*keepers, "keepers", domain.environment));
  }
  if (domain.caching) domain.caching->tenant_key = tenants.context_key;
  domain.tenants = std::move(tenants);
  return ok();
}

// Administration and use are apart: nobody has both.
Outcome check_apart(const Domain& domain, std::uint32_t line, const AccountId& account) {
  for (const auto& administrator : domain.administrators) {
    if (split_arn(administrator)->account != account.text())
      return error_at(line, administrator + " is of another account, and cannot administer keys of this one");
    const bool uses =
        std::ranges::binary_search(domain.encryptors, administrator) ||
        std::ranges::binary_search(domain.decryptors, administrator) ||
        (domain.tenants && std::ranges::find(domain.tenants->keepers, administrator) != domain.tenants->keepers.end());
    if (uses)
      return error_at(line, administrator + " would administer and use the key of " + domain.name + ", " +
                                domain.environment + ": those are to be two");
  }
  return ok();
}

// Environments are apart: who uses keys of one uses none of another, but for those of whom the file says so.
class EnvironmentsApart {
 public:
  static Result<EnvironmentsApart> of(const MaybeWritten<WrittenTexts>& in_several) {
    EnvironmentsApart made;
    if (in_several) {
      TRY_ASSIGN(made.in_several_, principals(*in_several, "in_several_environments", "{environment}"));
    }
    return made;
  }

  Outcome take(const Domain& domain, std::uint32_t line) {
    const std::vector<std::string> none;
    for (const auto* list : {&domain.encryptors, &domain.decryptors, domain.tenants ? &domain.tenants->keepers : &none})
      for (const auto& user : *list) {
        const auto& environment = environment_of_.try_emplace(user, domain.environment).first->second;
        if (environment == domain.environment || std::ranges::binary_search(in_several_, user)) continue;
        std::string what = user;
        what.append(" would use keys of ").append(environment).append(" and of ").append(domain.environment);
        return error_at(line, what + ": {environment} in its name parts them, or in_several_environments names it");
      }
    return ok();
  }

 private:
  std::vector<std::string> in_several_;
  std::map<std::string, std::string, std::less<>> environment_of_;  // Of each user of keys, the first that was met.
};

Result<Domain> domain_of(const WrittenDomain& written, const std::string& environment, const Said& said,
                         const AccountId& account) {
  Domain domain{.name = written.name, .environment = environment};
  using List = std::vector<std::string> Domain::*;
  for (const auto& [member, from, to] :
       {std::tuple("administrators", &WrittenSettings::administrators, List(&Domain::administrators)),
        std::tuple("encryptors", &WrittenSettings::encryptors, List(&Domain::encryptors)),
        std::tuple("decryptors", &WrittenSettings::decryptors, List(&Domain::decryptors))}) {
    const auto& list = said.of(from);
    if (!list)
      return error_at(written.line, "the domain " + domain.name + " has no " + member + "; an empty list is one");
    TRY_ASSIGN(domain.*to, principals(*list, member, environment));
  }
  if (const auto& rotation = said.of(&WrittenSettings::rotation_days); rotation && rotation->value.number) {
    TRY_ASSIGN(domain.rotation_days, days({.value = *rotation->value.number, .line = rotation->line}, "rotation_days",
                                          rotation_days_min, rotation_days_max));
  }
  if (const auto& window = said.of(&WrittenSettings::deletion_window_days)) {
    TRY_ASSIGN(domain.deletion_window_days,
               days(*window, "deletion_window_days", deletion_window_days_min, deletion_window_days_max));
  }
  TRY_ASSIGN(domain.caching, caching_of(said.of(&WrittenSettings::caching)));
  TRY(add_tags(said.defaults.tags, domain.tags));
  TRY(add_tags(said.domain.tags, domain.tags));
  if (said.environment != nullptr) TRY(add_tags(said.environment->tags, domain.tags));
  if (const auto& tenants = said.of(&WrittenSettings::tenants)) TRY(take_tenants(*tenants, domain));
  if (const auto& opens = said.of(&WrittenSettings::opens_unsigned)) domain.opens_unsigned = opens->value;
  TRY(check_apart(domain, written.line, account));
  return domain;
}

template <class Value, class Check>
Result<std::vector<Value>> distinct(const MaybeWritten<WrittenTexts>& written, std::string_view member,
                                    std::size_t count_max, const Check& check) {
  if (!written || written->value.empty())
    return error_at(written ? written->line : 1, std::string(member) + ": at least one is needed");
  if (written->value.size() > count_max)
    return error_at(written->line, std::string(member) + " has more than " + std::to_string(count_max));
  std::vector<Value> made;
  for (const auto& text : written->value) {
    Result<Value> value = check(text);
    if (!value) return error_at(written->line, std::string(member) + ": \"" + text + "\" is " + value.error().message);
    if (std::ranges::find(made, *value) != made.end())
      return error_at(written->line, std::string(member) + " has \"" + text + "\" twice");
    made.push_back(*std::move(value));
  }
  return made;
}

Result<Topology> head_of(const WrittenTopology& written) {
  if (!written.topology) return error_at(1, "topology: missing; it names the topology");
  if (!is_name(written.topology->value) || written.topology->value == "aws")
    return error_at(written.topology->line, "topology is 1 to 32 of a-z 0-9 _ -, and not aws");
  if (!written.account) return error_at(1, "account: missing; whose keys these are");
  const auto account = AccountId::parse(written.account->value);
  if (!account) return error_at(written.account->line, "account is " + account.error().message);
  Topology topology{.name = written.topology->value, .account = *account};
  TRY_ASSIGN(topology.regions, distinct<Region>(written.regions, "regions", regions_max,
                                                [](const std::string& text) { return Region::parse(text); }));
  TRY_ASSIGN(topology.environments, distinct<std::string>(written.environments, "environments", environments_max,
                                                          [](const std::string& text) -> Result<std::string> {
                                                            if (is_name(text)) return text;
                                                            return Error{ErrorCode::invalid_input,
                                                                         "not 1 to 32 of a-z 0-9 _ -"};
                                                          }));
  if (const auto& window = written.defaults.deletion_window_days) {
    TRY_ASSIGN(topology.deletion_window_days,
               days(*window, "deletion_window_days", deletion_window_days_min, deletion_window_days_max));
  }
  return topology;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Result<Topology> parse_topology(std::string_view toml) {
  if (toml.size() > file_size_max)
    return Error{ErrorCode::invalid_input, "a topology file is at most " + std::to_string(file_size_max) + " bytes"};
  TRY_ASSIGN(const auto written, read_toml(toml));
  TRY_ASSIGN(auto topology, head_of(written));
  if (written.domains.size() > domains_max)
    return Error{ErrorCode::invalid_input, "more than " + std::to_string(domains_max) + " domains"};
  TRY_ASSIGN(auto environments, EnvironmentsApart::of(written.in_several_environments));
  for (const auto& domain : written.domains) {
    if (!is_domain_name(domain.name))
      return error_at(domain.line, "a domain's name is 1 to 128 of a-z 0-9 _ -, in parts between single slashes");
    for (const auto& [environment, settings] : domain.environments)
      if (std::ranges::find(topology.environments, environment) == topology.environments.end())
        return error_at(settings.line, "\"" + environment + "\" is none of the environments");
    for (const auto& environment : topology.environments) {
      const auto own = domain.environments.find(environment);
      const Said said{.environment = own == domain.environments.end() ? nullptr : &own->second.value,
                      .domain = domain.settings,
                      .defaults = written.defaults};
      TRY_ASSIGN(auto made, domain_of(domain, environment, said, topology.account));
      TRY(environments.take(made, domain.line));
      topology.domains.push_back(std::move(made));
    }
  }
  std::ranges::sort(topology.domains, {}, [](const Domain& d) { return std::tie(d.name, d.environment); });
  return topology;
}

Result<Topology> read_topology(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorCode::io, "cannot read the topology file " + file.native()};
  std::string text(file_size_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return Error{ErrorCode::io, "cannot read the topology file " + file.native()};
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto topology = parse_topology(text);
  if (!topology) return Error{topology.error().code, file.native() + ": " + topology.error().message};
  return topology;
}

const Domain* Topology::find(std::string_view environment, std::string_view domain) const {
  const auto found =
      std::ranges::find_if(domains, [&](const Domain& d) { return d.name == domain && d.environment == environment; });
  return found == domains.end() ? nullptr : &*found;
}

Result<const Domain*> Topology::domain(std::string_view environment, std::string_view domain) const {
  if (const auto* found = find(environment, domain)) return found;
  if (std::ranges::find(environments, environment) == environments.end())
    return Error{ErrorCode::invalid_input, "the topology " + name + " has no environment \"" +
                                               std::string(environment) + "\"; it has " + listed(environments)};
  std::vector<std::string> names;
  for (const auto& d : domains)
    if (d.environment == environment) names.push_back(d.name);
  return Error{ErrorCode::invalid_input,
               "the topology " + name + " has no domain \"" + std::string(domain) + "\"; it has " + listed(names)};
}

bool Topology::has_region(std::string_view region) const {
  return std::ranges::any_of(regions, [&](const Region& one) { return one.text() == region; });
}

}  // namespace keyfold::topology
