// Chart.yaml becomes Metadata the way Go's JSON decoder fills a struct: unknown fields are skipped, a field's name fits
// in any case (of several the last in byte order), null leaves a field as it is, and a scalar becomes text where text
// is wanted.
#include "render/helm/chart.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/text.h"
#include "lang/gotemplate/unicode.h"
#include "lang/sprig/go_time.h"
#include "render/helm/go_json.h"
#include "render/helm/read.h"
#include "render/helm/version.h"
#include "value/yaml.h"

namespace slipway::render::helm {

namespace {

class Decoder {
 public:
  explicit Decoder(std::string type) : type_(std::move(type)) {}

  void text(const Value& object, const char* field, std::string& out) {
    each(object, field, [&](const Value& v) {
      if (!v.is_null()) out = scalar(v, field, "string").value_or(out);
    });
  }
  void flag(const Value& object, const char* field, bool& out) {
    each(object, field, [&](const Value& v) {
      if (v.is_bool())
        out = v.as_bool();
      else if (!v.is_null())
        refuse(v, field, "bool");
    });
  }
  void texts(const Value& object, const char* field, std::vector<std::string>& out) {
    const Value list = this->list(object, field, "[]string");
    if (list.is_null()) return;
    out.clear();
    for (const Value& item : list.items()) out.push_back(scalar(item, field, "string").value_or(""));
  }
  // Null when absent; an error when it is no list.
  Value list(const Value& object, const char* field, const char* go_type) {
    Value out;
    each(object, field, [&](const Value& v) {
      if (v.is_array() || v.is_null())
        out = v;
      else
        refuse(v, field, go_type);
    });
    return out;
  }
  // The values of a field, under whatever case its name has there.
  static void each(const Value& object, std::string_view field, const std::function<void(const Value&)>& visit) {
    for (const value::Member& m : object.members())
      if (fits_field(m.key.view(), field)) visit(m.value);
  }
  // As time.Time reads and writes itself again.
  void time(const Value& object, const char* field, std::string& out) {
    constexpr std::string_view layout = "2006-01-02T15:04:05Z07:00";
    lang::sprig::Time time;
    std::string wrong;
    each(object, field, [&](const Value& v) {
      if (v.is_null() || error_) return;
      if (!v.is_string())
        error_ = fail(ErrorKind::invalid, "Time.UnmarshalJSON: input is not a JSON string");
      else if (!lang::sprig::Time::parse(layout, v.as_string(), lang::sprig::Zone::utc(), time, wrong))
        error_ = fail(ErrorKind::invalid, "{}", wrong);
    });
    out = time.format("2006-01-02T15:04:05.999999999Z07:00");
  }
  std::optional<std::string> scalar(const Value& v, const std::string& field, const char* go_type) {
    switch (v.type()) {
      case value::Type::null:
        return std::string();
      case value::Type::array:
      case value::Type::object:
        refuse(v, field, go_type);
        return std::nullopt;
      default:
        return scalar_text(v);
    }
  }
  void refuse(const Value& v, const std::string& field, const char* go_type) {
    if (!error_) {
      error_ = fail(ErrorKind::invalid, "json: cannot unmarshal {} into Go struct field {}.{}{} of type {}",
                    json_word(v), type_, path_, field, go_type);
    }
  }
  void inside(std::string path) { path_ = std::move(path); }
  std::optional<Error> take_error() { return std::move(error_); }

 private:
  std::string type_, path_;
  std::optional<Error> error_;
};

std::shared_ptr<Dependency> dependency_of(Decoder& decode, const Value& v) {
  auto d = std::make_shared<Dependency>();
  decode.text(v, "name", d->name);
  decode.text(v, "version", d->version);
  decode.text(v, "repository", d->repository);
  decode.text(v, "condition", d->condition);
  decode.text(v, "alias", d->alias);
  decode.texts(v, "tags", d->tags);
  decode.flag(v, "enabled", d->enabled);
  d->import_values = decode.list(v, "import-values", "[]interface {}");
  return d;
}

// Whether there is a list.
bool dependencies_of(Decoder& decode, const Value& root, std::vector<std::shared_ptr<Dependency>>& out) {
  const Value list = decode.list(root, "dependencies", "[]*chart.Dependency");
  if (!list.is_array()) return false;
  out.clear();
  for (const Value& item : list.items()) {
    if (item.is_null()) {
      out.push_back(nullptr);
      continue;
    }
    if (!item.is_object()) {
      decode.refuse(item, "dependencies", "chart.Dependency");
      return true;
    }
    decode.inside("dependencies.");
    out.push_back(dependency_of(decode, item));
    decode.inside("");
  }
  return true;
}

Result<Value> object_of(std::string_view yaml, const char* go_type) {
  Value v = OR_RETURN(read_yaml(yaml));
  if (v.is_null()) return Value::object();
  if (!v.is_object())
    return fail(ErrorKind::invalid,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type {}",
                json_word(v), go_type);
  return v;
}

void sanitize(std::string& text) {
  if (std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; })) return;
  std::string out;
  for_each_rune(text, [&](uint32_t rune, std::string_view bytes) {
    if (lang::gotemplate::is_space(rune))
      out += ' ';
    else if (lang::gotemplate::is_print(rune))
      out += bytes;
  });
  text = std::move(out);
}

