#include "render/helm/engine.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "lang/gotemplate/format.h"
#include "lang/sprig/sprig.h"
#include "render/helm/go_json.h"
#include "render/helm/manifest.h"
#include "render/helm/objects.h"

namespace slipway::render::helm {

namespace {

using namespace lang::gotemplate;

constexpr std::string_view kWarningStart = "HELM_ERR_START", kWarningEnd = "HELM_ERR_END";
constexpr int kIncludesMax = 1000;
constexpr size_t kTplCacheMax = 20'000;
constexpr size_t kLargeTemplate = 16 << 10;

struct Renderable {
  Bytes text;
  Any scope;  // the chart's own . (Chart, Files, Release, Values, ...)
  std::string base_path;
};

// What the functions below know of the rendering they are part of.
struct Host {
  const EngineOptions& options;
  std::vector<std::string>* notes;
  std::unordered_map<std::string, int> includes;
  // tpl parses a text once; the set is an overlay of the caller's.
  struct Parsed {
    Set set;
    const Template* entry;
  };
  struct Hash {
    size_t operator()(const std::pair<const Set*, std::string>& k) const {
      return std::hash<const void*>()(k.first) * 31 + std::hash<std::string>()(k.second);
    }
  };
  std::unordered_map<std::pair<const Set*, std::string>, std::unique_ptr<Parsed>, Hash> tpl_cache;
};

std::string without_no_value(std::string text) {
  if (text.find("<no value>") == text.npos) return text;  // moved, as "? :" would not
  return base::replace_all(std::move(text), "<no value>", "");
}

Any include(Call& call) {
  Host& host = call.run().host<Host>();
  std::string name(call.text(0));
  int& depth = host.includes[name];
  if (depth > kIncludesMax)
    return call.fail("rendering template has a nested reference name: " + name + ": unable to execute template");
  ++depth;
  std::string out;
  Outcome done = call.run().execute(call.set(), name, call[1], out);
  --host.includes[name];
  if (!done) return call.fail(std::move(done.error()));
  return Any::of(out);
}

Any tpl(Call& call) {
  Host& host = call.run().host<Host>();
  std::string text(call.text(0));
  if (text.find("{{") == text.npos) return Any::of(without_no_value(std::move(text)));
  if (!call.spend(text.size() >> 4) || !call.charge(text.size())) return Any();
  auto key = std::make_pair(&call.set(), text);
  auto cached = host.tpl_cache.find(key);
  Host::Parsed* parsed = cached == host.tpl_cache.end() ? nullptr : cached->second.get();
  std::unique_ptr<Host::Parsed> own;
  if (!parsed) {
    own = std::make_unique<Host::Parsed>(Host::Parsed{call.set().overlay(), nullptr});
    auto entry = own->set.parse("gotpl", text);
    if (!entry) return call.fail("cannot parse template " + quote(text), std::move(entry.error()));
    own->entry = *entry;
    parsed = own.get();
    // An overlay lies on its caller's set: kept until the rendering ends.
    if (host.tpl_cache.size() < kTplCacheMax) host.tpl_cache.emplace(std::move(key), std::move(own));
  }
  std::string out;
  Outcome done = call.run().execute(parsed->set, *parsed->entry, call[1], out);
  if (!done) return call.fail("error during tpl function execution for " + quote(text), std::move(done.error()));
  return Any::of(without_no_value(std::move(out)));
}

Any required(Call& call) {
  Host& host = call.run().host<Host>();
  const Any& v = call[1];
  bool empty = v.is_nil() || (v.type() == &types::string && v.text().empty());
  if (!empty) return v;
  if (host.options.lint) {
    std::string message(call.text(0));
    std::string note = fmt::format("engine.go:{}: [INFO] Missing required value: {}", v.is_nil() ? 206 : 214, message);
    if (host.options.compat == Compat::helm4)
      note = log_line(
          "WARN", {{"msg", v.is_nil() ? "missing required value" : "missing required values"}, {"message", message}});
    if (host.notes) host.notes->push_back(std::move(note));
    return Any::of("");
  }
  return call.fail(std::string(kWarningStart) + std::string(call.text(0)) + std::string(kWarningEnd));
}

Any fail_function(Call& call) {
  Host& host = call.run().host<Host>();
  if (host.options.lint) {
    std::string message(call.text(0));
    std::string note = "engine.go:227: [INFO] Fail: " + message;
    if (host.options.compat == Compat::helm4) note = log_line("INFO", {{"msg", "funcMap fail"}, {"message", message}});
    if (host.notes) host.notes->push_back(std::move(note));
    return Any::of("");
  }
  return call.fail(std::string(kWarningStart) + std::string(call.text(0)) + std::string(kWarningEnd));
}

Any lookup(Call& call) {
  const EngineOptions& options = call.run().host<Host>().options;
  if (!options.lookup) return call.heap().map();
  auto found = options.lookup(call.text(0), call.text(1), call.text(2), call.text(3));
  if (!found) return call.fail(found.error().str());
  return found->is_object() ? call.heap().of(*found) : call.heap().map();
}

Any host_by_name(Call& call) {
  const EngineOptions& options = call.run().host<Host>().options;
  if (!options.resolve_host) return Any::of("");
  auto address = options.resolve_host(call.text(0));
  return address ? Any::of(*address) : call.fail("invalid argument to Intn");  // Go picks one of none
}

std::shared_ptr<const Functions> helm_functions(Compat compat) {
  auto functions = std::make_shared<Functions>();
  lang::sprig::add_functions(*functions);
  if (compat == Compat::helm4) lang::sprig::add_helm4_functions(*functions);
  functions->add("include", "(string, any) string", include);
  functions->add("tpl", "(string, any) string", tpl);
  functions->add("required", "(string, any) any", required);
  functions->add("fail", "(string) string", fail_function);
  functions->add("lookup", "(string, string, string, string) map[string]any", lookup);
  functions->add("getHostByName", "(string) string", host_by_name);
  return functions;
}

// path.Join of a chart's path and a file's name.
std::string joined(const std::string& chart, const std::string& name) {
  auto clean = sources::clean_path(chart + "/" + name);
  return clean ? *clean : chart + "/" + name;
}

class Scopes {
 public:
  Scopes(Heap& heap, const ReleaseInfo& release, const Capabilities& capabilities, Compat compat)
      : heap_(heap),
        compat_(compat),
        release_(release_object(heap, release)),
        capabilities_(capabilities_object(heap, capabilities, compat)) {}

