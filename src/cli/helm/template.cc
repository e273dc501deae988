// slipway helm template: what a chart comes to, in Helm's bytes.
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cli/helm/cluster_side.h"
#include "cli/helm/commands.h"
#include "cli/helm/explain.h"
#include "cli/helm/flag_versions.h"
#include "cli/helm/inputs.h"
#include "cli/helm/packages.h"
#include "cli/helm/post_renderer.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "kinds/object.h"
#include "render/helm/environment.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/go_json.h"
#include "render/helm/release.h"
#include "render/helm/worker.h"
#include "runtime/heap.h"
#include "runtime/host_names.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

struct Named {
  std::string release, chart;
};

std::vector<Option> options() {
  std::vector<Option> own = {
      {"--show-only", "FILE", "only what comes from this template (repeatable, with wildcards)", "", true, 's'},
      {"--output-dir", "DIR", "write files there instead of printing"},
      {"--validate", "",
       "ask the cluster: what it can do, whether it knows the kinds, whose the objects are that are there"},
      {"--include-crds", "", "print what lies in crds/"},
      {"--skip-crds", "", "accepted; crds/ is printed only with --include-crds"},
      {"--skip-tests", "", "leave out test hooks"},
      {"--no-hooks", "", "leave out hooks"},
      {"--is-upgrade", "", "set .Release.IsUpgrade instead of .Release.IsInstall"},
      {"--kube-version", "VERSION", "what .Capabilities.KubeVersion says"},
      {"--api-versions", "strings", "what .Capabilities.APIVersions has besides", "", true, 'a'},
      {"--release-name", "", "put the release's name into the path of --output-dir"},
      {"--name-template", "TEXT", "a template that gives the release's name"},
      {"--generate-name", "", "make up the release's name", "", false, 'g'},
      {"--dependency-update", "", "fetch dependencies that are missing first"},
      {"--enable-dns", "", "let getHostByName look names up"},
      {"--skip-schema-validation", "", "do not check values.schema.json"},
      {"--render-subchart-notes", "", "accepted; notes are not printed"},
      {"--post-renderer", "PROGRAM",
       "gets the manifests on stdin and prints those to take; it runs with all your rights"},
      {"--post-renderer-args", "ARG", "one of its arguments, as it is", "", true},
      {"--explain-values", "KEY", "instead of rendering: where the value came from (image.tag)"},
      {"--dry-run", "[client|server]", "server: lookup asks the cluster", "unset"},
      {"--atomic", "", "accepted"},
      {"--create-namespace", "", "accepted"},
      {"--description", "TEXT", "accepted"},
      {"--disable-openapi-validation", "", "accepted"},
      {"--force", "", "accepted"},
      {"--force-conflicts", "", "of Helm 4: accepted"},
      {"--force-replace", "", "of Helm 4: accepted"},
      {"--hide-notes", "", "accepted"},
      {"--labels", "LABELS", "accepted", "", true, 'l'},
      {"--replace", "", "accepted"},
      {"--rollback-on-failure", "", "of Helm 4: accepted"},
      {"--server-side", "", "of Helm 4: accepted"},
      {"--take-ownership", "", "accepted"},
      {"--timeout", "DURATION", "how long rendering may take", "1m0s"},
      {"--max-memory", "SIZE", "how much memory rendering may take; without it 2Gi or half of this machine's"},
      {"--wait", "", "accepted"},
      {"--wait-for-jobs", "", "accepted"},
  };
  return joined({own, value_flags(), chart_flags(), global_flags()});
}

Result<Named> names_of(World& world, const Flags& flags) {
  const auto& words = flags.arguments;
  if (words.empty())
    return fail(ErrorKind::bad_request,
                "\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]");
  if (words.size() > 2) {
    std::vector<std::string> more(words.begin() + 2, words.end());
    return fail(ErrorKind::bad_request, "expected at most two arguments, unexpected arguments: {}",
                base::join(more, ", "));
  }
  if (words.size() == 2) {
    if (flags.is("--generate-name"))
      return fail(ErrorKind::bad_request, "cannot set --generate-name and also specify a name");
    if (flags.has("--name-template"))
      return fail(ErrorKind::bad_request, "cannot set --name-template and also specify a name");
    return Named{words[0], words[1]};
  }
  if (std::string text = flags.text("--name-template"); !text.empty()) {
    return Named{OR_RETURN(rh::name_from_template(text, rh::environment_of(world))), words[0]};
  }
  return Named{"release-name", words[0]};
}

