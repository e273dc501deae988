#include "render/helm/worker.h"

#include <atomic>
#include <cstring>
#include <map>

#include "base/text.h"
#include "runtime/heap.h"
#include "runtime/isolated.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

std::atomic<bool> in_workers{false}, stopping{false};

constexpr uint64_t kOutputMax = 512 << 20;
constexpr size_t kStackMax = 128 << 20;  // Helm lets each of several templates include itself 1,000 times, by tpl too
constexpr uint64_t kHere = UINT64_MAX;   // a place: what is told follows

// Writes to a std::string or to what the parent sees.
template <class Out>
class Writer {
 public:
  explicit Writer(Out& out) : out_(out) {}
  Writer& number(uint64_t n) {
    char bytes[sizeof n];
    std::memcpy(bytes, &n, sizeof n);
    out_.append(std::string_view(bytes, sizeof n));
    return *this;
  }
  Writer& text(std::string_view s) {
    number(s.size());
    out_.append(s);
    return *this;
  }
  Writer& texts(const std::vector<std::string>& all) {
    number(all.size());
    for (const std::string& s : all) text(s);
    return *this;
  }

 private:
  Out& out_;
};

// Reads what a child wrote that may have been taken over: every length is checked.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  uint64_t number() {
    uint64_t n = 0;
    if (in_.size() < sizeof n) return broken();
    std::memcpy(&n, in_.data(), sizeof n);
    in_.remove_prefix(sizeof n);
    return n;
  }
  uint64_t count() {  // of things that take a word each at least
    uint64_t n = number();
    return n > in_.size() / sizeof(uint64_t) ? broken() : n;
  }
  std::string_view text() {
    uint64_t n = number();
    if (n > in_.size()) {
      broken();
      return {};
    }
    std::string_view s = in_.substr(0, n);
    in_.remove_prefix(n);
    return s;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> all(count());
    for (std::string& s : all) s = text();
    return all;
  }
  bool good() const { return good_; }
  uint64_t broken() {
    good_ = false;
    in_ = {};
    return 0;
  }

 private:
  std::string_view in_;
  bool good_ = true;
};

// Writes to what the parent sees. Rendered texts lie there already, where the engine put them: their places are told.
class Packer : public Writer<runtime::IsolatedOutput> {
 public:
  explicit Packer(runtime::IsolatedOutput& out) : Writer(out), out_(out) {}
  Packer& place(std::string_view text) {
    std::string_view all = out_.view();
    bool inside = text.data() >= all.data() && text.data() + text.size() <= all.data() + all.size();
    if (inside)
      number(static_cast<uint64_t>(text.data() - all.data())).number(text.size());
    else
      number(kHere).text(text);
    return *this;
  }

 private:
  runtime::IsolatedOutput& out_;
};

// What is at a place that was told.
base::SharedText read_place(Reader& in, const base::SharedText& whole) {
  uint64_t at = in.number();
  if (at == kHere) return whole.piece(in.text());
  uint64_t size = in.number();
  if (at > whole.view().size() || size > whole.view().size() - at) return in.broken(), base::SharedText();
  return whole.piece(whole.view().substr(at, size));
}

void write(Packer& out, const Manifest& m) {
  out.place(m.text).text(m.path).text(m.head.api_version).text(m.head.kind).text(m.head.name);
  out.number(m.head.annotations.size());
  for (const auto& [key, note] : m.head.annotations) out.text(key).text(note);
}

Manifest read_manifest(Reader& in, const base::SharedText& whole) {
  Manifest m;
  m.text = read_place(in, whole);
  m.path = in.text();
  m.head.api_version = in.text();
  m.head.kind = in.text();
  m.head.name = in.text();
  for (uint64_t n = in.count(); n > 0; --n) {
    std::string key(in.text());
    m.head.annotations.emplace_back(std::move(key), in.text());
  }
  return m;
}

void write(Packer& out, const RenderedFiles& files) {
  out.number(files.size());
  for (const auto& [path, text] : files) out.place(text).text(path);
}

RenderedFiles read_files(Reader& in, const base::SharedText& whole) {
  RenderedFiles files;
  for (uint64_t n = in.count(); n > 0; --n) {
    base::SharedText text = read_place(in, whole);
    files[std::string(in.text())] = std::move(text);
  }
  return files;
}

uint64_t address_of(const Bytes& text) {
  return reinterpret_cast<uintptr_t>(text.get());
}