  // The chart's scope and, within it, those of its sub-charts; their templates are gathered on the way.
  Any add(const Chart& chart, Any values) {
    Any scope = heap_.map();
    Any children = heap_.map();
    Dict& d = *scope.dict();
    d.set("Chart", chart_object(heap_, chart, compat_).as_held());
    d.set("Files", files_object(heap_, chart).as_held());
    d.set("Release", Any(release_).as_held());
    d.set("Capabilities", Any(capabilities_).as_held());
    d.set("Values", Any(values).as_held());
    d.set("Subcharts", Any(children).as_held());
    for (const auto& child : chart.dependencies) {
      const Any* table = values.dict()->find(std::string_view(child->name()));
      Any its =
          table && table->is_map() ? Any(values_type(compat_), shared_node(*table)) : heap_.map(values_type(compat_));
      children.dict()->set(child->name(), add(*child, std::move(its)).as_held());
    }
    std::string path = chart.full_path();
    for (const ChartFile& file : chart.templates) {
      std::string_view base = std::string_view(file.name).substr(file.name.rfind('/') + 1);
      if (chart.is_library() && !base.starts_with('_')) continue;
      templates[joined(path, file.name)] = {file.data, Any(values_type(compat_), shared_node(scope)),
                                            joined(path, "templates")};
    }
    return scope;
  }

