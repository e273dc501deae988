// The file is Docker's: "auths" by address, "auth" in it being base64 of NAME:PASSWORD; "credHelpers" by address and
// "credsStore" for all others name programs that keep passwords elsewhere. What Docker calls its Hub is an address of
// its own. Sources: Docker's configuration file and its protocol of credential helpers.
#include "cli/helm/registry_passwords.h"

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/helm/inputs.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "value/json.h"

namespace slipway::cli::helm {

namespace {

using sources::RegistryPassword;

std::string first_file(const Flags& flags) {
  return config_file(flags, "--registry-config", "registry/config.json");
}

std::string dockers_file() {
  if (const char* folder = std::getenv("DOCKER_CONFIG"); folder && *folder)
    return absolute_path(std::string(folder) + "/config.json");
  const char* home = std::getenv("HOME");
  return home && *home ? absolute_path(std::string(home) + "/.docker/config.json") : "";
}

// Null: there is none.
Result<Value> read_config(World& world, const std::string& path) {
  auto text = world.files().read(path, 4 << 20);
  if (text.failed_with(ErrorKind::not_found)) return Value();
  if (!text)
    return fail(text.error().kind(), "failed to open config file at {}: {}", path,
                in_gos_words(text.error(), "open " + path));
  auto config = value::parse_json(*text);
  if (config && config->is_object()) return config;
  return fail(ErrorKind::invalid, "failed to decode config file {}: invalid config format: {}", path,
              config ? "no object" : config.error().message());
}

// The name under which a registry's password is kept.
std::string address_of(const std::string& host) {
  return host == "registry-1.docker.io" || host == "docker.io" ? "https://index.docker.io/v1/" : host;
}

// "https://HOST/v2/" -> "HOST"
std::string_view host_of(std::string_view address) {
  if (size_t scheme = address.find("://"); scheme != address.npos) address.remove_prefix(scheme + 3);
  return address.substr(0, address.find('/'));
}

// docker-credential-NAME, "" when passwords of this address stand in the file.
std::string helper_of(const Value& config, const std::string& address) {
  std::string own = config["credHelpers"][address].str();
  return own.empty() ? config["credsStore"].str() : own;
}

// Error: invalid, with what the program said.
Task<Result<std::string>> run_helper(World& world, std::string name, std::string verb, std::string input) {
  std::string program = "docker-credential-" + name;
  if (name.find('/') != name.npos) co_return fail(ErrorKind::invalid, "{}: no name of a program", program);
  runtime::Command command;
  command.argv = {program, verb};
  command.daemons_stay = true;
  auto done = co_await world.processes().run(std::move(command), std::move(input), 1 << 20);
  if (done.failed_with(ErrorKind::not_found))
    co_return fail(ErrorKind::not_found, "exec: \"{}\": executable file not found in $PATH", program);
  if (!done) co_return std::move(done).error().context(program);
  if (done->status.ok()) co_return std::move(done->out);
  std::string said(base::trim(done->out.empty() ? done->err : done->out));
  co_return fail(said == "credentials not found in native keychain" ? ErrorKind::not_found : ErrorKind::invalid,
                 "{} {}: {}", program, verb, said.empty() ? fmt::format("exit status {}", done->status.code) : said);
}

Task<Result<RegistryPassword>> ask_helper(World& world, std::string name, std::string address) {
  auto said = co_await run_helper(world, name, "get", address);
  if (said.failed_with(ErrorKind::not_found) && said.error().message().ends_with("native keychain"))
    co_return RegistryPassword{};
  if (!said) co_return std::move(said).error();
  auto answer = value::parse_json(*said);
  if (!answer) co_return fail(ErrorKind::invalid, "docker-credential-{} get: its answer is no JSON", name);
  std::string username = (*answer)["Username"].str(), secret = (*answer)["Secret"].str();
  RegistryPassword out;
  if (username == "<token>") {
    out.identity_token = secret;
  } else {
    out.username = username;
    out.password = secret;
  }
  co_return out;
}

Result<RegistryPassword> read_entry(const Value& entry) {
  RegistryPassword out{.username = entry["username"].str(),
                       .password = entry["password"].str(),
                       .identity_token = entry["identitytoken"].str(),
                       .registry_token = entry["registrytoken"].str()};
  std::string coded = entry["auth"].str();
  if (coded.empty()) return out;
  auto plain = base::base64_decode(coded);
  if (!plain || plain->find(':') == plain->npos)  // what it holds is not told
    return fail(ErrorKind::invalid, "failed to decode auth: it is no base64 of NAME:PASSWORD");
  out.username = plain->substr(0, plain->find(':'));
  out.password = plain->substr(plain->find(':') + 1);
  return out;
}

Task<Result<RegistryPassword>> look_up(World& world, Value config, std::string address) {
  if (std::string helper = helper_of(config, address); !helper.empty())
    co_return co_await ask_helper(world, helper, address);
  if (const Value& entry = config["auths"][address]; entry.is_object()) co_return read_entry(entry);
  for (const auto& [name, entry] : config["auths"].members())
    if (host_of(name.view()) == address) co_return read_entry(entry);
  co_return RegistryPassword{};
}

// As Docker indents it. Nobody else may read it, not even while it is written.
Result<> write_config(World& world, const std::string& path, const Value& config) {
  std::string text;
  for (std::string_view line : base::split(value::to_json_pretty(config, 1), '\n')) {
    size_t depth = std::min(line.find_first_not_of(' '), line.size());
    text += (text.empty() ? "" : "\n") + std::string(depth, '\t') + std::string(line.substr(depth));
  }
  while (text.ends_with('\n')) text.pop_back();
  OR_RETURN(world.files().make_directories(path.substr(0, path.rfind('/')), 0700));
  std::error_code none;
  std::string target = std::filesystem::weakly_canonical(path, none).string();  // a link stays one
  return world.files().write_atomically(none ? path : target, text, 0600);
}

}  // namespace

Task<Result<RegistryPassword>> stored_password(World& world, Flags flags, std::string host) {
  std::string address = address_of(host);
  Value config = OR_CO_RETURN(read_config(world, first_file(flags)));
  auto found = OR_CO_RETURN(co_await look_up(world, config, address));
  std::string second = dockers_file();
  if (!found.empty() || second.empty()) co_return found;
  auto dockers = read_config(world, second);
  if (!dockers) co_return found;  // not Helm's file: one that is broken is passed over
  co_return co_await look_up(world, *dockers, address);
}

Task<Result<>> keep_password(World& world, Flags flags, std::string host, std::string username, std::string password) {
  std::string path = first_file(flags), address = address_of(host);
  Value config = OR_CO_RETURN(read_config(world, path));
  if (config.is_null()) config = Value::object();
  if (std::string helper = helper_of(config, address); !helper.empty()) {
    std::string input = value::to_json(Value{{"ServerURL", address}, {"Username", username}, {"Secret", password}});
    OR_CO_RETURN(co_await run_helper(world, helper, "store", input));
    co_return Result<>();
  }
  Value entry{{"auth", base::base64_encode(username + ":" + password)}};
  Value auths = config["auths"].is_object() ? config["auths"] : Value::object();
  co_return write_config(world, path, config.with_member("auths", auths.with_member(address, entry)));
}

Task<Result<>> forget_password(World& world, Flags flags, std::string host) {
  std::string path = first_file(flags), address = address_of(host);
  Value config = OR_CO_RETURN(read_config(world, path));
  if (std::string helper = helper_of(config, address); !helper.empty()) {
    OR_CO_RETURN(co_await run_helper(world, helper, "erase", address));
    co_return Result<>();
  }
  if (config["auths"][address].is_null()) co_return Result<>();
  co_return write_config(world, path, config.with_member("auths", config["auths"].without_member(address)));
}

}  // namespace slipway::cli::helm
