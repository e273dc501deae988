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

Task<Result<Value>> read_values(World& world, Flags flags) {
  Value all = Value::object();
  for (const std::string& path : flags.all("--values")) {
    std::string text;
    if (path.starts_with("http://") || path.starts_with("https://")) {
      co_return fail(ErrorKind::unsupported, "{}: values from URLs are not offered yet", path);
    } else {
      text = OR_CO_RETURN(read_file(world, path));
    }
    auto values = rh::read_yaml_mapping(text);
    if (!values) co_return std::move(values).error().context("failed to parse " + path);
    all = rh::merge_files(all, *values);
  }
  for (const std::string& word : flags.all("--set-json"))
    if (!rh::set_json(all, word)) co_return fail(ErrorKind::invalid, "failed parsing --set-json data {}", word);
  for (const std::string& word : flags.all("--set"))
    if (auto done = rh::set_typed(all, word); !done)
      co_return std::move(done).error().context("failed parsing --set data");
  for (const std::string& word : flags.all("--set-string"))
    if (auto done = rh::set_strings(all, word); !done)
      co_return std::move(done).error().context("failed parsing --set-string data");
  for (const std::string& word : flags.all("--set-file")) {
    auto read = [&world](std::string path) -> Result<Value> {
      std::string text = OR_RETURN(read_file(world, path));
      return Value(text);
    };
    if (auto done = rh::set_files(all, word, read); !done)
      co_return std::move(done).error().context("failed parsing --set-file data");
  }
  for (const std::string& word : flags.all("--set-literal"))
    if (auto done = rh::set_literal(all, word); !done)
      co_return std::move(done).error().context("failed parsing --set-literal data");
  co_return all;
}

Task<Result<FoundChart>> find_chart(World& world, std::string name, Flags flags) {
  FoundChart found;
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
      loaded = rh::load_directory(**tree, "");
    } else {
      std::string bytes = OR_CO_RETURN(world.files().read(whole, 64 << 20));
      if (!bytes.starts_with("\x1F\x8B\x08")) {
        if (name.ends_with(".yaml") || name.ends_with(".yml"))
          co_return fail(ErrorKind::invalid, "file '{}' seems to be a YAML file, but expected a gzipped archive",
                         whole);
        co_return fail(ErrorKind::invalid,
                       "file '{}' does not appear to be a gzipped archive; got 'text/plain; charset=utf-8'", whole);
      }
      loaded = rh::load_archive(bytes);
    }
    if (!loaded) co_return std::move(loaded).error();
    found.chart = std::move(loaded->chart);
    found.warnings = std::move(loaded->warnings);
    co_return found;
  }
  if (name.starts_with('/') || name.starts_with('.'))
    co_return fail(ErrorKind::not_found, "path \"{}\" not found", name);
  co_return fail(ErrorKind::unsupported, "{}: charts from repositories are not offered yet", name);
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
