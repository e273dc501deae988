#include "sources/git.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace slipway::sources {
namespace {

// What of our own environment reaches git: how to get out of this network, nothing that redirects git itself (GIT_DIR
// and its kin are set when we are started by a hook).
constexpr const char* kPassedOn[] = {"http_proxy", "https_proxy", "HTTPS_PROXY",   "no_proxy",      "NO_PROXY",
                                     "all_proxy",  "ALL_PROXY",   "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR"};

// Of a person's variables for git those that say how to reach a remote; the others would redirect git itself.
constexpr std::string_view kOfPersons[] = {
    "GIT_SSH",      "GIT_SSL_",           "GIT_HTTP_",          "GIT_PROXY_",
    "GIT_ASKPASS=", "GIT_CONFIG_GLOBAL=", "GIT_CONFIG_SYSTEM=", "GIT_CONFIG_NOSYSTEM="};

// A repository's own configuration is read by git, and can name programs: these settings stand above it.
const std::pair<std::string, std::string> kSettings[] = {
    {"core.hooksPath", "/dev/null"},
    {"core.fsmonitor", "false"},
    {"core.pager", "cat"},
    {"core.askPass", ""},
    {"protocol.ext.allow", "never"},
    {"protocol.file.allow", "never"},
    {"gc.auto", "0"},
    {"maintenance.auto", "false"},
    {"transfer.fsckObjects", "false"},
    {"http.lowSpeedLimit", "1"},
    {"http.lowSpeedTime", "30"},
};

bool is_of_persons(std::string_view variable) {
  for (std::string_view own : {"SSH_ASKPASS=", "LC_ALL=", "GIT_SSH_COMMAND="})
    if (variable.starts_with(own)) return false;
  if (!variable.starts_with("GIT_")) return true;
  return std::ranges::any_of(kOfPersons, [&](std::string_view start) { return variable.starts_with(start); });
}

// Settings by environment, as CI systems give their tokens.
std::vector<std::pair<std::string, std::string>> given_settings() {
  std::vector<std::pair<std::string, std::string>> out;
  const char* count = std::getenv("GIT_CONFIG_COUNT");
  for (int i = 0, n = count ? std::atoi(count) : 0; i < n; ++i) {
    const char* key = std::getenv(fmt::format("GIT_CONFIG_KEY_{}", i).c_str());
    const char* value = std::getenv(fmt::format("GIT_CONFIG_VALUE_{}", i).c_str());
    if (!key || !value) break;
    out.emplace_back(key, value);
  }
  return out;
}

bool has(std::string_view text, std::string_view word) {
  return base::to_lower(text).find(word) != std::string::npos;
}

// Keys that only this run may see.
struct Removal {
  World& world;
  std::vector<std::string> paths;
  ~Removal() {
    for (const std::string& path : paths) (void)world.files().remove(path).has_value();
  }
};

// What ssh and git say around the reason.
bool is_noise(std::string_view line) {
  for (std::string_view start :
       {"warning: ", "Warning: Permanently added", "Please make sure you have the correct",
        "and the repository exists.", "@", "Enumerating objects: ", "Counting objects: ", "Compressing objects: ",
        "Receiving objects: ", "Unpacking objects: ", "Resolving deltas: ", "Total "})
    if (line.starts_with(start)) return true;
  return line.empty();
}

}  // namespace