// --output-dir: all files are rendered before the first one is written.
Result<std::string> write_files(World& world, const rh::Release& release, const Flags& flags, const std::string& name) {
  std::string plain = flags.text("--output-dir"), folder = plain;
  if (flags.is("--release-name")) folder += "/" + name;
  std::map<std::string, std::string> files;
  std::string said;
  auto put = [&](const std::string& below, const std::string& path, std::string_view text) {
    std::string file = below + "/" + path;
    files[file] += fmt::format("---\n# Source: {}\n{}\n", path, text);
    said += fmt::format("wrote {}\n", file);
  };
  if (flags.is("--include-crds"))
    for (const auto& crd : release.crds) put(plain, crd.path, *crd.data);
  for (const auto& m : release.documents.manifests) put(folder, m.path, m.text);
  if (!flags.is("--no-hooks")) {
    for (const auto& hook : release.documents.hooks) {
      if (flags.is("--skip-tests") && hook.is_test()) continue;
      put(folder, hook.manifest.path, hook.manifest.text);
    }
  }
  for (const auto& [file, text] : files) {
    std::string whole = absolute_path(file);
    std::string above = whole.substr(0, whole.rfind('/'));
    auto made = world.files().make_directories(above);
    if (made.failed_with(ErrorKind::already_exists))  // a file is there, or on the way
      return fail(ErrorKind::invalid, "{} {}: not a directory", world.files().exists(above) ? "mkdir" : "stat",
                  file.substr(0, file.rfind('/')));
    if (!made) return fail(made.error().kind(), "{}", in_gos_words(made.error(), "mkdir " + plain));
    OR_RETURN(write_user_file(world.files(), whole, text));
  }
  return said;
}

// What of a cluster or of this machine templates may see, and what looks at their output.
struct Surroundings {
  std::unique_ptr<ClusterSide> cluster;
  std::optional<Error> no_cluster;  // matters to those who ask it
  bool lookup = false, validate = false;
  std::string post_renderer;  // "": none; an absolute path
};

Result<Surroundings> surroundings_of(World& world, const Flags& flags, rh::Compat compat) {
  Surroundings out;
  std::string mode = flags.text("--dry-run", "client");
  bool four = compat == rh::Compat::helm4;
  if (mode.empty() && !four) mode = "client";
  if (mode == "unset") {
    if (four)
      warn({rh::log_line("WARN", {{"msg", "--dry-run is deprecated and should be replaced with '--dry-run=client'"}})});
    mode = "client";
  }
  static const std::vector<std::string> modes = {"true", "client", "server"};
  auto is_true = [](std::string_view word) {
    return is_bool(word) && std::string_view("1tT").find(word[0]) != word.npos;
  };
  auto is_false = [&](std::string_view word) { return is_bool(word) && !is_true(word); };
  bool off = mode == "none" || (four ? is_false(mode) : mode == "false");
  bool known = off || std::ranges::find(modes, mode) != modes.end() || (four && is_true(mode));
  if (four && (!known || off))
    return fail(ErrorKind::bad_request, "invalid dry-run value (\"{}\"). Must be {}\"server\"{} or \"client\"", mode,
                off ? "" : "\"none\", ", off ? "" : ",");
  if (!known)
    return fail(ErrorKind::bad_request,
                "Invalid dry-run flag. Flag must one of the following: false, true, none, client, server");
  if (four && is_true(mode))
    warn({rh::log_line("WARN", {{"msg", fmt::format("boolean '--dry-run={}' flag is deprecated and must be replaced "
                                                    "with '--dry-run=client'",
                                                    mode)}})});
  out.lookup = mode == "server" || mode == "none" || mode == "false";
  out.validate = flags.is("--validate");
  // Helm 4 knows one question: whether the server takes part.
  if (compat == rh::Compat::helm4) out.lookup = out.validate = out.lookup || out.validate;
  if (out.lookup || out.validate) {
    auto opened = ClusterSide::open(world, flags);
    if (opened)
      out.cluster = std::move(*opened);
    else
      out.no_cluster = std::move(opened).error();
  }
  if (std::string program = flags.text("--post-renderer"); !program.empty()) {
    if (compat == rh::Compat::helm4)
      return explained(
          fail(ErrorKind::unsupported,
               "invalid argument \"{0}\" for \"--post-renderer\" flag: plugin: {{Name:{0} Type:postrenderer/v1}} not "
               "found",
               program),
          "--post-renderer with --compat helm4: post-renderers of Helm 4 are plugins, which are not offered; a program "
          "is taken without --compat helm4");
    out.post_renderer = OR_RETURN(find_post_renderer(program));
  }
  return out;
}