void pack(const ReleaseResult& result, const std::vector<std::string>& warnings, runtime::IsolatedOutput& output) {
  Packer out(output);
  uint64_t start = output.view().size();
  out.texts(warnings).number(result.has_value());
  if (!result) {
    const Error& error = result.error().error;
    out.number(static_cast<uint64_t>(error.kind()))
        .text(error.str())
        .number(result.error().rendering)
        .number(result.error().coalescing);
    out.number(error.causes().size());
    for (const base::Cause& cause : error.causes()) out.text(cause.reason).text(cause.message).text(cause.field);
    write(out, result.error().files);
    out.text(result.error().explanation).number(start);
    return;
  }
  out.number(result->printed);
  out.number(result->documents.manifests.size());
  for (const Manifest& m : result->documents.manifests) write(out, m);
  out.number(result->documents.hooks.size());
  for (const Hook& hook : result->documents.hooks) {
    write(out, hook.manifest);
    out.texts(hook.events)
        .texts(hook.delete_policies)
        .texts(hook.log_policies)
        .number(static_cast<uint64_t>(hook.weight));
  }
  out.number(result->crds.size());
  // Their texts are the chart's, which the parent has at the same place.
  for (const CrdFile& crd : result->crds) out.text(crd.path).number(address_of(crd.data));
  out.text(result->notes);
  write(out, result->files);
  out.number(start);
}

void add_texts(const Chart& chart, std::map<uint64_t, Bytes>& known) {
  for (const ChartFile& file : chart.files) known[address_of(file.data)] = file.data;
  for (const auto& child : chart.dependencies) add_texts(*child, known);
}

size_t bytes_of(const Chart& chart) {
  size_t bytes = 0;
  for (const auto* files : {&chart.templates, &chart.files})
    for (const ChartFile& file : *files) bytes += file.data->size();
  for (const auto& child : chart.dependencies) bytes += bytes_of(*child);
  return bytes;
}

ReleaseResult unpacked(const base::SharedText& text, const Chart& chart, std::vector<std::string>& warnings) {
  auto unreadable = [] {
    return tl::unexpected(
        ReleaseError{fail(ErrorKind::internal, "the rendering worker's answer cannot be read"), false, {}, {}});
  };
  std::map<uint64_t, Bytes> known;
  add_texts(chart, known);
  std::string_view all = text;
  uint64_t start = all.size() < sizeof start ? 0 : Reader(all.substr(all.size() - sizeof start)).number();
  if (start > all.size()) return unreadable();
  Reader in(all.substr(start));  // behind the texts that are told by their places
  auto said = in.texts();
  warnings.insert(warnings.end(), said.begin(), said.end());
  ReleaseResult result;
  if (in.number() == 0) {
    auto kind = static_cast<ErrorKind>(std::min<uint64_t>(in.number(), static_cast<uint64_t>(ErrorKind::internal)));
    Error error(kind, std::string(in.text()));
    bool rendering = in.number() != 0, coalescing = in.number() != 0;
    for (uint64_t n = in.count(); n > 0; --n) {
      base::Cause cause;
      cause.reason = in.text();
      cause.message = in.text();
      cause.field = in.text();
      error = std::move(error).cause(std::move(cause));
    }
    RenderedFiles files = read_files(in, text);
    result =
        tl::unexpected(ReleaseError{std::move(error), rendering, std::move(files), std::string(in.text()), coalescing});
  } else {
    Release release;
    release.printed = in.number() != 0;
    for (uint64_t n = in.count(); n > 0; --n) release.documents.manifests.push_back(read_manifest(in, text));
    for (uint64_t n = in.count(); n > 0; --n) {
      Hook hook;
      hook.manifest = read_manifest(in, text);
      hook.events = in.texts();
      hook.delete_policies = in.texts();
      hook.log_policies = in.texts();
      hook.weight = static_cast<int>(in.number());
      release.documents.hooks.push_back(std::move(hook));
    }
    for (uint64_t n = in.count(); n > 0; --n) {
      std::string path(in.text());
      auto data = known.find(in.number());
      if (data == known.end()) return unreadable();
      release.crds.push_back({std::move(path), data->second});
    }
    release.notes = in.text();
    release.files = read_files(in, text);
    result = std::move(release);
  }
  if (!in.good()) return unreadable();
  return result;
}