Error wrong(std::string message) {
  return fail(ErrorKind::invalid, "validation: {}", message);
}

Result<> validate(Dependency& d) {
  sanitize(d.name);
  sanitize(d.version);
  sanitize(d.repository);
  sanitize(d.condition);
  for (std::string& tag : d.tags) sanitize(tag);
  bool fits = std::ranges::all_of(d.alias, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  if (!fits) return wrong(fmt::format("dependency {} has disallowed characters in the alias", go_quote(d.name)));
  return {};
}

}  // namespace

Result<Metadata> read_metadata(std::string_view chart_yaml) {
  Value root = OR_RETURN(object_of(chart_yaml, "chart.Metadata"));
  Decoder decode("Metadata");
  Metadata m;
  decode.text(root, "name", m.name);
  decode.text(root, "home", m.home);
  decode.texts(root, "sources", m.sources);
  decode.text(root, "version", m.version);
  decode.text(root, "description", m.description);
  decode.texts(root, "keywords", m.keywords);
  const Value maintainers = decode.list(root, "maintainers", "[]*chart.Maintainer");
  decode.inside("maintainers.");
  for (const Value& item : maintainers.items()) {
    Maintainer one;
    one.is_null = item.is_null();
    if (!item.is_object() && !item.is_null()) {
      decode.inside("");
      decode.refuse(item, "maintainers", "chart.Maintainer");
    }
    decode.text(item, "name", one.name);
    decode.text(item, "email", one.email);
    decode.text(item, "url", one.url);
    m.maintainers.push_back(std::move(one));
  }
  decode.inside("");
  decode.text(root, "icon", m.icon);
  decode.text(root, "apiVersion", m.api_version);
  decode.text(root, "condition", m.condition);
  decode.text(root, "tags", m.tags);
  decode.text(root, "appVersion", m.app_version);
  decode.flag(root, "deprecated", m.deprecated);
  std::map<std::string, std::string> annotations;
  Decoder::each(root, "annotations", [&](const Value& notes) {
    if (!notes.is_object() && !notes.is_null()) decode.refuse(notes, "annotations", "map[string]string");
    if (!notes.is_object()) return;
    m.has_annotations = true;
    for (const value::Member& note : notes.members())
      annotations[note.key.str()] = decode.scalar(note.value, "annotations", "string").value_or("");
  });
  m.annotations.assign(annotations.begin(), annotations.end());
  decode.text(root, "kubeVersion", m.kube_version);
  m.has_dependencies = dependencies_of(decode, root, m.dependencies);
  decode.text(root, "type", m.type);
  if (auto error = decode.take_error())
    return std::move(*error).context("error unmarshaling JSON: while decoding JSON");
  return m;
}

Result<> read_requirements(std::string_view text, Metadata& m) {
  Value root = OR_RETURN(object_of(text, "chart.Metadata"));
  Decoder decode("Metadata");
  if (dependencies_of(decode, root, m.dependencies)) m.has_dependencies = true;
  if (auto error = decode.take_error())
    return std::move(*error).context("error unmarshaling JSON: while decoding JSON");
  return {};
}

Result<Lock> read_lock(std::string_view text) {
  Value root = OR_RETURN(object_of(text, "chart.Lock"));
  Decoder decode("Lock");
  Lock lock;
  decode.time(root, "generated", lock.generated);
  decode.text(root, "digest", lock.digest);
  std::vector<std::shared_ptr<Dependency>> all;
  dependencies_of(decode, root, all);
  for (auto& d : all)
    if (d) lock.dependencies.push_back(*d);
  if (auto error = decode.take_error())
    return std::move(*error).context("error unmarshaling JSON: while decoding JSON");
  return lock;
}

