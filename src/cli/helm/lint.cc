// slipway helm lint.
#include <algorithm>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/inputs.h"
#include "cli/paths.h"
#include "render/helm/environment.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/lint.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

std::vector<Option> options() {
  return joined({{{"--strict", "", "a warning fails too"},
                  {"--with-subcharts", "", "look at the charts in charts/ as well"},
                  {"--quiet", "", "only warnings and errors"},
                  {"--kube-version", "VERSION", "what .Capabilities.KubeVersion says, and deprecations are judged by"},
                  {"--skip-schema-validation", "", "do not check values.schema.json"}},
                 value_flags(),
                 global_flags()});
}

// The chart as a tree: a folder, or what an archive holds. Error: not_found, in Helm's words.
Task<Result<std::shared_ptr<const sources::Tree>>> chart_tree(World& world, std::string path) {
  std::string whole = absolute_path(path);
  if (path.ends_with(".tgz") || path.ends_with(".tar.gz")) {
    auto bytes = world.files().read(whole, 64 << 20);
    if (!bytes)
      co_return fail(bytes.error().kind(), "unable to open tarball: {}", in_gos_words(bytes.error(), "open " + path));
    auto files = sources::read_archive(*bytes);
    if (!files) co_return std::move(files).error().context("unable to extract tarball");
    std::map<std::string, sources::FileEntry> entries;
    for (const sources::ArchiveFile& file : *files)
      entries[file.name] = {sources::FileEntry::Kind::file, file.data, file.data->size()};
    if (!entries.contains("Chart.yaml"))
      co_return fail(ErrorKind::invalid, "unable to extract tarball: chart name not specified");
    co_return std::make_shared<const sources::Tree>(std::move(entries));
  }
  if (!world.files().exists(whole + "/Chart.yaml")) {
    bool file = world.files().exists(whole) && !world.files().exists(whole + "/.");
    co_return fail(ErrorKind::not_found, "unable to check Chart.yaml file in chart: stat {}/Chart.yaml: {}", path,
                   file ? "not a directory" : "no such file or directory");
  }
  co_return co_await sources::read_directory(world, whole);
}

// What was found, and whether the chart fails.
struct Linted {
  std::vector<rh::Finding> findings;
  std::optional<Error> error;
  bool failed(bool strict) const {
    auto tolerated = strict ? rh::Severity::info : rh::Severity::warning;
    return error || std::ranges::any_of(findings, [&](const auto& f) { return f.severity > tolerated; });
  }
  bool quiet() const {
    return !error && std::ranges::none_of(findings, [](const auto& f) { return f.severity > rh::Severity::info; });
  }
};

Task<Linted> lint_one(World& world, std::string path, rh::LintRequest request) {
  Linted out;
  auto tree = co_await chart_tree(world, path);
  if (!tree) {
    out.error = tree.error();
    co_return out;
  }
  constexpr int kLoads = 2;  // so often does Helm's lint read a chart
  std::vector<std::string> links = links_in(**tree, absolute_path(path));
  for (int i = 0; i < kLoads; ++i) warn(links);
  request.tree = tree->get();
  request.shown = absolute_path(path);
  if (auto chart = rh::load_directory(**tree, ""); chart && !request.skip_schema_validation)
    co_await rh::fetch_schemas(world, *chart->chart, &request.schemas);
  std::vector<std::string> notes;
  out.findings = rh::lint(std::move(request), notes);
  warn(notes);
  co_return out;
}

std::vector<std::string> with_subcharts(World& world, const std::string& path) {
  std::vector<std::string> out = {path};
  auto names = world.files().list(absolute_path(path) + "/charts").value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    std::string below = path + "/charts/" + name;
    if (!world.files().exists(absolute_path(below) + "/Chart.yaml")) continue;
    for (std::string& one : with_subcharts(world, below)) out.push_back(std::move(one));
  }
  return out;
}

Task<int> lint(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  std::vector<std::string> paths;
  for (const std::string& path : flags->arguments.empty() ? std::vector<std::string>{"."} : flags->arguments) {
    auto all = flags->is("--with-subcharts") ? with_subcharts(world, path) : std::vector<std::string>{path};
    paths.insert(paths.end(), all.begin(), all.end());
  }
  rh::LintRequest request;
  if (!flags->text("--kube-version").empty()) {
    auto kube = rh::KubeVersion::parse(flags->text("--kube-version"));
    if (!kube) co_return refuse(kube.error());
    request.kube = *kube;
  }
  auto values = co_await read_values(world, *flags);
  if (!values) co_return refuse(values.error());
  request.values = std::move(*values);
  request.ns = namespace_of(world, *flags);
  request.skip_schema_validation = flags->is("--skip-schema-validation");
  request.environment = rh::environment_of(world);
  size_t failed = 0;
  bool told = false;
  std::string out;
  for (const std::string& path : paths) {
    Linted linted = co_await lint_one(world, path, request);
    failed += linted.failed(flags->is("--strict"));
    told = told || !linted.quiet();
    if (flags->is("--quiet") && linted.quiet()) continue;
    out += fmt::format("==> Linting {}\n", path);
    if (linted.error) out += fmt::format("Error {}\n", linted.error->str());
    for (const rh::Finding& f : linted.findings)
      if (!flags->is("--quiet") || f.severity > rh::Severity::info) out += f.str() + "\n";
    out += "\n";
  }
  print(out);
  std::string summary = fmt::format("{} chart(s) linted, {} chart(s) failed", paths.size(), failed);
  if (failed > 0) co_return refuse(summary);
  if (!flags->is("--quiet") || told) print(summary + "\n");
  co_return 0;
}

}  // namespace

Command lint_command() {
  return command(
      "helm lint", "[CHART...]", "look for what is wrong with a chart",
      "The rules and words of Helm 3.22: Chart.yaml, values and their schema, templates, manifests, dependencies.",
      options(), lint);
}

}  // namespace slipway::cli::helm