// Questions: a letter, then texts.
std::string answer(const ReleaseRequest& request, std::string_view question) {
  Reader in(question);
  std::string reply;
  Writer out(reply);
  std::string_view kind = in.text();
  if (kind == "zone" && request.engine.environment.zoneinfo) {
    auto file = request.engine.environment.zoneinfo(in.text());
    out.number(file.has_value()).text(file ? std::string_view(*file) : std::string_view());
  } else if (kind == "now" && request.engine.environment.now) {
    request.engine.environment.now();
    out.number(0).text({});
  } else if (kind == "random" && request.engine.environment.random) {
    request.engine.environment.random({});
    out.number(0).text({});
  } else if (kind == "host" && request.engine.resolve_host) {
    auto address = request.engine.resolve_host(in.text());
    out.number(address.has_value()).text(address.value_or(""));
  } else if (kind == "lookup" && request.engine.lookup) {
    auto words = in.texts();
    words.resize(4);
    auto found = request.engine.lookup(words[0], words[1], words[2], words[3]);
    out.number(found.has_value()).text(found ? value::to_json(*found) : found.error().str());
  } else {
    out.number(0).text({});
  }
  return reply;
}

// What a question of this kind about these words is sent as.
std::string asking(std::string_view kind, std::string_view about) {
  std::string question;
  Writer(question).text(kind).text(about);
  return question;
}

ReleaseResult printed(const Release& release, const std::function<Result<>(const Release&)>& print) {
  if (auto done = print(release); !done) return tl::unexpected(ReleaseError{std::move(done).error(), false, {}, {}});
  Release shell;
  shell.printed = true;
  return shell;
}

// The clock and chance are here as well; the parent hears that they were asked for, once.
void tell_of_use(lang::gotemplate::Environment& environment,
                 std::function<std::optional<std::string>(std::string_view)> now,
                 std::function<std::optional<std::string>(std::string_view)> random) {
  if (environment.now)
    environment.now = [own = environment.now, now, told = false]() mutable {
      if (!std::exchange(told, true)) (void)now({});
      return own();
    };
  if (environment.random)
    environment.random = [own = environment.random, random, told = false](std::span<std::byte> into) mutable {
      if (!std::exchange(told, true)) (void)random({});
      own(into);
    };
}

// The time zones of these functions are files, whose names are known when they are called.
bool calls_for_zones(std::string_view text) {
  auto has = [&](std::string_view before, char rare) {
    for (size_t at = text.find(rare); at != text.npos; at = text.find(rare, at + 1))
      if (text.substr(at + 1).starts_with("one") && text.substr(0, at).ends_with(before)) return true;
    return false;
  };
  return has("In", 'Z') || has("in_", 'z');
}

bool calls_for_zones(const Value& values) {  // tpl runs what stands there
  if (values.is_string()) return calls_for_zones(values.as_string());
  return std::ranges::any_of(values.items(), [](const Value& each) { return calls_for_zones(each); }) ||
         std::ranges::any_of(values.members(), [](const value::Member& each) {
           return calls_for_zones(each.key.view()) || calls_for_zones(each.value);
         });
}

bool calls_for_zones(const Chart& chart) {
  auto says = [](const ChartFile& file) { return calls_for_zones(std::string_view(*file.data)); };
  return std::ranges::any_of(chart.raw, says) || std::ranges::any_of(chart.templates, says) ||
         std::ranges::any_of(chart.files, says) || calls_for_zones(chart.values) ||
         std::ranges::any_of(chart.dependencies, [](const auto& each) { return calls_for_zones(*each); });
}

// Whether this process can render it shut in: it ends behind it, and nothing in it has to be asked for.
bool renders_confined(const ReleaseRequest& request) {
  return request.print && !request.engine.resolve_host && !request.engine.lookup && runtime::can_be_confined() &&
         !calls_for_zones(request.values) && !calls_for_zones(*request.chart);
}

std::string given_up(const Chart& chart) {
  return fmt::format("chart {}: rendering was given up: ", chart.name());
}

// What a request has in a process that ends with it.
void make_last(ReleaseRequest& request) {
  runtime::prepare_heap((256 << 10) + bytes_of(*request.chart));
  request.engine.process_ends = true;
  request.engine.limits.stack_bytes_max = kStackMax - (4 << 20);
}

runtime::IsolationLimits limits_of(const ReleaseRequest& request) {
  return {.time_max = request.time_max,
          .memory_bytes_max = request.memory_bytes_max != 0 ? request.memory_bytes_max : runtime::sane_memory_max(),
          .output_bytes_max = kOutputMax,
          .stack_bytes = kStackMax,
          .stop = [] { return stopping.load(); },
          .prints = request.print != nullptr};
}

