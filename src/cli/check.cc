#include "check/check.h"

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/kustomize.h"
#include "cli/local_tree.h"
#include "cli/paths.h"
#include "render/kustomize/remote.h"
#include "value/json.h"

namespace slipway::cli {

static Value json_of(const check::Report& report) {
  ArrayBuilder findings, folders;
  for (const std::string& folder : report.checked) folders.push(Value(folder));
  for (const check::Finding& f : report.findings) {
    ObjectBuilder one;
    one.set("severity", check::to_string(f.severity)).set("rule", f.rule).set("object", f.object);
    one.set("file", f.place.file).set("line", f.place.line).set("column", f.place.column);
    one.set("message", f.message).set("fix", f.fix);
    findings.push(one.build());
  }
  return Value{
      {"findings", findings.build()}, {"folders", folders.build()}, {"objects", static_cast<int64_t>(report.objects)}};
}

static std::string counted(size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

static void print_findings(const check::Report& report) {
  size_t errors = 0;
  for (const check::Finding& f : report.findings) {
    bool is_error = f.severity == check::Severity::error;
    errors += is_error ? 1 : 0;
    std::string about = f.object.empty() ? "" : f.object + ": ";
    print(fmt::format("{}: {}: {}{} [{}]\n", f.place.str(), check::to_string(f.severity), about, f.message, f.rule));
    if (!f.fix.empty()) print(fmt::format("    {}\n", f.fix));
  }
  complain(fmt::format("slipway: {} in {}: {}, {}\n", counted(report.objects, "object"),
                       counted(report.checked.size(), "folder"), counted(errors, "error"),
                       counted(report.findings.size() - errors, "warning")));
}

static Task<int> run_check(runtime::RealWorld& world, Invocation said) {
  auto local = co_await read_local_tree(world, said.arguments.empty() ? "." : said.arguments[0]);
  if (!local) co_return report(local.error());
  auto build = build_options_of(said);
  if (!build) co_return report(build.error());
  auto repositories = open_remote_bases(world);
  render::kustomize::RemoteBases bases;
  check::Options options{.kustomize_build = std::move(*build), .remotes = &bases, .values_files = {}};
  for (const std::string& file : said.all("--values")) {
    std::string whole = absolute_path(file), above = local->root == "/" ? "/" : local->root + "/";
    if (!whole.starts_with(above) || !local->tree->read(whole.substr(above.size())))
      co_return report(fail(ErrorKind::not_found, "--values {}: there is no such file below {}", file, local->root));
    options.values_files.push_back(whole.substr(above.size()));
  }
  check::Report found;
  for (bool more = true; more;) {
    found = check::check(local->tree, local->inside, kinds::builtin_catalog(), options);
    more = co_await render::kustomize::fetch_wanted(world, *repositories, {.local = true, .may = {}}, &bases);
  }
  if (said.json())
    print(value::to_json_pretty(json_of(found)) + "\n");
  else
    print_findings(found);
  co_return found.has_errors() ? 1 : 0;
}

Command check_command() {
  std::vector<Option> options = build_flags();
  options.push_back(
      {"--values", "FILE", "of a chart: render it with these values, and check them (repeatable)", "", true, 'f'});
  options.push_back(json_option);
  return {
      .words = "check",
      .arguments = "[PATH]",
      .summary = "find what will fail, or is hardly meant, before it is deployed",
      .help =
          "Renders PATH, or every kustomization and chart below it, and looks the objects over: fields and values\n"
          "that the API refuses, Secrets, keys, Services and ports that are named and not there, selectors that\n"
          "match nothing, annotations that nothing reads; in kustomizations patches, images and replacements that\n"
          "hit nothing, indexes of JSON patches that hit a neighbour, pointers without their slash, second documents\n"
          "that nobody reads, labels that change selectors which cannot change; of charts values that no template\n"
          "reads. No cluster is asked. Exit code 1: there are errors.\n\n"
          "  slipway check apps/shop/overlays/prod\n"
          "  slipway check charts/web -f charts/web/ci/values.yaml\n"
          "  slipway check --json | jq '.findings[].message'\n",
      .options = std::move(options),
      .arguments_max = 1,
      .run = run_check};
}

}  // namespace slipway::cli
