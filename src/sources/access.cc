#include "sources/access.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "runtime/digest.h"

namespace slipway::sources {
namespace {

// The host keys that the large services publish: without a list of their own people expect these to work, and the first
// connection to be checked too.
constexpr std::string_view kPublishedHosts =
    "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"
    "gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf\n"
    "bitbucket.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO\n";

constexpr std::string_view kNeitherAskingNorWaiting =
    " -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=2";

std::string shell_quoted(std::string_view text) {
  return fmt::format("'{}'", base::replace_all(std::string(text), "'", "'\\''"));
}

// "https://host:port/" and "git@host:path" and "ssh://git@host:port/path": the host alone.
std::string bare_host(const Location& location) {
  std::string_view host = location.host;
  if (size_t scheme = host.find("://"); scheme != host.npos) host.remove_prefix(scheme + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  if (size_t colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) {
    if (host.find(':') == colon || host.starts_with('[')) host = host.substr(0, colon);
  }
  return std::string(host);
}

bool is_published(std::string_view host) {
  for (std::string_view line : base::split_lines(kPublishedHosts))
    if (line.substr(0, line.find(' ')) == host) return true;
  return false;
}

// "git@host" or "ssh://git@host:22", as ssh takes it.
std::string ssh_target(const Location& location) {
  std::string_view url = location.url;
  size_t scheme = url.find("://");
  if (scheme == url.npos) return std::string(url.substr(0, url.find(':')));
  return std::string(url.substr(0, url.find('/', scheme + 3)));
}

constexpr Duration kKeyAgeMax = 1h;  // no git runs for that long

}  // namespace

Access::Access(World& world, Git& git, std::string directory, Asker asker)
    : world_(world), git_(git), directory_(std::move(directory)), asker_(asker) {
  sweep_keys();
}

void Access::sweep_keys() {
  runtime::Files& files = world_.files();
  auto names = files.list(directory_ + "/keys");
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with("ssh-key-") && !name.starts_with("tls-key-")) continue;
    std::string path = directory_ + "/keys/" + name;
    auto stat = files.stat(path);
    bool is_left = asker_ == Asker::server || (stat && world_.now() - stat->modified > kKeyAgeMax);
    if (is_left) (void)files.remove(path).has_value();
  }
}

Task<Result<GitCall>> Access::add(GitCall call, Location location, Credentials credentials) {
  call.asker = asker_of(credentials);
  if (location.way == Location::Way::https) OR_CO_RETURN(add_https(call, location, credentials));
  // for https too: a person's insteadOf may turn it into ssh
  if (call.asker == Asker::person) co_return co_await add_ssh_of_person(std::move(call), location, credentials);
  if (location.way == Location::Way::ssh) OR_CO_RETURN(add_ssh(call, credentials));
  co_return std::move(call);
}

Asker Access::asker_of(const Credentials& c) const {
  bool given = c.insecure || !c.username.empty() || !c.password.empty() || !c.ssh_private_key.empty() ||
               !c.tls_client_certificate.empty() || !c.ca_certificates.empty();
  return given ? Asker::server : asker_;
}

Result<> Access::add_https(GitCall& call, const Location& location, const Credentials& credentials) {
  auto set = [&](std::string_view key, std::string value) {
    call.config.emplace_back(fmt::format("http.{}.{}", location.host, key), std::move(value));
  };
  std::string user = credentials.username.empty() ? location.username : credentials.username;
  std::string password = credentials.password.empty() ? location.password : credentials.password;
  if (!password.empty() || !user.empty()) {
    std::string both = base::base64_encode(fmt::format("{}:{}", user.empty() ? "git" : user, password));
    set("extraHeader", "Authorization: Basic " + both);
  }
  if (credentials.insecure) {
    set("sslVerify", "false");
  } else if (!credentials.ca_certificates.empty()) {
    set("sslCAInfo", OR_RETURN(public_file("ca", credentials.ca_certificates)));
  }
  if (!credentials.tls_client_certificate.empty()) {
    set("sslCert", OR_RETURN(public_file("tls", credentials.tls_client_certificate)));
    set("sslKey", OR_RETURN(secret_file(call, "tls", credentials.tls_client_key)));
  }
  return {};
}