// The rendering itself; where templates ask a cluster, on the pool, so that this loop can answer them.
Task<rh::ReleaseResult> rendered(World& world, rh::ReleaseRequest request, ClusterSide* lookup,
                                 std::vector<std::string>* warnings) {
  if (!lookup) co_return rh::render_apart(std::move(request), *warnings);
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  request.engine.lookup = lookup->lookup(group);
  auto work = [&] { return rh::render_apart(std::move(request), *warnings); };
  auto release = co_await world.on_pool(work);
  co_await group.join();
  co_return release;
}

// As Helm 4 logs with --debug.
void debug_log(const rh::LogFields& fields) {
  complain(rh::log_line("DEBUG", fields) + "\n");
}

// As Helm 3 logs with --debug; its times are those of its own run.
std::string debug_line(std::string_view place, std::string_view text) {
  return fmt::format("{}: [debug] {}\n", place, text);
}

rh::PrintOptions printing_of(const Flags& flags, rh::Compat compat) {
  return {.crds = flags.is("--include-crds"),
          .hooks = !flags.is("--no-hooks"),
          .tests = !flags.is("--skip-tests"),
          .show_only = flags.all("--show-only"),
          .compat = compat,
          .manifests = {}};
}

// With --debug Helm prints what there is all the same: the files as templates made them, and the hooks it had found.
int refuse_rendering(const rh::ReleaseError& wrong, const Flags& flags, rh::Compat compat,
                     std::vector<rh::Hook> hooks = {}) {
  bool debug = flags.is("--debug");
  std::string said = wrong.error.str();
  if (debug && wrong.rendering) {
    rh::Release broken;
    broken.documents.hooks = wrong.files.empty() ? std::move(hooks) : rh::hooks_before_fault(wrong.files, compat);
    rh::PrintOptions printing = printing_of(flags, compat);
    printing.manifests.emplace();
    for (const auto& [path, text] : wrong.files)
      if (!rh::trim_space(text).empty())
        *printing.manifests += fmt::format("---\n# Source: {}\n{}\n", path, text.view());
    auto text = rh::print_release(broken, printing);
    if (text)
      print(text->pieces);
    else
      said = text.error().str();
  }
  int code = refuse(said + (wrong.rendering && !debug ? "\n\nUse --debug flag to render out invalid YAML" : ""));
  if (debug && compat == rh::Compat::helm3) complain(debug_line("helm.go:92", said));
  if (!wrong.explanation.empty()) complain("\nslipway: why:\n" + wrong.explanation);
  return code;
}

// For --validate. Error: in Helm 3's words.
Task<Result<rh::Capabilities>> offered_by(const Surroundings* around) {
  if (around->no_cluster) {
    Error why = *around->no_cluster;
    co_return std::move(why).context("Kubernetes cluster unreachable");
  }
  co_return co_await around->cluster->capabilities();
}

int refuse_unreached(const Error& error, rh::Compat compat) {
  std::string said = error.str();
  if (compat == rh::Compat::helm3 || !said.starts_with("Kubernetes cluster unreachable")) return refuse(said);
  said[0] = 'k';
  said = "cluster reachability check failed: " + said;
  complain(rh::log_line("ERROR", {{"msg", said}}) + "\n");
  return refuse(said);
}

