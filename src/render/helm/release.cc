#include "render/helm/release.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "lang/sprig/sprig.h"
#include "render/helm/go_json.h"
#include "render/helm/ignore.h"
#include "render/helm/objects.h"
#include "render/helm/schema.h"
#include "render/helm/version.h"

namespace slipway::render::helm {

namespace {

void append_document(std::vector<std::string_view>& out, std::string_view path, std::string_view text) {
  out.insert(out.end(), {"---\n# Source: ", path, "\n", text, "\n"});
}

void append_manifests(std::vector<std::string_view>& out, const Release& release, bool crds) {
  if (crds)
    for (const CrdFile& crd : release.crds) append_document(out, crd.path, *crd.data);
  for (const Manifest& m : release.documents.manifests) append_document(out, m.path, m.text);
}

std::string joined(const std::vector<std::string_view>& pieces) {
  size_t size = 0;
  for (std::string_view piece : pieces) size += piece.size();
  std::string all;
  all.reserve(size);
  for (std::string_view piece : pieces) all += piece;
  return all;
}

// White space at both ends, that of the text which the pieces are of.
void trim(std::vector<std::string_view>& pieces) {
  size_t first = 0;
  while (first < pieces.size() && (pieces[first] = trim_left(pieces[first])).empty()) ++first;
  pieces.erase(pieces.begin(), pieces.begin() + static_cast<long>(first));
  while (!pieces.empty() && (pieces.back() = trim_right(pieces.back())).empty()) pieces.pop_back();
}

// The group behind "# Source: [^/]+/(.+)" in a document.
std::string_view source_of(std::string_view document) {
  constexpr std::string_view mark = "# Source: ";
  for (size_t at = document.find(mark); at != document.npos; at = document.find(mark, at + 1)) {
    std::string_view line = document.substr(at + mark.size());
    line = line.substr(0, line.find('\n'));
    size_t slash = line.find('/');
    if (slash != line.npos && slash > 0 && slash + 1 < line.size()) return line.substr(slash + 1);
  }
  return {};
}

std::vector<Layer> all_layers(const ReleaseRequest& request) {
  std::vector<Layer> layers = chart_layers(*request.chart);
  layers.insert(layers.end(), request.layers.begin(), request.layers.end());
  return layers;
}

// The template that an error's last "template: PATH:LINE" or "at (PATH:LINE" names.
std::string innermost_template(std::string_view error) {
  for (std::string_view mark : {"template: ", "error at (", ""}) {
    size_t at = error.rfind(mark);
    if (at == error.npos) continue;
    std::string_view path = error.substr(at + mark.size());
    path = path.substr(0, path.find(':'));
    if (path.find("/templates/") != path.npos) return std::string(path);
  }
  return {};
}

// Of a rendered document that is no YAML: its lines, and what made them.
std::string explain_document(const ReleaseRequest& request, const Value& values, const RenderedFiles& files,
                             const Error& error) {
  for (const base::Cause& cause : error.causes()) {
    if (cause.reason != "YAMLParseError") continue;
    int line = static_cast<int>(base::parse_int(cause.message).value_or(0));
    auto file = files.find(cause.field);
    if (line == 0 || file == files.end()) return {};
    TracedLine traced =
        trace_line(*request.chart, values, request.release, request.capabilities, request.engine, cause.field, line);
    std::string out = rendered_lines(cause.field, file->second, line, traced.origins);
    std::string named;
    for (const auto& origin : traced.origins) named += origin.text + "\n";
    const std::string& where = traced.origins.empty() ? cause.field : traced.origins.back().file;
    return out + origins_of_values(all_layers(request), where, named);
  }
  return {};
}

}  // namespace

Result<Value> values_of(Chart& chart, const Value& values, Compat compat, std::vector<std::string>& warnings) {
  if (auto done = process_dependencies(chart, values, compat, warnings); !done) {
    if (compat == Compat::helm3) return std::move(done).error();
    std::string_view what = "chart dependencies processing failed";
    warnings.push_back(log_line("ERROR", {{"msg", std::string(what)}, {"error", done.error().str()}}));
    return std::move(done).error().context(what);
  }
  return Coalescer(compat, warnings).coalesce(chart, values);
}

ReleaseResult render_release(ReleaseRequest request, std::vector<std::string>& warnings) {
  Chart& chart = *request.chart;
  auto early = [](Error error, std::string explanation = {}) {
    return tl::unexpected(ReleaseError{std::move(error), false, {}, std::move(explanation)});
  };
  auto late = [](Error error, std::string explanation = {}) {
    return tl::unexpected(ReleaseError{std::move(error), true, {}, std::move(explanation)});
  };
  Compat compat = request.engine.compat;
  auto values = values_of(chart, request.values, compat, warnings);
  // Lint coalesces twice, and so says twice what it skips.
  if (values && request.engine.lint) values = Coalescer(compat, warnings).coalesce(chart, *values);
  if (!values) return tl::unexpected(ReleaseError{std::move(values).error(), false, {}, {}, true});
  if (request.debug_log && !request.skip_schema_validation) log_schemas(chart, warnings);
  if (!request.skip_schema_validation)
    if (auto valid = check_schemas(chart, *values, request.schemas, warnings); !valid) {
      std::string origins;  // of values, where not the schema is wrong
      if (valid.error().message().find(" is not valid against metaschema: ") == std::string::npos)
        origins = origins_of_faults(chart, all_layers(request), valid.error().message());
      return early(std::move(valid).error(), std::move(origins));
    }
  const std::string& wanted = chart.metadata.kube_version;
  if (!request.engine.lint && !wanted.empty() && !in_range(wanted, request.capabilities.kube.normal))
    return late(fail(ErrorKind::invalid, "chart requires kubeVersion: {} which is incompatible with Kubernetes {}",
                     wanted, request.capabilities.kube.version));
  auto files = run_templates(chart, *values, request.release, request.capabilities, request.engine, &warnings);
  if (!files) {
    std::string said = files.error().message();
    return late(std::move(files).error(), origins_of_values(all_layers(request), innermost_template(said), said));
  }
  Release out;
  std::string root_notes = chart.name() + "/templates/NOTES.txt";
  for (auto it = files->begin(); it != files->end();) {
    if (!it->first.ends_with("NOTES.txt")) {
      ++it;
      continue;
    }
    if (request.subchart_notes || it->first == root_notes) {
      if (!out.notes.empty()) out.notes += '\n';
      out.notes += it->second.view();
    }
    it = files->erase(it);
  }
  if (request.engine.lint) {
    out.files = std::move(*files);
    return out;
  }
  auto sorted = sort_manifests(*files, compat, warnings);
  if (!sorted) {
    std::string explanation = explain_document(request, *values, *files, sorted.error());
    return tl::unexpected(ReleaseError{std::move(sorted).error(), true, std::move(*files), std::move(explanation)});
  }
  out.documents = std::move(*sorted);
  out.crds = crds_of(chart);
  return out;
}

std::string manifest_block(const Release& release, bool crds) {
  std::vector<std::string_view> pieces;
  append_manifests(pieces, release, crds);
  return joined(pieces);
}

Result<PrintedRelease> print_release(const Release& release, const PrintOptions& options) {
  PrintedRelease out;
  if (options.manifests)
    out.pieces.push_back(*options.manifests);
  else
    append_manifests(out.pieces, release, options.crds);
  trim(out.pieces);
  out.pieces.emplace_back("\n");
  if (options.hooks) {
    for (const Hook& hook : release.documents.hooks) {
      if (!options.tests && hook.is_test()) continue;
      append_document(out.pieces, hook.manifest.path, hook.manifest.text);
    }
  }
  if (options.show_only.empty()) return out;
  out.whole = std::make_shared<const std::string>(joined(out.pieces));
  out.pieces.clear();
  std::vector<std::string_view> documents = split_manifests(*out.whole, options.compat);
  for (const std::string& pattern : options.show_only) {
    bool missing = true;
    for (std::string_view document : documents) {
      std::string_view source = source_of(document);
      if (source.empty() || !match_path(pattern, source).value_or(false)) continue;
      out.pieces.insert(out.pieces.end(), {"---\n", document, "\n"});
      missing = false;
    }
    if (missing) return fail(ErrorKind::not_found, "could not find template {} in chart", pattern);
  }
  return out;
}

std::string PrintedRelease::str() const {
  return joined(pieces);
}

Result<> check_installable(const Chart& chart, Compat compat, std::vector<std::string>& warnings) {
  // Helm 4 knows charts of version 3, and installs none yet.
  const std::string& version = chart.metadata.api_version;
  bool three = version == "v3", four = compat == Compat::helm4;
  if (four && !three && version != "v1" && version != "v2")
    return fail(ErrorKind::invalid, "unsupported chart version");
  const std::string& type = chart.metadata.type;
  if (!type.empty() && type != "application") return fail(ErrorKind::invalid, "{} charts are not installable", type);
  if (chart.metadata.deprecated)
    warnings.push_back(four ? log_line("WARN", {{"msg", "this chart is deprecated"}})
                            : "WARNING: This chart is deprecated");
  std::vector<std::string> missing = missing_dependencies(chart);
  if (missing.empty() && four && three) return fail(ErrorKind::invalid, "invalid chart apiVersion");
  if (missing.empty()) return {};
  return dependencies_missing(base::join(missing, ", "), compat);
}

namespace {

namespace gt = lang::gotemplate;

// A template of the command line's, over a value that `make` gives. `out` has what came before an error, too.
template <class Make>
Result<> run_small(const char* name, std::string_view text, std::shared_ptr<const gt::Functions> functions,
                   const gt::Environment& environment, Make make, std::string& out) {
  gt::Set set(std::move(functions));
  auto parsed = set.parse(name, text);
  if (!parsed) return fail(ErrorKind::invalid, "{}", parsed.error().text);
  gt::Limits limits;
  limits.steps_max = 1'000'000;
  limits.output_bytes_max = 1 << 20;
  limits.memory_bytes_max = 64 << 20;
  gt::Run run(limits, environment);
  if (auto done = run.execute(set, **parsed, make(run.heap()), out); !done)
    return fail(ErrorKind::invalid, "{}", done.error().text);
  return {};
}

// os.ExpandEnv of Go.
std::string expand_environment(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  constexpr std::string_view special = "*#$@!?-0123456789";
  std::string out;
  while (!text.empty()) {
    size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == text.npos) break;
    text.remove_prefix(dollar + 1);
    std::string_view name;
    if (text.starts_with('{')) {
      size_t end = text.find('}');
      name = text.substr(1, end == text.npos ? 0 : end - 1);
      text.remove_prefix(end == text.npos ? 1 : end + 1);  // of a name without an end nothing is left but its text
    } else if (!text.empty() && special.contains(text[0])) {
      name = text.substr(0, 1);
      text.remove_prefix(1);
    } else {
      size_t end = std::min(text.find_first_not_of(letters), text.size());
      name = text.substr(0, end);
      text.remove_prefix(end);
      if (name.empty()) out += '$';
    }
    if (const char* value = name.empty() ? nullptr : std::getenv(std::string(name).c_str())) out += value;
  }
  return out;
}

}  // namespace