// The person's ssh looks up its own configuration, agent, keys and known hosts. It may neither ask nor wait for ever;
// how to tell other programs so (a wrapper, plink) nobody knows: for them git's own time limit remains.
Task<Result<GitCall>> Access::add_ssh_of_person(GitCall call, Location location, Credentials credentials) {
  Ssh ssh = OR_CO_RETURN(co_await ssh_of_person(location));
  if (ssh.takes_options) {
    ssh.command += kNeitherAskingNorWaiting;
    std::string hosts = credentials.known_hosts;
    if (hosts.empty() && is_published(location.host)) hosts = kPublishedHosts;
    if (!hosts.empty()) {
      // beside those of the person, and of the machine
      std::string file = OR_CO_RETURN(public_file("hosts", std::move(hosts)));
      constexpr std::string_view machine = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";
      ssh.command += " -o " + shell_quoted(fmt::format("GlobalKnownHostsFile=\"{}\" {}", file, machine));
    }
  }
  call.env.push_back("GIT_SSH_COMMAND=" + ssh.command);
  co_return std::move(call);
}

// As git chooses: GIT_SSH_COMMAND, core.sshCommand, GIT_SSH, ssh.
Task<Result<Access::Ssh>> Access::ssh_of_person(Location location) {
  auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  std::string command = set("GIT_SSH_COMMAND");
  if (command.empty()) {
    // with the remote's URL, since a configuration may include others by it
    GitCall call{.args = {"config", "--default", "", "--get", "core.sshCommand"}, .asker = Asker::person};
    call.config.emplace_back("remote.origin.url", location.url);
    std::string said = OR_CO_RETURN(co_await git_.run(std::move(call)));
    command = base::trim(said);
  }
  if (command.empty() && !set("GIT_SSH").empty()) command = shell_quoted(set("GIT_SSH"));
  if (command.empty()) command = "ssh";
  std::string_view program = std::string_view(command).substr(0, command.find(' '));
  while (program.ends_with('\'') || program.ends_with('"')) program.remove_suffix(1);
  program.remove_prefix(program.find_last_of("/'\"") + 1);
  bool takes_options = program == "ssh" || set("GIT_SSH_VARIANT") == "ssh";
  co_return Ssh{std::move(command), takes_options};
}

// Host keys are checked strictly: by the list that was given, else the published ones, and by what this machine and its
// user know already.
Result<> Access::add_ssh(GitCall& call, const Credentials& credentials) {
  std::string command = fmt::format("ssh -F /dev/null{} -o UpdateHostKeys=no", kNeitherAskingNorWaiting);
  if (credentials.insecure) {
    command += " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null";
    command += " -o LogLevel=ERROR";
  } else {
    std::string hosts = credentials.known_hosts.empty() ? std::string(kPublishedHosts) : credentials.known_hosts;
    std::string file = OR_RETURN(public_file("hosts", std::move(hosts)));
    command += " -o StrictHostKeyChecking=yes -o ";
    command += shell_quoted(fmt::format("UserKnownHostsFile=\"{}\" ~/.ssh/known_hosts", file));
  }
  if (!credentials.ssh_private_key.empty())
    command +=
        " -o IdentitiesOnly=yes -i " + shell_quoted(OR_RETURN(secret_file(call, "ssh", credentials.ssh_private_key)));
  call.env.push_back("GIT_SSH_COMMAND=" + command);
  call.env.push_back("GIT_SSH_VARIANT=ssh");
  return {};
}

Result<std::string> Access::secret_file(GitCall& call, std::string_view kind, std::string text) {
  // as people paste it: ssh wants a newline at the end, and none of Windows' carriage returns
  text = base::replace_all(std::move(text), "\r\n", "\n");
  if (!text.ends_with('\n')) text += '\n';
  std::string path = fmt::format("{}/keys/{}-key-{:016x}", directory_, kind, world_.random().next());
  OR_RETURN(world_.files().make_directories(directory_ + "/keys", 0700));
  // Not synced: the disk never needs to have it, and a power loss takes its reader along.
  auto file = OR_RETURN(world_.files().open(path, runtime::OpenMode::create_new, 0600));
  call.remove_after.push_back(path);
  OR_RETURN(file->write_at(0, text));
  return path;
}

Result<std::string> Access::public_file(std::string_view kind, std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  std::string name = base::hex_encode(runtime::sha256(text)).substr(0, 16);
  std::string path = fmt::format("{}/keys/{}-{}", directory_, kind, name);
  if (world_.files().exists(path)) return path;
  OR_RETURN(world_.files().make_directories(directory_ + "/keys", 0700));
  OR_RETURN(world_.files().write_atomically(path, text, 0600));
  return path;
}