ReleaseResult render_confined(ReleaseRequest request, std::vector<std::string>& warnings) {
  ReleaseResult result;
  auto print = std::move(request.print);
  auto work = [&](runtime::Confined& self) {
    make_last(request);
    request.engine.watched = [&self](const lang::gotemplate::Run* run) {
      self.where = nullptr;
      if (run) self.where = [run](std::span<char> into) { return run->where(into); };
    };
    request.engine.environment.zoneinfo = [&self](std::string_view zone) -> std::optional<std::string> {
      self.give_up(
          fmt::format("it asks for the time zone {} by a function whose name stands in no file and no value", zone));
    };
    std::vector<std::string> said;
    // Not freed: this process is about to end.
    auto& release = *new ReleaseResult(render_release(std::move(request), said));
    warnings.insert(warnings.end(), said.begin(), said.end());
    if (!release || !said.empty()) {
      result = std::move(release);
      return;
    }
    self.begin_printing();
    result = printed(*release, print);
  };
  auto done = runtime::run_confined(work, "Error: " + given_up(*request.chart), limits_of(request));
  if (!done) {
    Error error = fail(done.error().kind(), "{}{}", given_up(*request.chart), done.error().message());
    return tl::unexpected(ReleaseError{std::move(error), false, {}, {}});
  }
  return result;
}

}  // namespace

void render_in_workers(bool on) {
  in_workers = on;
}

void stop_workers() {
  stopping = true;
}

ReleaseResult render_apart(ReleaseRequest request, std::vector<std::string>& warnings) {
  if (!in_workers) {
    auto print = std::move(request.print);
    auto release = render_release(std::move(request), warnings);
    return release && print && warnings.empty() ? printed(*release, print) : std::move(release);
  }
  if (renders_confined(request)) return render_confined(std::move(request), warnings);
  auto work = [&](const runtime::Ask& ask, runtime::IsolatedOutput& out) {
    // Neither is freed: this process is about to end. What is moved here still stands in the parent.
    auto& inner = *new ReleaseRequest(std::move(request));
    make_last(inner);
    inner.engine.watched = [&out](const lang::gotemplate::Run* run) {
      out.where = nullptr;
      if (run) out.where = [run](std::span<char> into) { return run->where(into); };
    };
    auto print = std::move(inner.print);
    if (!print)
      inner.engine.keep = [&out](std::string_view text) { return base::SharedText(out.append(text), nullptr); };
    auto asks_parent = [&ask](std::string_view kind) {
      return [&ask, kind](std::string_view about) -> std::optional<std::string> {
        std::string text = ask(asking(kind, about));
        Reader in(text);
        if (in.number() == 0) return std::nullopt;
        return std::string(in.text());
      };
    };
    tell_of_use(inner.engine.environment, asks_parent("now"), asks_parent("random"));
    if (inner.engine.environment.zoneinfo) inner.engine.environment.zoneinfo = asks_parent("zone");
    if (inner.engine.resolve_host) inner.engine.resolve_host = asks_parent("host");
    if (inner.engine.lookup) {
      inner.engine.lookup = [&ask](std::string_view version, std::string_view kind, std::string_view ns,
                                   std::string_view name) -> Result<Value> {
        std::string question;
        Writer(question).text("lookup").texts(
            {std::string(version), std::string(kind), std::string(ns), std::string(name)});
        std::string text = ask(question);
        Reader in(text);
        bool found = in.number() != 0;
        std::string_view rest = in.text();
        if (!found) return fail(ErrorKind::unavailable, "{}", rest);
        return value::parse_json(rest);
      };
    }
    std::vector<std::string> said;
    auto& result = *new ReleaseResult(render_release(std::move(inner), said));
    if (result && print && said.empty()) {
      out.begin_printing();
      pack(printed(*result, print), said, out);
    } else {
      pack(result, said, out);
    }
  };
  auto done = runtime::run_isolated(
      work, [&](std::string_view question) { return answer(request, question); }, limits_of(request));
  if (!done) {
    // Time is a limit like memory: the same chart would only meet it again.
    ErrorKind kind = done.failed_with(ErrorKind::timeout) ? ErrorKind::too_large : done.error().kind();
    Error error = fail(kind, "{}{}", given_up(*request.chart), done.error().message());
    return tl::unexpected(ReleaseError{std::move(error), false, {}, {}});
  }
  auto release = unpacked(*done, *request.chart, warnings);
  runtime::leave_to_exit(std::move(request));
  return release;
}

}  // namespace slipway::render::helm
