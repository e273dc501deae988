// `slipway kustomize build`: kustomize's own command line, with its bytes on stdout and its warnings on stderr.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/helm/flags.h"
#include "cli/kustomize.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "render/helm/environment.h"
#include "render/kustomize/build.h"
#include "render/kustomize/explain.h"
#include "sources/repositories.h"
#include "value/yaml.h"

namespace slipway::cli {
namespace {

using render::kustomize::Resource;

// "apps_v1_deployment_web.yaml"
std::string file_name(const Resource& r) {
  std::string name;
  for (const std::string& part : {r.gvk().group, r.gvk().version, r.gvk().kind})
    if (!part.empty()) name += (name.empty() ? "" : "_") + part;
  return base::to_lower(fmt::format("{}_{}.yaml", name, r.name()));
}

Result<> write_files(runtime::Files& files, const std::string& directory, const std::vector<Resource>& resources) {
  std::vector<std::string> namespaces;
  for (const Resource& r : resources)
    if (!r.is_cluster_scoped() && std::ranges::find(namespaces, r.id().scope) == namespaces.end())
      namespaces.push_back(r.id().scope);
  for (const Resource& r : resources) {
    std::string name = file_name(r);
    if (namespaces.size() > 1 && !r.is_cluster_scoped()) name = base::to_lower(r.id().scope) + "_" + name;
    OR_RETURN(write_user_file(files, fmt::format("{}/{}", directory, name), value::to_yaml(r.object())));
  }
  return {};
}

Result<> write(runtime::Files& files, const std::string& output, const std::vector<Resource>& resources) {
  if (output.empty()) {
    print(kustomize_text(resources));
    return {};
  }
  std::string path = absolute_path(output);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return write_files(files, path, resources);
  if (output.ends_with('/'))
    return fail(ErrorKind::not_found, "open {}: there is no folder \"{}\": make it, or name a file", output, path);
  // Said here of what was asked for: the file that is written first has another name.
  std::string folder = path.substr(0, path.rfind('/'));
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    return fail(ErrorKind::not_found, "open {}: there is no folder \"{}\"", output, folder);
  return write_user_file(files, path, kustomize_text(resources));
}

int fail_with(const Error& error) {
  complain(fmt::format("Error: {}\n", error.str()));
  return 1;
}

const std::vector<Option>& build_options() {
  static const std::vector<Option> options = {
      {.name = "--output", .value = "PATH", .help = "write there; into a folder: a file each", .letter = 'o'},
      {.name = "--load-restrictor",
       .value = "HOW",
       .help = "LoadRestrictionsNone: files outside of a kustomization's folder may be read"},
      {.name = "--enable-helm",
       .help = "render helmCharts, by Slipway itself; those that are not in chartHome are pulled"},
      {.name = "--reorder", .value = "HOW", .help = "legacy or none, where no sortOptions say otherwise"},
      {.name = "--enable-managedby-label", .help = "add app.kubernetes.io/managed-by"},
      {.name = "--enable-alpha-plugins",
       .help = "run functions of others in containers, by docker or podman; alone it runs no executable"},
      {.name = "--enable-exec",
       .help = "with --enable-alpha-plugins: run executables too. Not for what you do not trust"},
      {.name = "--as-current-user", .help = "run containers as you, not as nobody"},
      {.name = "--network", .help = "let containers that ask for it use this machine's network"},
      {.name = "--network-name", .value = "NAME", .help = "accepted; kustomize passes it on to nobody either"},
      {.name = "--mount", .value = "type=bind,src=PATH,dst=PATH[,rw=true]", .help = "of this machine, into containers"},
      {.name = "--env", .value = "NAME=VALUE", .help = "for functions", .letter = 'e'},
      {.name = "--helm-command", .value = "PATH", .help = "accepted: no helm is called"},
      {.name = "--helm-debug", .help = "accepted: no helm is called"},
      {.name = "--helm-api-versions", .value = "VERSION", .help = "for .Capabilities.APIVersions of charts"},
      {.name = "--helm-kube-version", .value = "VERSION", .help = "for .Capabilities.KubeVersion of charts"},
      {.name = "--stack-trace", .help = "accepted"},
      explain_option};
  return options;
}

struct Wanted {
  std::string path, output, restrictor, order;
  bool managed_by_label = false, charts = false;
  std::string kube_version;
  std::vector<std::string> api_versions;
  std::optional<Explained> explained;
  FunctionFlags functions;
};

// Said on stderr wherever such a flag stands, as there.
void warn_of_old_flags(const helm::Flags& flags) {
  if (!flags.all("--reorder").empty())
    complain("Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead.\n");
  if (flags.has("--enable-managedby-label"))
    complain(
        "Flag --enable-managedby-label has been deprecated, The flag `enable-managedby-label` has been deprecated. Use "
        "the `managedByLabel` option in the `buildMetadata` field instead.\n");
}

Result<Wanted> read_words(const std::vector<std::string>& words) {
  auto flags = OR_RETURN(helm::Flags::parse(build_options(), words));
  warn_of_old_flags(flags);
  if (flags.arguments.size() > 1) return fail(ErrorKind::bad_request, "specify one path to kustomization.yaml");
  Wanted wanted{flags.arguments.empty() ? "." : flags.arguments[0],
                flags.text("--output"),
                flags.text("--load-restrictor"),
                flags.text("--reorder", "unspecified"),
                flags.is("--enable-managedby-label"),
                flags.is("--enable-helm"),
                flags.text("--helm-kube-version"),
                flags.all("--helm-api-versions"),
                std::nullopt,
                {flags.is("--enable-alpha-plugins"), flags.is("--enable-exec"), flags.is("--as-current-user"),
                 flags.is("--network"), flags.all("--mount"), flags.all("--env")}};
  if (flags.has("--explain")) wanted.explained = OR_RETURN(explained_of(flags.text("--explain")));
  if (wanted.path.empty())
    return fail(ErrorKind::bad_request, "must build at directory: directory path cannot be empty");
  auto check = [](const char* flag, const std::string& value, std::vector<std::string> legal) -> Result<> {
    if (std::ranges::find(legal, value) != legal.end()) return {};
    return fail(ErrorKind::bad_request, "illegal flag value --{} {}; legal values: [{}]", flag, value,
                base::join(legal, " "));
  };
  if (!wanted.restrictor.empty())
    OR_RETURN(check("load-restrictor", wanted.restrictor, {"LoadRestrictionsRootOnly", "LoadRestrictionsNone"}));
  if (wanted.order != "unspecified") OR_RETURN(check("reorder", wanted.order, {"legacy", "none"}));
  return wanted;
}

Task<int> build(runtime::RealWorld& world, Invocation said) {
  auto wanted = read_words(said.arguments);
  if (!wanted) co_return fail_with(wanted.error());
  bool remote = render::kustomize::is_remote(wanted->path);
  auto tree = sources::open_disk(world.files(), absolute_path("."));
  render::kustomize::BuildRequest request{.tree = tree,
                                          .path = remote ? wanted->path : absolute_path(wanted->path).substr(1)};
  request.on_disk = true;
  request.unrestricted = wanted->restrictor == "LoadRestrictionsNone";
  request.legacy_order = wanted->order != "none";
  request.managed_by_label = wanted->managed_by_label;
  request.charts = wanted->charts;
  request.chart_settings.environment = render::helm::environment_of(world);
  request.chart_settings.kube_version = wanted->kube_version;
  request.chart_settings.api_versions = wanted->api_versions;
  render::kustomize::RemoteBases bases;
  request.remotes = &bases;
  auto functions = allowed_functions(wanted->functions, *tree);
  request.functions = functions.get();
  std::vector<std::string> warnings;
  request.warn = [&warnings](std::string_view warning) { warnings.emplace_back(warning); };
  std::optional<render::kustomize::Explanation> explanation;
  if (wanted->explained) request.observer = &explanation.emplace(wanted->explained->kind);
  auto repositories = open_remote_bases(world);
  // Here and not on the pool: nothing else waits, and the heaps of other threads grow page by page.
  auto built = render::kustomize::build(request);
  while (!built) {
    bool more = co_await render::kustomize::fetch_wanted(world, *repositories, {.local = true, .may = {}}, &bases);
    bool ran = co_await run_wanted(world, functions.get());
    if (!more && !ran) break;
    warnings.clear();
    built = render::kustomize::build(request);
  }
  for (const std::string& warning : warnings) complain(warning + "\n");
  if (!built) co_return fail_with(built.error());
  if (explanation) {
    auto told = explanation->tell(wanted->explained->name);
    if (!told) co_return fail_with(told.error());
    print(*told);
    co_return 0;
  }
  auto written = write(world.files(), wanted->output, built->resources);
  co_return written ? 0 : fail_with(written.error());
}

}  // namespace

std::unique_ptr<sources::Repositories> open_remote_bases(World& world) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string below = cache && *cache == '/' ? cache : fmt::format("{}/.cache", home && *home ? home : "/tmp");
  return sources::Repositories::create(world,
                                       {.directory = below + "/slipway/repositories", .asker = sources::Asker::person});
}