  std::map<std::string, Renderable> templates;

 private:
  static Node* shared_node(const Any& v) { return v.node(); }

  Heap& heap_;
  Compat compat_;
  Any release_, capabilities_;
};

// Higher folders last, so that their definitions win; among equals the alphabetically first is parsed last.
std::vector<std::string> parse_order(const std::map<std::string, Renderable>& templates) {
  std::vector<std::pair<long, std::string_view>> all;
  for (const auto& [path, _] : templates) all.emplace_back(std::ranges::count(path, '/'), path);
  std::ranges::sort(all, std::greater());
  std::vector<std::string> paths;
  for (const auto& [depth, path] : all) paths.emplace_back(path);
  return paths;
}

Error parse_error(const std::string& path, const Failure& failure) {
  const std::string& text = failure.text;
  size_t first = text.find(": ");
  if (first == text.npos) return fail(ErrorKind::invalid, "parse error in ({}): {}", path, text);
  size_t second = text.find(": ", first + 2);
  std::string location = text.substr(first + 2, second == text.npos ? second : second - first - 2);
  return fail(ErrorKind::invalid, "parse error at ({}): {}", location, text.substr(text.rfind(": ") + 2));
}

// Helm 4: a chain of template errors alone is told over several lines, one step each.
std::optional<std::string> several_lines(const Failure& failure) {
  if (failure.frames.empty()) return std::nullopt;
  // what tpl or another function says stands in the chain as text that is no template error's
  auto strange = [](const Frame& frame) { return !frame.calling.empty() && frame.calling != "include"; };
  if (std::ranges::any_of(failure.frames, strange)) return std::nullopt;
  // of what include itself says, only that there is no such template is a template error's text: with no place, and
  // so not indented
  bool called = !failure.frames.back().calling.empty();
  if (called && !failure.message.starts_with("no template ")) return std::nullopt;
  std::string out;
  for (const Frame& frame : failure.frames) {
    if (!out.empty()) out += '\n';
    out += fmt::format("{}:{}:{}\n  executing {} at <{}>:", frame.file, frame.line, frame.column,
                       quote(frame.executing), frame.node);
    if (!frame.calling.empty()) out += fmt::format("\n    error calling {}:", frame.calling);
  }
  return out + (called ? "\ntemplate: " : "\n    ") + std::string(trim_space(failure.message));
}

Error execution_error(const std::string& path, const Failure& failure, Compat compat) {
  ErrorKind kind =
      failure.kind == ErrorKind::too_large || failure.kind == ErrorKind::timeout ? failure.kind : ErrorKind::invalid;
  const std::string& text = failure.text;
  if (!failure.is_template_error) return fail(kind, "{}", text);
  size_t first = text.find(": ");
  size_t second = first == text.npos ? first : text.find(": ", first + 2);
  if (second == text.npos) return fail(kind, "execution error in ({}): {}", path, text);
  size_t start = text.find(kWarningStart, second);
  size_t end = text.rfind(kWarningEnd);
  if (start != text.npos && end != text.npos && end > start) {
    start += kWarningStart.size();
    return fail(kind, "execution error at ({}): {}", text.substr(first + 2, second - first - 2),
                text.substr(start, end - start));
  }
  if (compat == Compat::helm4)
    if (auto lines = several_lines(failure)) return fail(kind, "{}", *lines);
  return fail(kind, "{}", text);
}

// All that one rendering makes.
struct Work {
  Work(const EngineOptions& options, std::vector<std::string>* notes, lang::gotemplate::Environment environment,
       const ReleaseInfo& release, const Capabilities& capabilities)
      : host{options, notes, {}, {}},
        run(options.limits, std::move(environment), &host),
        scopes(run.heap(), release, capabilities, options.compat),
        set(template_functions(options.compat), options.strict ? MissingKey::error : MissingKey::zero) {}
  Host host;
  Run run;
  Scopes scopes;
  Set set;
  lang::gotemplate::Trace trace;
};

struct Tracing {
  const std::string& path;
  int line;
  TracedLine found;
};

Result<RenderedFiles> run_all(const Chart& chart, const Value& values, const ReleaseInfo& release,
                              const Capabilities& capabilities, const EngineOptions& options,
                              std::vector<std::string>* notes, Tracing* tracing) {
  lang::gotemplate::Environment environment = options.environment;
  // Without a clock and chance (a folder that is only looked at) both stand still.
  if (!environment.now) environment.now = [] { return std::chrono::system_clock::time_point(); };
  if (!environment.random)
    environment.random = [next = uint64_t{1}](std::span<std::byte> into) mutable {
      for (std::byte& b : into)
        b = static_cast<std::byte>((next = next * 6364136223846793005u + 1442695040888963407u) >> 56);
    };
  // Freeing so many small things one by one costs a tenth of the rendering: a process that ends leaves it.
  struct Free {
    bool leave;
    void operator()(Work* work) const {
      if (!leave) delete work;
    }
  };
  std::unique_ptr<Work, Free> work(new Work(options, notes, std::move(environment), release, capabilities),
                                   Free{options.process_ends});
  auto& [host, run, scopes, set, trace] = *work;
  scopes.add(chart, run.heap().map(values_type(options.compat), values.is_object() ? values : Value::object()));
  std::vector<std::string> order = parse_order(scopes.templates);
  for (const std::string& path : order)
    if (auto parsed = set.parse(path, scopes.templates[path].text); !parsed) return parse_error(path, parsed.error());
  if (options.watched) options.watched(&run);
  struct Unwatch {
    const EngineOptions& options;
    ~Unwatch() {
      if (options.watched) options.watched(nullptr);
    }
  } unwatch{options};
  RenderedFiles files;
  std::string out;
  for (const std::string& path : order) {
    if (std::string_view(path).substr(path.rfind('/') + 1).starts_with('_')) continue;
    Renderable& r = scopes.templates[path];
    Any about = run.heap().map(values_type(options.compat));
    about.dict()->set("Name", Any::of(path).as_held());
    about.dict()->set("BasePath", Any::of(r.base_path).as_held());
    r.scope.dict()->set("Template", std::move(about).as_held());
    out.clear();
    if (r.text->size() > kLargeTemplate)
      out.reserve(r.text->size() + r.text->size() / 16);  // mostly text: about as long
    bool traced = tracing && tracing->path == path;
    if (traced) run.trace(&trace);
    Outcome done = run.execute(set, path, r.scope, out);
    if (!done) return execution_error(path, done.error(), options.compat);
    if (traced) {
      tracing->found = {without_no_value(std::move(out)), trace.origins_of(tracing->line)};
      return files;
    }
    out = without_no_value(std::move(out));
    files[path] = options.keep ? options.keep(out) : base::SharedText(std::move(out));
  }
  return files;
}

}  // namespace

const std::shared_ptr<const Functions>& template_functions(Compat compat) {
  static const std::shared_ptr<const Functions> three = helm_functions(Compat::helm3);
  if (compat == Compat::helm3) return three;
  static const std::shared_ptr<const Functions> four = helm_functions(Compat::helm4);
  return four;
}

Result<RenderedFiles> run_templates(const Chart& chart, const Value& values, const ReleaseInfo& release,
                                    const Capabilities& capabilities, const EngineOptions& options,
                                    std::vector<std::string>* notes) {
  return run_all(chart, values, release, capabilities, options, notes, nullptr);
}

TracedLine trace_line(const Chart& chart, const Value& values, const ReleaseInfo& release,
                      const Capabilities& capabilities, const EngineOptions& options, const std::string& path,
                      int line) {
  Tracing tracing{path, line, {}};
  (void)run_all(chart, values, release, capabilities, options, nullptr, &tracing);
  return std::move(tracing.found);
}

}  // namespace slipway::render::helm