Result<> validate(Metadata& m) {
  for (std::string* text :
       {&m.name, &m.description, &m.home, &m.icon, &m.condition, &m.tags, &m.app_version, &m.kube_version})
    sanitize(*text);
  for (std::string& text : m.sources) sanitize(text);
  for (std::string& text : m.keywords) sanitize(text);
  if (m.api_version.empty()) return wrong("chart.metadata.apiVersion is required");
  if (m.name.empty()) return wrong("chart.metadata.name is required");
  if (m.name == "." || m.name == "..")
    return wrong(fmt::format("chart.metadata.name {} is not allowed", go_quote(m.name)));
  if (m.name.find('/') != m.name.npos) return wrong(fmt::format("chart.metadata.name {} is invalid", go_quote(m.name)));
  if (m.version.empty()) return wrong("chart.metadata.version is required");
  if (!is_version(m.version)) return wrong(fmt::format("chart.metadata.version {} is invalid", go_quote(m.version)));
  if (!m.type.empty() && m.type != "application" && m.type != "library")
    return wrong("chart.metadata.type must be application or library");
  for (Maintainer& one : m.maintainers) {
    if (one.is_null) return wrong("maintainers must not contain empty or null nodes");
    sanitize(one.name);
    sanitize(one.email);
    sanitize(one.url);
  }
  std::vector<std::string> seen;
  for (auto& d : m.dependencies) {
    if (!d) return wrong("dependencies must not contain empty or null nodes");
    OR_RETURN(validate(*d));
    const std::string& key = d->alias.empty() ? d->name : d->alias;
    if (std::ranges::find(seen, key) != seen.end())
      return wrong(fmt::format("more than one dependency with name or alias {}", go_quote(key)));
    seen.push_back(key);
  }
  return {};
}

Value to_value(const Dependency& d) {
  ObjectBuilder out;
  out.set("name", d.name);
  out.set_unless_empty("version", d.version);
  out.set("repository", d.repository);
  out.set_unless_empty("condition", d.condition);
  ArrayBuilder tags;
  for (const auto& tag : d.tags) tags.push(tag);
  out.set_unless_empty("tags", tags.build());
  out.set_unless_empty("enabled", d.enabled);
  out.set_unless_empty("import-values", d.import_values);
  out.set_unless_empty("alias", d.alias);
  return out.build();
}

Value to_value(const Metadata& m) {
  auto list = [](const std::vector<std::string>& texts) {
    ArrayBuilder out;
    for (const auto& text : texts) out.push(text);
    return out.build();
  };
  ObjectBuilder out;
  out.set_unless_empty("name", m.name);
  out.set_unless_empty("home", m.home);
  out.set_unless_empty("sources", list(m.sources));
  out.set_unless_empty("version", m.version);
  out.set_unless_empty("description", m.description);
  out.set_unless_empty("keywords", list(m.keywords));
  ArrayBuilder maintainers;
  for (const Maintainer& one : m.maintainers) {
    ObjectBuilder person;
    person.set_unless_empty("name", one.name);
    person.set_unless_empty("email", one.email);
    person.set_unless_empty("url", one.url);
    maintainers.push(person.build());
  }
  out.set_unless_empty("maintainers", maintainers.build());
  out.set_unless_empty("icon", m.icon);
  out.set_unless_empty("apiVersion", m.api_version);
  out.set_unless_empty("condition", m.condition);
  out.set_unless_empty("tags", m.tags);
  out.set_unless_empty("appVersion", m.app_version);
  out.set_unless_empty("deprecated", m.deprecated);
  ObjectBuilder annotations;
  for (const auto& [key, text] : m.annotations) annotations.set(key, text);
  out.set_unless_empty("annotations", annotations.build());
  out.set_unless_empty("kubeVersion", m.kube_version);
  ArrayBuilder dependencies;
  for (const auto& d : m.dependencies)
    if (d) dependencies.push(to_value(*d));
  out.set_unless_empty("dependencies", dependencies.build());
  out.set_unless_empty("type", m.type);
  return out.build();
}

}  // namespace slipway::render::helm
