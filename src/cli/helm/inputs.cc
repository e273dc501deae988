#include "cli/helm/inputs.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/connection.h"
#include "cli/helm/folder.h"
#include "cli/helm/registry_passwords.h"
#include "cli/paths.h"
#include "lang/semver/semver.h"
#include "render/helm/go_json.h"
#include "render/helm/manifest.h"
#include "render/helm/set.h"
#include "runtime/digest.h"
#include "sources/registry_reference.h"
#include "sources/repositories.h"
#include "sources/url.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr size_t kValuesBytesMax = 16 << 20;

}  // namespace

Result<std::string> read_stdin() {
  std::string out;
  char piece[1 << 16];
  for (;;) {
    ssize_t n = ::read(STDIN_FILENO, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {  // whoever started us made it one that does not wait
      pollfd more{STDIN_FILENO, POLLIN, 0};
      if (::poll(&more, 1, -1) >= 0 || errno == EINTR) continue;
    }
    if (n < 0) return fail(ErrorKind::io, "read stdin: {}", std::strerror(errno));
    if (n == 0) return out;
    out.append(piece, static_cast<size_t>(n));
    if (out.size() > kValuesBytesMax)
      return fail(ErrorKind::too_large, "stdin holds more than {} bytes", kValuesBytesMax);
  }
}

Result<std::string> read_password() {
  std::string word = OR_RETURN(read_stdin());
  for (char end : {'\n', '\r'})
    if (word.ends_with(end)) word.pop_back();
  return word;
}

namespace {

Result<std::string> read_file(World& world, const std::string& path) {
  if (rh::trim_space(path) == "-") return read_stdin();
  std::string whole = absolute_path(path);
  auto stat = world.files().stat(whole);
  if (!stat || (stat->kind == runtime::FileStat::Kind::directory)) {
    if (stat) return fail(ErrorKind::io, "read {}: is a directory", path);
    if (stat.failed_with(ErrorKind::not_found))
      return fail(ErrorKind::not_found, "open {}: no such file or directory", path);
  }
  auto text = world.files().read(whole, kValuesBytesMax);
  if (text) return text;
  if (text.failed_with(ErrorKind::too_large))
    return fail(ErrorKind::too_large, "{}: a values file may have {} bytes at most", path, kValuesBytesMax);
  if (text.failed_with(ErrorKind::not_found))
    return fail(ErrorKind::not_found, "open {}: no such file or directory", path);
  if (text.failed_with(ErrorKind::forbidden)) return fail(ErrorKind::forbidden, "open {}: permission denied", path);
  return text;
}

bool is_url(std::string_view path) {
  return path.starts_with("http://") || path.starts_with("https://");
}

Task<Result<std::string>> read_url(World& world, std::string url, Flags flags) {
  auto access = OR_CO_RETURN(access_of(world, flags));
  access.bytes_max = kValuesBytesMax;
  co_return co_await sources::download(world, url, access);
}

}  // namespace

Task<Result<rh::LayeredValues>> read_values(World& world, Flags flags) {
  rh::LayeredValues out;
  for (const std::string& path : flags.all("--values")) {
    std::string text;
    if (is_url(path)) {
      text = OR_CO_RETURN(co_await read_url(world, path, flags));
    } else {
      text = OR_CO_RETURN(read_file(world, path));
    }
    auto values = rh::read_yaml_mapping(text, flags.text("--compat") == "helm4");
    if (!values) co_return std::move(values).error().context("failed to parse " + path);
    out.all = rh::merge_files(out.all, *values);
    out.layers.push_back({"--values " + path, std::move(*values), {}});
  }
  // What --set-file names: by URL fetched before, and each file read once, since a pipe gives its text but once.
  std::map<std::string, Result<std::string>> fetched;
  for (const std::string& word : flags.all("--set-file")) {
    for (std::string_view part : base::split(word, ',')) {
      std::string path(part.substr(part.find('=') == part.npos ? part.size() : part.find('=') + 1));
      if (is_url(path) && !fetched.contains(path)) fetched.emplace(path, co_await read_url(world, path, flags));
    }
  }
  auto from_file = [&](std::string path) -> Result<Value> {
    auto at = fetched.find(path);
    if (at == fetched.end()) at = fetched.emplace(path, read_file(world, path)).first;
    if (!at->second) return at->second.error();
    return Value(*at->second);
  };
  auto compat = OR_CO_RETURN(compat_of(flags));
  auto set_files = [&](Value& v, std::string_view word, rh::Compat, rh::SetKeys* keys, rh::SetBudget* budget) {
    return rh::set_files(v, word, from_file, compat, keys, budget);
  };
  using Set = std::function<Result<>(Value&, std::string_view, rh::Compat, rh::SetKeys*, rh::SetBudget*)>;
  const std::pair<const char*, Set> options[] = {{"--set-json", rh::set_json},
                                                 {"--set", rh::set_typed},
                                                 {"--set-string", rh::set_strings},
                                                 {"--set-file", set_files},
                                                 {"--set-literal", rh::set_literal}};
  // What a person asks for is theirs to wait for; explanations go without what takes more than they are worth.
  rh::SetBudget budget{.grown = 64 << 20, .copied = 4ull << 30}, alone{.grown = 1 << 20, .copied = 4 << 20};
  for (const auto& [option, set] : options) {
    for (const std::string& word : flags.all(option)) {
      if (auto done = set(out.all, word, compat, nullptr, &budget); !done) {
        if (std::string_view(option) == "--set-json")
          co_return fail(ErrorKind::invalid, "failed parsing --set-json data {}", done.error().message());
        co_return std::move(done).error().context(fmt::format("failed parsing {} data", option));
      }
      rh::Layer layer{option, Value::object(), {}};
      if (set(layer.values, word, compat, &layer.keys, &alone)) out.layers.push_back(std::move(layer));
    }
  }
  co_return out;
}

// Whoever asks for a signature to be checked must not be left to think that it was.
Result<> refuse_verify(const Flags& flags) {
  if (!flags.is("--verify")) return {};
  return fail(ErrorKind::unsupported,
              "--verify: signatures of charts are not checked yet; leave it out to go on without");
}

Result<> check_gzip(std::string_view bytes, const std::string& path) {
  if (bytes.starts_with("\x1F\x8B\x08")) return {};
  if (path.ends_with(".yaml") || path.ends_with(".yml"))
    return fail(ErrorKind::invalid, "file '{}' seems to be a YAML file, but expected a gzipped archive", path);
  // Go judges the first 512 bytes; where there are fewer, it sees the zeros behind them
  bool text = bytes.size() >= 512 && bytes.substr(0, 512).find('\0') == bytes.npos;
  return fail(ErrorKind::invalid, "file '{}' does not appear to be a gzipped archive; got '{}'", path,
              text ? "text/plain; charset=utf-8" : "application/octet-stream");
}

std::string clean_path(const std::string& path) {
  std::string out = std::filesystem::path(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out.empty() ? "." : out;
}

std::string in_gos_words(const Error& error, const std::string& what) {
  if (error.is(ErrorKind::not_found)) return what + ": no such file or directory";
  if (error.is(ErrorKind::forbidden)) return what + ": permission denied";
  std::string said = error.message();
  said = said.substr(said.rfind(": ") == said.npos ? 0 : said.rfind(": ") + 2);
  if (!said.empty()) said[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(said[0])));
  return what + ": " + said;
}

rh::ChartLimits chart_limits(const Flags& flags) {
  rh::ChartLimits limits;
  if (flags.text("--compat") == "helm4") {
    limits.merge_values_documents = true;
    limits.file_bytes_max = limits.archive_bytes_max;  // only all together are bounded
  }
  return limits;
}

Task<Result<FoundChart>> find_chart(World& world, std::string name, Flags flags) {
  if (flags.is("--verify") && world.files().stat(absolute_path(name) + "/."))
    co_return fail(ErrorKind::invalid, "unpacked charts cannot be verified");
  OR_CO_RETURN(refuse_verify(flags));
  FoundChart found;
  rh::ChartLimits limits = chart_limits(flags);
  name = rh::trim_space(name);
  std::string whole = absolute_path(name);
  found.path = whole;
  bool said = !name.empty();  // else nothing here is meant
  // a link to a chart is a chart
  found.directory = said && world.files().stat(whole + "/.").has_value();
  bool elsewhere = flags.has("--repo") && flags.text("--compat") == "helm4";  // Helm 4 asks the repository then
  if (!elsewhere && (found.directory || (said && world.files().exists(whole)))) {
    if (std::string repository = flags.text("--repo"); !repository.empty())
      complain(
          fmt::format("install.go:759: WARN local chart found in current working directory. repository url ignored "
                      "chart={} repository={}\n",
                      name, sources::shown_url(repository)));
    Result<rh::LoadedChart> loaded = rh::LoadedChart{};
    if (found.directory) {
      if (flags.text("--compat") == "helm4" && !world.files().exists(whole + "/Chart.yaml"))
        co_return fail(ErrorKind::invalid, "unable to detect chart at {0}: open {0}: no such file or directory",
                       whole + "/Chart.yaml");
      auto folder = co_await read_chart_folder(world, whole, limits);
      warn(folder.warnings(OR_CO_RETURN(compat_of(flags))));
      if (folder.broken) co_return std::move(*folder.broken);
      loaded = rh::load_files(std::move(folder.files), limits);
    } else {
      std::string bytes = OR_CO_RETURN(world.files().read(whole, 64 << 20));
      OR_CO_RETURN(check_gzip(bytes, whole));
      loaded = rh::load_archive(bytes, limits);
    }
    if (!loaded) co_return std::move(loaded).error();
    found.chart = std::move(loaded->chart);
    found.warnings = std::move(loaded->warnings);
    co_return found;
  }
  if (name.starts_with('/') || name.starts_with('.'))
    co_return fail(ErrorKind::not_found, "path \"{}\" not found", name);
  auto fetched = OR_CO_RETURN(co_await fetch_named(world, name, flags));
  auto loaded = rh::load_archive(fetched.archive, limits);
  if (!loaded) co_return std::move(loaded).error().context(sources::shown_url(fetched.url));
  found.chart = std::move(loaded->chart);
  found.warnings = std::move(loaded->warnings);
  found.path = fetched.url;
  co_return found;
}

Result<sources::ChartAccess> access_of(World& world, const Flags& flags) {
  return access_to(world, flags, nullptr);
}

Result<sources::ChartAccess> access_to(World& world, const Flags& flags, const NamedRepository* repository) {
  static const NamedRepository nothing;
  const NamedRepository& own = repository ? *repository : nothing;
  sources::ChartAccess access;
  bool other = flags.has("--username");
  access.username = other ? flags.text("--username") : own.username;
  access.password = other ? flags.text("--password") : own.password;
  access.insecure = flags.is("--insecure-skip-tls-verify") || own.insecure;
  access.plain_http = flags.is("--plain-http");
  access.stored_password = [&world, flags](std::string host) { return stored_password(world, flags, std::move(host)); };
  access.pass_credentials = flags.is("--pass-credentials") || own.pass_credentials;
  auto read = [&world](const std::string& path) { return world.files().read(absolute_path(path), 1 << 20); };
  std::string certificate = flags.text("--cert-file", own.cert_file), key = flags.text("--key-file", own.key_file),
              ca = flags.text("--ca-file", own.ca_file);
  if (!certificate.empty() && !key.empty()) {
    for (auto [path, field] : {std::pair{&certificate, &access.client_certificate}, {&key, &access.client_key}}) {
      auto text = read(*path);
      if (!text)
        return fail(text.error().kind(), "can't load key pair from cert {} and key {}: open {}: {}", certificate, key,
                    *path, text.failed_with(ErrorKind::not_found) ? "no such file or directory" : text.error().str());
      if (text->find("-----BEGIN ") == text->npos)
        return fail(ErrorKind::invalid,
                    "can't load key pair from cert {} and key {}: tls: failed to find any PEM data in {} input",
                    certificate, key, path == &key ? "key" : "certificate");
      *field = std::move(*text);
    }
  }
  if (!ca.empty()) {
    auto text = read(ca);
    if (!text) return fail(text.error().kind(), "can't read CA file: {}", ca);
    if (text->find("-----BEGIN CERTIFICATE-----") == text->npos)
      return fail(ErrorKind::invalid, "failed to append certificates from file: {}", ca);
    access.ca_certificates = std::move(*text);
  }
  return access;
}

std::string without_looks(std::string text) {
  constexpr std::string_view end = "is not a valid chart repository or cannot be reached: ";
  size_t at = text.find(end);
  return text.starts_with("looks like ") && at != text.npos ? text.substr(at + end.size()) : text;
}

Result<> check_access(World& world, const Flags& flags) {
  auto access = access_of(world, flags);
  if (access) return {};
  return std::move(access).error().context("missing registry client: can't create TLS config for client");
}

namespace {

// HOST/PATH/NAME, with :TAG or @DIGEST behind it.
Task<Result<sources::FetchedChart>> fetch_from_registry(World& world, std::string reference, std::string version,
                                                        sources::ChartAccess access, Tell tell) {
  auto said = OR_CO_RETURN(sources::RegistryReference::parse(reference));
  if (!said.digest.empty())  // ORAS passes over a tag before a digest; Helm does not
    said.tag = OR_CO_RETURN(sources::RegistryReference::parse(reference.substr(0, reference.find('@')))).tag;
  if (version.empty())
    version = said.tag;
  else if (!said.tag.empty() && version != said.tag)
    co_return fail(ErrorKind::bad_request, "chart reference and version mismatch: {} is not {}", version, said.tag);
  std::string repository = "oci://" + said.host + "/" + said.path, wanted = version;
  if (!said.digest.empty()) {
    wanted = "@" + said.digest;
    // A version beside it need not be there, but may not be another chart.
    if (lang::semver::Version::parse(version)) {
      auto tagged = co_await sources::fetch_chart(world, repository, "", version, access);
      if (tagged && tagged->manifest_digest != said.digest)
        co_return fail(ErrorKind::invalid, "chart reference digest mismatch: {} is not {}", tagged->manifest_digest,
                       said.digest);
    }
  }
  auto fetched = co_await sources::fetch_chart(world, repository, "", wanted, access);
  if (fetched) tell(exchanged("Pulled", fetched->url.substr(6), fetched->manifest_digest));
  co_return fetched;
}

// From a repository, by its index. `name`: of the repository, "" for --repo, which tells apart Helm's words.
Task<Result<sources::FetchedChart>> fetch_by_index(World& world, std::string url, std::string name, std::string chart,
                                                   std::string range, sources::ChartAccess access) {
  auto index = OR_CO_RETURN(co_await sources::fetch_index(world, url, access));
  auto version = index.find(chart, range);
  if (!version) {
    std::string said = range.empty() ? "" : fmt::format(" version \"{}\"", range);
    Error wrong = name.empty() ? fail(version.error().kind(), "chart \"{}\"{} not found in {} repository", chart, said,
                                      sources::shown_url(url))
                               : fail(version.error().kind(),
                                      "chart \"{}\" matching {} not found in {} index. (try 'helm repo update'): {}",
                                      chart, range, name, version.error().message());
    co_return explained(wrong, fmt::format("{}: {}", sources::shown_url(url), index.offers(chart)));
  }
  co_return co_await sources::fetch_listed(world, url, std::move(*version), std::move(access));
}

}  // namespace

Task<Result<sources::FetchedChart>> fetch_named(World& world, std::string name, Flags flags, Tell tell) {
  OR_CO_RETURN(refuse_verify(flags));
  auto access = OR_CO_RETURN(access_of(world, flags));
  std::string range = flags.text("--version");
  if (range.empty() && flags.is("--devel")) range = ">0.0.0-0";
  if (name.starts_with("oci://")) co_return co_await fetch_from_registry(world, name.substr(6), range, access, tell);
  if (is_url(name)) {
    sources::FetchedChart fetched;
    fetched.url = name;
    fetched.archive = OR_CO_RETURN(co_await sources::download(world, name, access));
    fetched.digest = "sha256:" + runtime::sha256_hex(fetched.archive);
    fetched.name = name.substr(name.rfind('/') + 1);
    co_return fetched;
  }
  if (std::string url = flags.text("--repo"); !url.empty()) {
    OR_CO_RETURN(check_protocol(url));
    co_return co_await fetch_by_index(world, url, "", name, range, access);
  }
  size_t slash = name.find('/');
  if (slash == name.npos)
    co_return fail(ErrorKind::not_found, "non-absolute URLs should be in form of repo_name/path_to_chart, got: {}",
                   name);
  auto repositories = OR_CO_RETURN(read_repositories(world, flags));
  for (const NamedRepository& one : repositories) {
    if (one.name != name.substr(0, slash)) continue;
    access = OR_CO_RETURN(access_to(world, flags, &one));
    co_return co_await fetch_by_index(world, one.url, one.name, name.substr(slash + 1), range, access);
  }
  co_return fail(ErrorKind::not_found, "repo {} not found", name.substr(0, slash));
}

Tell tell_of(const Flags& flags) {
  return flags.text("--compat") == "helm4" ? static_cast<Tell>(print) : complain;
}

std::string exchanged(std::string_view did, std::string_view reference, std::string_view digest) {
  std::string out = fmt::format("{}: {}\nDigest: {}\n", did, reference, digest);
  if (reference.find('_') == reference.npos) return out;
  return out + fmt::format(
                   "{} contains an underscore.\n\n"
                   "OCI artifact references (e.g. tags) do not support the plus sign (+). To support\n"
                   "storing semantic versions, Helm adopts the convention of changing plus (+) to\n"
                   "an underscore (_) in chart version tags when pushing to a registry and back to\n"
                   "a plus (+) when pulling from a registry.\n",
                   reference);
}

Result<> check_protocol(const std::string& url) {
  std::string scheme = url.substr(0, url.find("://") == url.npos ? 0 : url.find("://"));
  if (scheme == "http" || scheme == "https" || scheme == "oci") return {};
  return fail(ErrorKind::bad_request, "could not find protocol handler for: {}", scheme);
}

std::string config_file(const Flags& flags, const char* flag, const std::string& name) {
  if (std::string path = flags.text(flag); !path.empty()) return absolute_path(path);
  if (const char* home = std::getenv("HELM_CONFIG_HOME"); home && *home)
    return absolute_path(std::string(home) + "/" + name);
  if (const char* home = std::getenv("XDG_CONFIG_HOME"); home && *home)
    return absolute_path(std::string(home) + "/helm/" + name);
  return absolute_path("~/.config/helm/" + name);
}

std::string repositories_file(const Flags& flags) {
  return config_file(flags, "--repository-config", "repositories.yaml");
}

Result<std::vector<NamedRepository>> read_repositories(World& world, const Flags& flags) {
  std::vector<NamedRepository> out;
  auto text = world.files().read(repositories_file(flags), 4 << 20);
  if (!text) {
    if (text.failed_with(ErrorKind::not_found)) return out;
    return std::move(text).error();
  }
  Value root = OR_RETURN(value::parse_yaml(*text, repositories_file(flags)));
  for (const Value& one : root["repositories"].items())
    out.push_back({one["name"].str(), one["url"].str(), one["username"].str(), one["password"].str(),
                   one["caFile"].str(), one["certFile"].str(), one["keyFile"].str(),
                   one["insecure_skip_tls_verify"].as_bool(), one["pass_credentials_all"].as_bool()});
  return out;
}

Result<rh::Compat> compat_of(const Flags& flags) {
  std::string said = flags.text("--compat", "helm3");
  if (said == "helm3") return rh::Compat::helm3;
  if (said == "helm4") return rh::Compat::helm4;
  return fail(ErrorKind::bad_request, "--compat: expected helm3 or helm4, got \"{}\"", said);
}

std::vector<std::string> kubeconfig_files(const Flags& flags) {
  if (std::string path = flags.text("--kubeconfig"); !path.empty()) return {absolute_path(path)};
  if (auto paths = kubeconfigs_of_environment(); !paths.empty()) return paths;
  return {absolute_path("~/.kube/config")};
}

std::string namespace_of(World& world, const Flags& flags) {
  if (std::string ns = flags.text("--namespace"); !ns.empty()) return ns;
  auto kubeconfig = apiserver::load_kubeconfig(world, kubeconfig_files(flags));
  std::string ns = kubeconfig ? apiserver::namespace_in(*kubeconfig, flags.text("--kube-context")) : "";
  return ns.empty() ? "default" : ns;
}

}  // namespace slipway::cli::helm