Result<std::string> name_from_template(std::string_view text, const gt::Environment& environment) {
  static const auto functions = [] {
    auto all = std::make_shared<gt::Functions>();
    lang::sprig::add_functions(*all);
    // sprig's alone: a person's command line may ask for their environment, and Helm's own functions are for charts.
    for (auto own : {"toYaml", "toYamlPretty", "fromYaml", "fromYamlArray", "toToml", "fromToml", "fromJsonArray"})
      all->remove(own);
    all->add("env", "(string) string", [](gt::Call& call) {
      const char* value = std::getenv(std::string(call.text(0)).c_str());
      return gt::Any::of(value ? value : "");
    });
    all->add("expandenv", "(string) string",
             [](gt::Call& call) { return gt::Any::of(expand_environment(call.text(0))); });
    return all;
  }();
  std::string out;
  OR_RETURN(run_small("name-template", text, functions, environment, [](gt::Heap&) { return gt::Any::nil(); }, out));
  return out;
}

std::string helm_version(Compat compat) {
  return compat == Compat::helm4 ? "v4.3" : "v3.22";
}

Result<> print_helm_version(Compat compat, std::string_view text, const gt::Environment& environment,
                            std::string& out) {
  auto functions = std::make_shared<gt::Functions>();  // the language's own
  return run_small(
      "_", text.empty() ? "{{ printf \"%#v\\n\" . }}" : text, functions, environment,
      [compat](gt::Heap& heap) { return helm_version_object(heap, compat); }, out);
}

Result<> check_release_name(std::string_view name, Compat compat) {
  auto wrong = [&](std::string_view what) {
    return fail(ErrorKind::invalid, "{}release name {}: {}",
                compat == Compat::helm4 ? "release name check failed: " : "", go_quote(name), what);
  };
  if (name.empty()) return wrong("no name provided");
  bool fits = name.size() <= 53;
  for (std::string_view part : base::split(name, '.')) {
    auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    fits = fits && !part.empty() && letter(part.front()) && letter(part.back()) &&
           std::ranges::all_of(part, [&](char c) { return letter(c) || c == '-'; });
  }
  if (!fits)
    return wrong(
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and "
        "the "
        "length must not be longer than 53");
  return {};
}

}  // namespace slipway::render::helm