const Option explain_option = {.name = "--explain",
                               .value = "KIND/NAME",
                               .help = "print where each field of it came from: file and line, patch, transformer"};

Result<Explained> explained_of(const std::string& word) {
  size_t slash = word.find('/');
  if (slash == word.npos || slash == 0 || slash + 1 == word.size())
    return fail(ErrorKind::bad_request, "--explain: expected KIND/NAME, as in deployment/web, found \"{}\"", word);
  std::string kind = word.substr(0, slash);
  if (const kinds::Kind* known = kinds::builtin_catalog().find_word(kind)) kind = known->id.kind;
  return Explained{kind, word.substr(slash + 1)};
}

std::vector<Option> build_flags() {
  return {{.name = "--enable-helm", .help = "of a kustomization: render its helmCharts"},
          {.name = "--load-restrictor",
           .value = "HOW",
           .help = "of a kustomization: LoadRestrictionsNone lets it read files outside of its folder"}};
}

Result<render::kustomize::BuildOptions> build_options_of(const Invocation& said) {
  std::string words;
  if (said.has("--enable-helm")) words = "--enable-helm";
  if (said.has("--load-restrictor")) words += " --load-restrictor=" + said.option("--load-restrictor");
  return render::kustomize::parse_build_options(words);
}

std::string kustomize_text(const std::vector<Resource>& resources) {
  std::string out;
  for (const Resource& r : resources) {
    if (!out.empty()) out += "---\n";
    out += value::to_yaml(r.object());
  }
  return out;
}

Command kustomize_build_command() {
  return {.words = "kustomize build",
          .arguments = "[DIR]",
          .summary = "print what a kustomization comes to, as kustomize 5.8.2 does",
          .help =
              "The same bytes as `kustomize build`. Functions of others (annotation config.kubernetes.io/function) run "
              "only here,\nand only with --enable-alpha-plugins, executables with --enable-exec as well.\n\n"
              "  slipway kustomize build apps/shop/overlays/prod\n"
              "  slipway kustomize build apps/shop/overlays/prod -o out.yaml\n",
          .options = build_options(),
          .own_words = true,
          .run = build};
}

}  // namespace slipway::cli