Task<int> run_with(runtime::RealWorld& world, Flags flags, Surroundings* around) {
  rh::ReleaseRequest request;
  std::optional<rh::Capabilities> offered_capabilities;
  rh::Compat compat = *compat_of(flags);
  request.engine.compat = compat;
  if (!flags.text("--kube-version").empty()) {
    auto kube = rh::KubeVersion::parse(flags.text("--kube-version"), compat);
    if (!kube) co_return refuse(kube.error());
    request.capabilities.kube = *kube;
  }
  auto named = names_of(world, flags);
  if (!named) co_return refuse(named.error());
  request.release = {named->release, namespace_of(world, flags), flags.is("--is-upgrade")};
  bool logs = flags.is("--debug") && compat == rh::Compat::helm4;
  if (logs) debug_log({{"msg", "Original chart version"}, {"version", flags.text("--version")}});
  auto found = co_await find_chart(world, named->chart, flags);
  if (found && flags.is("--dependency-update") && found->directory &&
      !rh::missing_dependencies(*found->chart).empty()) {
    auto done = co_await fetch_dependencies(world, found->path, Wanted::latest, flags,
                                            [](std::string_view text) { print(text); });
    if (!done) co_return refuse(done.error());
    found = co_await find_chart(world, named->chart, flags);
  }
  // Helm looks for the chart first, reads the values, and only then the chart.
  if (!found && found.failed_with(ErrorKind::not_found)) co_return refuse(found.error());
  if (logs) debug_log({{"msg", "Chart path"}, {"path", found ? found->path : named->chart}});
  auto values = co_await read_values(world, flags);
  if (!values) co_return refuse(values.error());
  if (flags.is("--debug") && compat == rh::Compat::helm3) {
    complain(debug_line("install.go:225", fmt::format("Original chart version: \"{}\"", flags.text("--version"))));
    complain(debug_line("install.go:242", "CHART PATH: " + (found ? found->path : named->chart) + "\n"));
  }
  if (!found) co_return refuse(found.error());
  std::vector<std::string> warnings = std::move(found->warnings);
  if (auto fits = rh::check_installable(*found->chart, compat, warnings); !fits) {
    warn(warnings, compat == rh::Compat::helm4);
    int code = refuse(fits.error());
    if (std::string why = rh::explain_missing_dependencies(*found->chart); !why.empty())
      complain("\nslipway: why:\n" + why);
    co_return code;
  }
  if (around->validate) {
    auto offered = co_await offered_by(around);
    if (!offered) {
      warn(std::exchange(warnings, {}), compat == rh::Compat::helm4);
      co_return refuse_unreached(offered.error(), compat);
    }
    offered_capabilities = std::move(*offered);
  }
  if (auto fits = rh::check_release_name(request.release.name, compat); !fits) {
    warn(warnings, compat == rh::Compat::helm4);
    co_return refuse(fits.error());
  }
  if (!flags.all("--explain-values").empty()) {
    auto told = explain_values(*found->chart, *values, flags.text("--explain-values"), compat);
    if (!told) co_return refuse(told.error());
    print(*told);
    co_return 0;
  }
  // Helm waits for nothing here, and renders with any; no time at all is none that is meant.
  if (auto most = base::parse_go_duration(flags.text("--timeout")); most && *most > Duration::zero())
    request.time_max = *most;
  if (flags.has("--max-memory")) {
    auto most = kinds::Quantity::parse(flags.text("--max-memory"));
    if (!most || most->value() < (64 << 20))
      co_return refuse(
          fmt::format("--max-memory {}: expected 64Mi or more, as 512Mi or 4Gi", flags.text("--max-memory")));
    request.memory_bytes_max = static_cast<uint64_t>(most->value());
  }
  request.chart = std::move(found->chart);
  request.values = std::move(values->all);
  request.layers = std::move(values->layers);
  request.capabilities.api_versions = rh::Capabilities::default_api_versions();
  for (std::string& version : flags.all("--api-versions"))
    request.capabilities.api_versions.push_back(std::move(version));
  if (offered_capabilities) request.capabilities = std::move(*offered_capabilities);
  request.engine.environment = rh::environment_of(world);
  if (flags.is("--enable-dns"))
    request.engine.resolve_host = [](std::string_view host) { return runtime::first_address_of(std::string(host)); };
  request.engine.limits.memory_bytes_max = 8ull << 30;  // counted up only; the worker's own bound is on what it holds
  request.skip_schema_validation = flags.is("--skip-schema-validation");
  request.debug_log = logs;
  // who logs in by what we do not run matters to those who ask
  if (around->no_cluster && !around->no_cluster->is(ErrorKind::unsupported))
    co_return refuse_rendering({*around->no_cluster, true, {}, {}}, flags, compat);
  if (around->no_cluster) {  // asking is what fails, not rendering
    request.engine.lookup = [why = *around->no_cluster](std::string_view, std::string_view, std::string_view,
                                                        std::string_view) -> Result<Value> { return why; };
  }
  rh::PrintOptions printing = printing_of(flags, compat);
  auto print_all = [&printing](const rh::Release& release) -> Result<> {
    auto text = OR_RETURN(rh::print_release(release, printing));
    print(text.pieces);
    return printed();
  };
  bool is_seen_before = !around->post_renderer.empty() || around->validate || flags.has("--output-dir");
  if (!is_seen_before && warnings.empty()) request.print = print_all;
  if (!request.skip_schema_validation) co_await rh::fetch_schemas(world, *request.chart, &request.schemas);
  auto release =
      co_await rendered(world, std::move(request), around->lookup ? around->cluster.get() : nullptr, &warnings);
  warn(warnings, compat == rh::Compat::helm4);
  if (!release) co_return refuse_rendering(release.error(), flags, compat);
  if (release->printed) co_return 0;
  if (!around->post_renderer.empty()) {
    // What goes into files does not pass a post-renderer.
    std::string block = flags.has("--output-dir") ? "" : rh::manifest_block(*release, printing.crds);
    auto changed = co_await post_render(world, flags.text("--post-renderer"), around->post_renderer,
                                        flags.all("--post-renderer-args"), std::move(block));
    if (!changed)
      co_return refuse_rendering({changed.error(), true, {}, {}}, flags, compat, std::move(release->documents.hooks));
    printing.manifests = std::move(*changed);
  }
  if (around->validate) {
    auto fits = co_await around->cluster->validate(&*release, named->release, namespace_of(world, flags),
                                                   flags.is("--is-upgrade"), compat);
    if (!fits) co_return refuse(fits.error());
  }
  if (flags.has("--output-dir")) {
    auto done = write_files(world, *release, flags, named->release);
    if (!done) co_return refuse_rendering({done.error(), true, {}, {}}, flags, compat);
    print(*done);
    // What a post-renderer made of it is printed all the same, and --show-only looks only there.
    printing.hooks = false;
    if (!printing.manifests) printing.manifests = "";
  }
  if (auto done = print_all(*release); !done) co_return refuse_rendering({done.error(), false, {}, {}}, flags, compat);
  runtime::leave_to_exit(std::move(*release));
  co_return 0;
}

Task<int> run(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
  auto compat = compat_of(*flags);
  if (!compat) co_return refuse(compat.error());
  if (auto fits = check_exclusive(*flags, *compat); !fits) co_return refuse(fits.error());
  auto around = surroundings_of(world, *flags, *compat);
  if (!around) co_return refuse(around.error());
  int code = co_await run_with(world, std::move(*flags), &*around);
  if (around->cluster) co_await around->cluster->close();
  co_return code;
}

}  // namespace

Command template_command() {
  return command(
      "helm template", "[NAME] CHART", "render a chart as Helm does, byte for byte",
      "Prints what CHART (a folder, a .tgz) comes to: the bytes of Helm 3.22, or with --compat helm4 those of 4.3.\n"
      "Takes Helm's flags, so that `alias helm='slipway helm'` serves scripts. Templates run shut in, where they "
      "reach\n"
      "nothing, and end with an error after a minute (--timeout), beyond 2Gi or half of this machine's memory\n"
      "(--max-memory), or after 200 million steps.\n\n"
      "  slipway helm template web ./charts/web -f prod.yaml --set image.tag=1.2\n",
      options(), run);
}

}  // namespace slipway::cli::helm