Task<Result<std::string>> Git::run(GitCall call) {
  Removal removal{world_, std::move(call.remove_after)};
  std::string place = call.place.empty() ? call.git_dir : call.place;
  if (auto before = left_.find(place); before != left_.end()) {
    if (!before->second())
      co_return fail(
          ErrorKind::unavailable,
          "a git that was killed still waits for the file system of {}; it is asked again when that one ends", place);
    left_.erase(before);
  }
  std::string name = "git";
  for (const std::string& arg : call.args) {
    if (arg.starts_with('-')) continue;
    name += " " + arg;
    break;
  }
  runtime::Command command{.argv = {"git"}, .clean_env = true};
  set_limits(call.doing, command);
  command.left = [this, place](std::function<bool()> has_ended) { left_[place] = std::move(has_ended); };
  for (auto& arg : call.args) command.argv.push_back(std::move(arg));
  bool of_person = call.asker == Asker::person;
  command.daemons_stay = of_person;  // a credential helper that remembers, a connection of ssh that is shared
  command.env = {"GIT_TERMINAL_PROMPT=0",
                 "GIT_OPTIONAL_LOCKS=0",
                 "GIT_NO_LAZY_FETCH=1",
                 "GIT_NO_REPLACE_OBJECTS=1",
                 "GIT_PROTOCOL_FROM_USER=0",
                 "GIT_ALLOW_PROTOCOL=http:https:ssh",
                 "GIT_ATTR_NOSYSTEM=1",
                 "SSH_ASKPASS=",
                 "LC_ALL=C"};
  if (of_person) {
    for (char** each = environ; *each; ++each)
      if (is_of_persons(*each)) command.env.emplace_back(*each);
  } else {
    for (const char* only : {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ASKPASS="})
      command.env.emplace_back(only);
    for (const char* name : kPassedOn)
      if (const char* value = std::getenv(name)) command.env.push_back(fmt::format("{}={}", name, value));
  }
  if (!call.git_dir.empty()) {
    // named, not discovered: git does not ask who owns it, and looks nowhere else; nor does the process begin in it,
    // because we wait until it has begun, and its file system may not answer
    command.env.push_back("GIT_DIR=" + call.git_dir);
    command.directory = "/";
  } else {
    command.env.push_back("GIT_CEILING_DIRECTORIES=/");
    command.env.push_back("GIT_DIR=/dev/null");
  }
  size_t count = 0;
  auto set = [&](const std::pair<std::string, std::string>& setting) {
    command.env.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", count, setting.first));
    command.env.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", count, setting.second));
    ++count;
  };
  if (of_person)
    for (const auto& setting : given_settings()) set(setting);
  else
    set({"credential.helper", ""});
  for (const auto& setting : kSettings) set(setting);
  // as a setting, since the variable would stand above the certificates that are given for one host
  if (const char* trusted = std::getenv("GIT_SSL_CAINFO")) set({"http.sslCAInfo", trusted});
  for (const auto& setting : call.config) set(setting);
  command.env.push_back(fmt::format("GIT_CONFIG_COUNT={}", count));
  for (auto& variable : call.env) command.env.push_back(std::move(variable));

  auto finished = co_await world_.processes().run(std::move(command), std::move(call.input), call.output_max);
  if (finished.failed_with(ErrorKind::not_found))
    co_return Error(ErrorKind::unavailable, "the git program is missing; install the package git");
  if (finished.failed_with(ErrorKind::timeout) || finished.failed_with(ErrorKind::too_large))
    co_return fail(finished.error().kind(), "{} {}", name, finished.error().message());
  runtime::Finished result = OR_CO_RETURN(std::move(finished));
  if (result.status.signal) co_return fail(ErrorKind::io, "{} was ended by signal {}", name, result.status.signal);
  if (!result.status.ok() && base::trim(result.err).empty())
    co_return fail(ErrorKind::io, "{} failed without a word (exit code {})", name, result.status.code);
  if (!result.status.ok()) co_return git_error(result.err);
  if (call.said) *call.said = std::move(result.err);
  co_return std::move(result.out);
}

void Git::set_limits(Doing doing, runtime::Command& command) const {
  switch (doing) {
    case Doing::looking:
      command.silence_max = command.time_max = limits_.read_silence_max;
      return;
    case Doing::reading:
      command.silence_max = limits_.read_silence_max;
      command.time_max = limits_.read_time_max;
      return;
    case Doing::asking:
      command.time_max = limits_.ask_time_max;
      return;
    case Doing::fetching:
      command.silence_max = limits_.fetch_silence_max;
      command.time_max = limits_.fetch_time_max;
      return;
  }
}

Error git_error(std::string_view text) {
  if (text.find("HOST IDENTIFICATION HAS CHANGED") != text.npos)  // ssh shouts first, and says what it is at the end
    if (size_t at = text.find("Host key for "); at != text.npos) text.remove_prefix(at);
  std::string words;
  for (std::string_view line : base::split_lines(text)) {
    line = base::trim(line);
    if (size_t last = line.rfind('\r'); last != line.npos) line.remove_prefix(last + 1);  // progress, told over itself
    for (std::string_view prefix : {"fatal: ", "error: ", "remote: "})
      if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    if (is_noise(line) || (!words.empty() && line.starts_with("Could not read from remote"))) continue;
    if (!words.empty()) words += "; ";
    words += line;
    if (words.size() > 600) break;
  }
  if (words.empty()) words = "git failed without a word";
  if (has(text, "unknown repository extension") || has(text, "unknown ref storage format") ||
      has(text, "unknown value for 'extensions.") || has(text, "expected git repo version"))
    words += "; the repository was made by a newer git than the one here";
  if (words.size() > 600) words.resize(600);
  ErrorKind kind = ErrorKind::io;
  if (has(text, "authentication failed") || has(text, "could not read username") ||
      has(text, "could not read password") || has(text, "permission denied") || has(text, "error: 401") ||
      has(text, "error: 403") || has(text, "host key verification failed") || has(text, "terminal prompts disabled"))
    kind = ErrorKind::unauthorized;
  else if (has(text, "repository not found") || has(text, "does not appear to be a git repository") ||
           has(text, "not a git repository") || has(text, "not our ref") || has(text, "couldn't find remote ref") ||
           has(text, "error: 404") || has(text, "' not found") || has(text, "unadvertised object") ||
           has(text, "from promisor remote"))
    kind = ErrorKind::not_found;
  else if (has(text, "could not resolve host") || has(text, "connection refused") || has(text, "timed out") ||
           has(text, "failed to connect") || has(text, "unable to access") || has(text, "hung up") ||
           has(text, "connection reset") || has(text, "could not read from remote repository"))
    kind = ErrorKind::unavailable;
  return Error(kind, words);
}

}  // namespace slipway::sources