namespace {

// To a person whose own git was refused: where they would set that right.
Error explain_to_person(Error error, const Location& location, const Credentials& credentials) {
  std::string words = error.message(), low = base::to_lower(words);
  auto says = [&](std::string_view part) { return low.find(part) != low.npos; };
  auto with = [&](std::string more) { return Error(ErrorKind::unauthorized, words + "; " + more); };
  std::string host = bare_host(location);
  if (says("could not read username") || says("could not read password") || says("authentication failed") ||
      says("error: 401"))
    return Error(ErrorKind::unauthorized,
                 location.password.empty()
                     ? fmt::format("authentication required: git asks nobody here, and none of its credential helpers "
                                   "knows a password for {}",
                                   host)
                     : std::string("authentication failed: the server refused what stands in the URL"));
  if (says("host key verification failed"))
    return with(fmt::format("connect once by hand and compare its key: ssh -T {}", ssh_target(location)));
  if (says("permission denied"))
    return with(fmt::format("git asks for no passphrase here; this must work by itself: ssh -o BatchMode=yes -T {}",
                            ssh_target(location)));
  if (says("certificate") && !credentials.insecure)
    return with(fmt::format("tell git the certificate of its authority: git config --global http.{}.sslCAInfo FILE",
                            location.host));
  return error;
}

}  // namespace

// Who hides what is private says that it is not there. "Not our ref" is about a commit; a proxy that lets nobody
// through
// ("CONNECT tunnel failed"), a certificate and a host key say nothing about a repository.
bool is_turned_away(const Error& error) {
  std::string low = base::to_lower(error.message());
  if (low.find("repository '") != low.npos && low.find("' not found") != low.npos) return true;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"error: 401", "error: 403", "error: 404", "authentication failed",
                                              "could not read username", "could not read password",
                                              "permission denied (", "repository not found", "don't have permission",
                                              "not have access", "does not appear to be a git repository"},
      [&](std::string_view words) { return low.find(words) != low.npos; });
}

Error explain_refusal(Error error, const Location& location, const Credentials& credentials, Asker asker) {
  if (asker == Asker::person) return explain_to_person(std::move(error), location, credentials);
  std::string words = error.message(), low = base::to_lower(words);
  auto says = [&](std::string_view part) { return low.find(part) != low.npos; };
  auto with = [&](std::string more) { return Error(error.kind(), words + "; " + more); };
  const std::string& origin = credentials.origin;
  if (location.way == Location::Way::https) {
    bool asked = says("could not read username") || says("could not read password") || says("authentication failed") ||
                 says("error: 401");
    if (asked && !credentials.password.empty())
      return Error(ErrorKind::unauthorized,
                   fmt::format("authentication failed: the server refused the username and password of {}", origin));
    if (asked && (!location.password.empty() || !location.username.empty()))
      return Error(ErrorKind::unauthorized, "authentication failed: the server refused what stands in the URL");
    if (asked)
      return Error(ErrorKind::unauthorized,
                   fmt::format("authentication required: {} this url and a password, for all projects or for this one",
                               kNoSecret));
    if (says("certificate") && !credentials.insecure)
      return with(fmt::format("put the certificate of {0}'s authority into ConfigMap argocd/argocd-tls-certs-cm under "
                              "the key {0}, or set insecure: \"true\" in the repository's Secret",
                              bare_host(location)))
          .as(ErrorKind::unauthorized);
  }
  if (location.way == Location::Way::ssh) {
    if (says("host key verification failed"))
      return with(fmt::format(
          "the host key of {} must stand in ConfigMap argocd/argocd-ssh-known-hosts-cm, key "
          "ssh_known_hosts (as ssh-keyscan prints it), or set insecure: \"true\" in the repository's Secret",
          bare_host(location)));
    if (says("permission denied") || says("error in libcrypto") || says("invalid format"))
      return with(credentials.ssh_private_key.empty()
                      ? fmt::format("{} this url and an sshPrivateKey, for all projects or for this one", kNoSecret)
                      : fmt::format("the server refused the sshPrivateKey of {}", origin))
          .as(ErrorKind::unauthorized);
  }
  return error;
}

}  // namespace slipway::sources
