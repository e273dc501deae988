// slipway helm lint.
#include <algorithm>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/folder.h"
#include "cli/helm/inputs.h"
#include "cli/paths.h"
#include "render/helm/environment.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/lint.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr size_t kGzipHeaderBytes = 10;

std::vector<Option> options() {
  return joined({{{"--strict", "", "a warning fails too"},
                  {"--with-subcharts", "", "look at the charts in charts/ as well"},
                  {"--quiet", "", "only warnings and errors"},
                  {"--kube-version", "VERSION", "what .Capabilities.KubeVersion says, and deprecations are judged by"},
                  {"--skip-schema-validation", "", "do not check values.schema.json"}},
                 value_flags(),
                 global_flags()});
}

// What is linted: a chart's folder, or what an archive holds. Error: not_found, in Helm's words.
Task<Result<ChartFolder>> chart_folder(World& world, std::string path, rh::LintRequest& request) {
  std::string whole = absolute_path(path);
  if (path.ends_with(".tgz") || path.ends_with(".tar.gz")) {
    auto bytes = world.files().read(whole, 64 << 20);
    if (!bytes)
      co_return fail(bytes.error().kind(), "unable to open tarball: {}", in_gos_words(bytes.error(), "open " + path));
    if (bytes->size() < kGzipHeaderBytes)
      co_return fail(ErrorKind::invalid, "unable to extract tarball: {}", bytes->empty() ? "EOF" : "unexpected EOF");
    auto files = sources::read_archive(*bytes, request.limits);
    if (!files) co_return std::move(files).error().context("unable to extract tarball");
    if (std::ranges::find(*files, "Chart.yaml", &sources::ArchiveFile::name) == files->end())
      co_return fail(ErrorKind::invalid, "unable to extract tarball: chart name not specified");
    ChartFolder folder{std::move(*files), {}, {}};
    const sources::FileEntry* templates = folder.tree()->entry("templates");
    request.templates = !templates                                          ? rh::TemplatesFolder::absent
                        : templates->kind == sources::FileEntry::Kind::file ? rh::TemplatesFolder::no_folder
                                                                            : rh::TemplatesFolder::there;
    co_return folder;
  }
  if (!world.files().exists(whole + "/Chart.yaml")) {
    bool file = world.files().exists(whole) && !world.files().exists(whole + "/.");
    co_return fail(ErrorKind::not_found, "unable to check Chart.yaml file in chart: stat {}: {}",
                   clean_path((path.empty() ? "" : path + "/") + "Chart.yaml"),
                   file ? "not a directory" : "no such file or directory");
  }
  auto folder = co_await read_chart_folder(world, whole, request.limits);
  request.chart_file_is_folder = world.files().exists(whole + "/Chart.yaml/.");
  // The rules look at these on the disk, whatever .helmignore says.
  bool templates = world.files().exists(whole + "/templates");
  request.templates = !templates                                     ? rh::TemplatesFolder::absent
                      : world.files().exists(whole + "/templates/.") ? rh::TemplatesFolder::there
                                                                     : rh::TemplatesFolder::no_folder;
  for (const char* name : {"Chart.yaml", "values.yaml", "values.schema.json"}) {
    if (std::ranges::find(folder.files, name, &rh::ChartFile::name) != folder.files.end()) continue;
    if (auto text = world.files().read(whole + "/" + name))
      request.beside.push_back({name, std::make_shared<const std::string>(std::move(*text))});
  }
  co_return folder;
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
  auto folder = co_await chart_folder(world, path, request);
  if (!folder) {
    out.error = folder.error();
    co_return out;
  }
  constexpr int kLoads = 2;  // so often does Helm's lint read a chart
  for (int i = 0; i < kLoads; ++i) warn(folder->warnings(request.compat));
  auto tree = folder->tree();
  request.tree = tree.get();
  bool helm4 = request.compat == rh::Compat::helm4;
  request.broken = folder->broken;
  request.shown = absolute_path(path);
  if (auto chart = rh::load_directory(*tree, "", request.limits); chart && !request.skip_schema_validation)
    co_await rh::fetch_schemas(world, *chart->chart, &request.schemas);
  std::vector<std::string> notes;
  out.findings = rh::lint(std::move(request), notes);
  warn(notes, helm4);
  co_return out;
}

// What lies below a folder charts/ at any depth, unpacked or packed, in the order of a walk. Links are not followed.
void add_subcharts(World& world, const std::string& folder, std::vector<std::string>& out, int depth = 0) {
  auto names = world.files().list(absolute_path(folder)).value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    std::string path = folder + "/" + name;
    if (name == "Chart.yaml")
      out.push_back(folder);
    else if (name.ends_with(".tgz") || name.ends_with(".tar.gz"))
      out.push_back(path);
    auto stat = world.files().stat(absolute_path(path));
    if (stat && stat->kind == runtime::FileStat::Kind::directory && depth < 64)
      add_subcharts(world, path, out, depth + 1);
  }
}

Task<int> lint(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  auto compat = compat_of(*flags);
  if (!compat) co_return refuse(compat.error());
  if (*compat == rh::Compat::helm4 && flags->arguments.empty())
    co_return refuse("\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]");
  std::vector<std::string> paths = flags->arguments.empty() ? std::vector<std::string>{"."} : flags->arguments;
  if (flags->is("--with-subcharts")) {
    std::vector<std::string> below;
    for (const std::string& path : paths) {
      std::string charts = clean_path(path + "/charts");
      auto stat = world.files().stat(absolute_path(charts));
      if (stat && stat->kind == runtime::FileStat::Kind::directory) add_subcharts(world, charts, below);
    }
    paths.insert(paths.end(), below.begin(), below.end());
  }
  rh::LintRequest request;
  request.limits = chart_limits(*flags);
  request.compat = *compat;
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
  return command("helm lint", "[CHART...]", "look for what is wrong with a chart",
                 "The rules and words of Helm 3.22, or 4.3: Chart.yaml, values and their schema, templates, manifests, "
                 "dependencies.",
                 options(), lint);
}

}  // namespace slipway::cli::helm
