// slipway helm registry: who we are at a registry, kept for pull, push and dependencies.
#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/groups.h"
#include "cli/helm/inputs.h"
#include "cli/helm/registry_passwords.h"

namespace slipway::cli::helm {

namespace {

std::vector<Option> registry_options() {
  return joined({{{"--username", "NAME", "at the registry", "", false, 'u'},
                  {"--password", "WORD", "or an identity token", "", false, 'p'},
                  {"--password-stdin", "", "read it from stdin"},
                  {"--insecure", "", "do not check certificates"},
                  {"--plain-http", "", "registries without TLS"},
                  {"--ca-file", "FILE", "certificates to trust"},
                  {"--cert-file", "FILE", "our certificate"},
                  {"--key-file", "FILE", "its key"}},
                 global_flags()});
}

// "oci://HOST/PATH" and "HOST/PATH" are HOST.
std::string host_said(std::string text) {
  if (size_t scheme = text.find("://"); scheme != text.npos) text.erase(0, scheme + 3);
  return text.substr(0, text.find('/'));
}

Task<int> log_in(World& world, std::string host, Flags flags) {
  std::string username = flags.text("--username"), password = flags.text("--password");
  if (flags.is("--password-stdin")) {
    auto said = read_password();
    if (!said) co_return refuse(said.error());
    password = std::move(*said);
  } else if (!password.empty()) {
    complain("WARNING: Using --password via the CLI is insecure. Use --password-stdin.\n");
  }
  if (username.empty() || password.empty())
    co_return refuse("--username and --password or --password-stdin are needed: nobody is asked");
  auto access = access_of(world, flags);
  if (!access)
    co_return refuse(
        fmt::format("missing registry client: can't create TLS config for client: {}", access.error().str()));
  access->username = username;
  access->password = password;
  access->insecure = flags.is("--insecure");
  auto known = co_await sources::log_in_to_registry(world, host, *access);
  if (!known) co_return refuse(fmt::format("authenticating to \"{}\": {}", host, known.error().str()));
  auto kept = co_await keep_password(world, flags, host, username, password);
  if (!kept) co_return refuse(kept.error());
  tell_of(flags)("Login Succeeded\n");
  co_return 0;
}

Task<int> log_out(World& world, std::string host, Flags flags) {
  auto done = co_await forget_password(world, flags, host);
  if (!done) co_return refuse(fmt::format("failed to delete the credential for {}: {}", host, done.error().str()));
  tell_of(flags)(fmt::format("Removing login credentials for {}\n", host));
  co_return 0;
}

Task<int> registry(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(registry_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  static const Group group{"registry",
                           "",
                           "Who we are at a registry.",
                           {{"login", "keep a name and password for a registry", "",
                             "--username --password --password-stdin --insecure --plain-http --ca-file --cert-file "
                             "--key-file"},
                            {"logout", "forget them"}}};
  std::string verb = group.verb(*flags);
  if (verb.empty()) co_return group.help();
  if (auto fits = group.check_flags(*flags, registry_options()); !fits) co_return refuse(fits.error());
  if (auto fits = check_count(flags->arguments.size() - 1, 1, kAny, "registry " + verb, "[host]"); !fits)
    co_return refuse(fits.error());
  std::string host = host_said(flags->arguments[1]);
  if (verb == "login") co_return co_await log_in(world, host, *flags);
  co_return co_await log_out(world, host, *flags);
}

}  // namespace

Command registry_command() {
  return command("helm registry", "login|logout HOST", "log in at a registry of charts",
                 "Names and passwords are kept where Helm keeps them (registry/config.json); those of `docker login` "
                 "are read too.",
                 registry_options(), registry);
}

}  // namespace slipway::cli::helm
