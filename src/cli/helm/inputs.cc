#include "cli/helm/inputs.h"

#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "cli/paths.h"
#include "render/helm/go_json.h"
#include "render/helm/set.h"
#include "sources/repositories.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr size_t kValuesBytesMax = 16 << 20;

Result<std::string> read_stdin() {
  std::string out;
  char piece[1 << 16];
  for (;;) {
    ssize_t n = ::read(STDIN_FILENO, piece, sizeof piece);
    if (n < 0) return fail(ErrorKind::io, "read stdin: {}", std::strerror(errno));
    if (n == 0) return out;
    out.append(piece, static_cast<size_t>(n));
    if (out.size() > kValuesBytesMax)
      return fail(ErrorKind::too_large, "stdin holds more than {} bytes", kValuesBytesMax);
  }
}

Result<std::string> read_file(World& world, const std::string& path) {
  if (base::trim(path) == "-") return read_stdin();
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

}  // namespace

Task<Result<rh::LayeredValues>> read_values(World& world, Flags flags) {
  rh::LayeredValues out;
  for (const std::string& path : flags.all("--values")) {
    std::string text;
    if (path.starts_with("http://") || path.starts_with("https://")) {
      auto access = OR_CO_RETURN(access_of(world, flags));
      access.bytes_max = kValuesBytesMax;
      text = OR_CO_RETURN(co_await sources::download(world, path, access));
    } else {
      text = OR_CO_RETURN(read_file(world, path));
    }
    auto values = rh::read_yaml_mapping(text, flags.text("--compat") == "helm4");
    if (!values) co_return std::move(values).error().context("failed to parse " + path);
    out.all = rh::merge_files(out.all, *values);
    out.layers.push_back({"--values " + path, std::move(*values), {}});
  }
  auto from_file = [&world](std::string path) -> Result<Value> {
    std::string text = OR_RETURN(read_file(world, path));
    return Value(text);
  };
  using Set = std::function<Result<>(Value&, const std::string&)>;
  const std::pair<const char*, Set> options[] = {
      {"--set-json", [](Value& v, const std::string& word) { return rh::set_json(v, word); }},
      {"--set", [](Value& v, const std::string& word) { return rh::set_typed(v, word); }},
      {"--set-string", [](Value& v, const std::string& word) { return rh::set_strings(v, word); }},
      {"--set-file", [&](Value& v, const std::string& word) { return rh::set_files(v, word, from_file); }},
      {"--set-literal", [](Value& v, const std::string& word) { return rh::set_literal(v, word); }}};
  for (const auto& [option, set] : options) {
    for (const std::string& word : flags.all(option)) {
      if (auto done = set(out.all, word); !done) {
        if (std::string_view(option) == "--set-json")
          co_return fail(ErrorKind::invalid, "failed parsing --set-json data {}", word);
        co_return std::move(done).error().context(fmt::format("failed parsing {} data", option));
      }
      Value alone = Value::object();
      if (set(alone, word)) out.layers.push_back({fmt::format("{} {}", option, word), std::move(alone), {}});
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

Task<Result<FoundChart>> find_chart(World& world, std::string name, Flags flags) {
  if (flags.is("--verify") && world.files().stat(absolute_path(name) + "/."))
    co_return fail(ErrorKind::invalid, "unpacked charts cannot be verified");
  OR_CO_RETURN(refuse_verify(flags));
  FoundChart found;
  rh::ChartLimits limits;
  limits.merge_values_documents = flags.text("--compat") == "helm4";
  name = base::trim(name);
  std::string whole = absolute_path(name);
  found.path = whole;
  // a link to a chart is a chart
  auto stat = world.files().stat(whole + "/.");
  found.directory = stat.has_value();
  if (found.directory || world.files().exists(whole)) {
    Result<rh::LoadedChart> loaded = rh::LoadedChart{};
    if (found.directory) {
      auto tree = co_await sources::read_directory(world, whole);
      if (!tree) co_return std::move(tree).error();
      loaded = rh::load_directory(**tree, "", limits);
    } else {
      std::string bytes = OR_CO_RETURN(world.files().read(whole, 64 << 20));
      if (!bytes.starts_with("\x1F\x8B\x08")) {
        if (name.ends_with(".yaml") || name.ends_with(".yml"))
          co_return fail(ErrorKind::invalid, "file '{}' seems to be a YAML file, but expected a gzipped archive",
                         whole);
        // Go judges the first 512 bytes; where there are fewer, it sees the zeros behind them
        bool text = bytes.size() >= 512 && bytes.substr(0, 512).find('\0') == bytes.npos;
        co_return fail(ErrorKind::invalid, "file '{}' does not appear to be a gzipped archive; got '{}'", whole,
                       text ? "text/plain; charset=utf-8" : "application/octet-stream");
      }
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
  if (!loaded) co_return std::move(loaded).error().context(fetched.url);
  found.chart = std::move(loaded->chart);
  found.warnings = std::move(loaded->warnings);
  found.path = fetched.url;
  co_return found;
}

Result<sources::ChartAccess> access_of(World& world, const Flags& flags) {
  sources::ChartAccess access;
  access.username = flags.text("--username");
  access.password = flags.text("--password");
  access.insecure = flags.is("--insecure-skip-tls-verify");
  access.plain_http = flags.is("--plain-http");
  access.pass_credentials = flags.is("--pass-credentials");
  for (auto [option, field] : {std::pair{"--ca-file", &access.ca_certificates},
                               {"--cert-file", &access.client_certificate},
                               {"--key-file", &access.client_key}}) {
    std::string path = flags.text(option);
    if (path.empty()) continue;
    *field = OR_RETURN(world.files().read(absolute_path(path), 1 << 20));
  }
  return access;
}

Task<Result<sources::FetchedChart>> fetch_named(World& world, std::string name, Flags flags) {
  OR_CO_RETURN(refuse_verify(flags));
  auto access = OR_CO_RETURN(access_of(world, flags));
  std::string range = flags.text("--version");
  if (range.empty() && flags.is("--devel")) range = ">0.0.0-0";
  if (name.starts_with("oci://")) {
    size_t slash = name.rfind('/');
    co_return co_await sources::fetch_chart(world, name.substr(0, slash), name.substr(slash + 1), range, access);
  }
  if (name.starts_with("http://") || name.starts_with("https://")) {
    sources::FetchedChart fetched;
    fetched.url = name;
    fetched.archive = OR_CO_RETURN(co_await sources::download(world, name, access));
    fetched.digest = "sha256:" + sources::sha256_hex(fetched.archive);
    fetched.name = name.substr(name.rfind('/') + 1);
    co_return fetched;
  }
  if (std::string url = flags.text("--repo"); !url.empty())
    co_return co_await sources::fetch_chart(world, url, name, range, access);
  size_t slash = name.find('/');
  if (slash == name.npos)
    co_return fail(ErrorKind::not_found, "non-absolute URLs should be in form of repo_name/path_to_chart, got: {}",
                   name);
  auto repositories = OR_CO_RETURN(read_repositories(world, flags));
  for (const NamedRepository& one : repositories) {
    if (one.name != name.substr(0, slash)) continue;
    if (access.username.empty()) {
      access.username = one.username;
      access.password = one.password;
    }
    co_return co_await sources::fetch_chart(world, one.url, name.substr(slash + 1), range, access);
  }
  co_return fail(ErrorKind::not_found, "repo {} not found", name.substr(0, slash));
}

std::string repositories_file(const Flags& flags) {
  if (std::string path = flags.text("--repository-config"); !path.empty()) return absolute_path(path);
  if (const char* path = std::getenv("HELM_REPOSITORY_CONFIG"); path && *path) return absolute_path(path);
  if (const char* home = std::getenv("HELM_CONFIG_HOME"); home && *home)
    return absolute_path(std::string(home) + "/repositories.yaml");
  if (const char* home = std::getenv("XDG_CONFIG_HOME"); home && *home)
    return absolute_path(std::string(home) + "/helm/repositories.yaml");
  return absolute_path("~/.config/helm/repositories.yaml");
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
    out.push_back({one["name"].str(), one["url"].str(), one["username"].str(), one["password"].str()});
  return out;
}

Result<rh::Compat> compat_of(const Flags& flags) {
  std::string said = flags.text("--compat", "helm3");
  if (said == "helm3") return rh::Compat::helm3;
  if (said == "helm4") return rh::Compat::helm4;
  return fail(ErrorKind::bad_request, "--compat: expected helm3 or helm4, got \"{}\"", said);
}

std::string namespace_of(World& world, const Flags& flags) {
  if (std::string ns = flags.text("--namespace"); !ns.empty()) return ns;
  if (const char* ns = std::getenv("HELM_NAMESPACE"); ns && *ns) return ns;
  std::string path = flags.text("--kubeconfig");
  if (const char* env = std::getenv("KUBECONFIG"); path.empty() && env) path = std::string(base::split(env, ':')[0]);
  if (const char* home = std::getenv("HOME"); path.empty() && home) path = std::string(home) + "/.kube/config";
  if (path.empty()) return "default";
  auto text = world.files().read(absolute_path(path), 4 << 20);
  if (!text) return "default";
  auto config = value::parse_yaml(*text);
  if (!config) return "default";
  std::string wanted = flags.text("--kube-context", (*config)["current-context"].str());
  for (const Value& context : (*config)["contexts"].items()) {
    if (context["name"].as_string() == wanted && !context["context"]["namespace"].as_string().empty())
      return context["context"]["namespace"].str();
  }
  return "default";
}

}  // namespace slipway::cli::helm
