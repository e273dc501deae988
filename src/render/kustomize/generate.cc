#include "render/kustomize/generate.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "runtime/digest.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

constexpr size_t kBase64Line = 70;
constexpr size_t kTextToLocateMax = 16 << 10;

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
    unsigned char lead = byte(i);
    size_t more = lead < 0x80                   ? 0
                  : lead >= 0xc2 && lead < 0xe0 ? 1
                  : lead >= 0xe0 && lead < 0xf0 ? 2
                  : lead >= 0xf0 && lead < 0xf5 ? 3
                                                : 9;
    if (more == 9 || i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    if ((lead == 0xe0 && byte(i + 1) < 0xa0) || (lead == 0xed && byte(i + 1) > 0x9f) ||
        (lead == 0xf0 && byte(i + 1) < 0x90) || (lead == 0xf4 && byte(i + 1) > 0x8f))
      return false;
    i += more + 1;
  }
  return true;
}

class Data {
 public:
  explicit Data(const Generator& generator) : generator_(generator) {}

  Result<> add(std::string key, std::string text) {
    if ((bytes_ += text.size()) > Budget::kBytesMax)  // one file may be named under any number of keys
      return fail(ErrorKind::too_large, "its data are more than {} MiB", Budget::kBytesMax >> 20);
    if (!data_.emplace(key, std::move(text)).second)
      return fail(ErrorKind::invalid, "{} {} illegally repeats the key `{}`",
                  generator_.secret ? "secret" : "configmap", generator_.name, key);
    return {};
  }

  Result<> add_literal(const std::string& literal) {
    size_t equals = literal.find('=');
    if (equals == literal.npos || equals == 0)
      return fail(ErrorKind::invalid, "invalid literal source {}, expected key=value",
                  generator_.secret ? "(not shown: it belongs to a Secret)" : literal);
    std::string_view text = std::string_view(literal).substr(equals + 1);
    if (text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\''))
      text = text.substr(1, text.size() - 2);
    return add(literal.substr(0, equals), std::string(text));
  }

  Result<> add_file(const std::string& source, const Folder& folder) {
    size_t equals = source.find('=');
    std::string path = equals == source.npos ? source : source.substr(equals + 1);
    std::string key = equals == source.npos ? path.substr(path.rfind('/') + 1) : source.substr(0, equals);
    if (key.empty())
      return fail(ErrorKind::invalid, "missing key name for file path \"{}\" in source \"{}\"", path, source);
    if (path.empty())
      return fail(ErrorKind::invalid, "missing file path for key name \"{}\" in source \"{}\"", key, source);
    if (path.find('=') != path.npos)
      return fail(ErrorKind::invalid, "source \"{}\" key name or file path contains '='", source);
    auto file = OR_RETURN(folder.read(path));
    return add(std::move(key), *file.text);
  }

  // Leading blanks go, all else stays: quotes, trailing blanks and text after a # too.
  Result<> add_env(const std::string& path, const Folder& folder) {
    auto file = OR_RETURN(folder.read(path));
    std::string_view text = *file.text;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    int number = 0;
    for (std::string_view line : base::split_lines(text)) {
      ++number;
      if (!is_utf8(line)) return fail(ErrorKind::invalid, "the line is no UTF-8").at({file.path, number});
      while (!line.empty() && std::string_view(" \t\v\f\r\n").find(line.front()) != line.npos) line.remove_prefix(1);
      if (line.empty() || line.front() == '#') continue;
      size_t equals = line.find('=');
      std::string key(line.substr(0, equals));
      if (key.empty()) continue;
      if (auto added = add(key, equals == line.npos ? "" : std::string(line.substr(equals + 1))); !added)
        return std::move(added).error().at({file.path, number});
    }
    return {};
  }

  Value secret() const {
    std::vector<value::Member> data;
    for (const auto& [key, text] : data_) data.push_back({value::Key(key), value::made_text(data_base64(text))});
    return Value{{"data", with_odd_keys(Value::object(std::move(data)))}};
  }
  Value config_map() const {
    std::vector<value::Member> data, binary;
    for (const auto& [key, text] : data_) {
      if (is_utf8(text))
        data.push_back({value::Key(key), value::made_text(text)});
      else
        binary.push_back({value::Key(key), value::made_text(data_base64(text))});
    }
    Value out = Value::object();
    if (!data.empty()) out = out.with_member("data", with_odd_keys(Value::object(std::move(data))));
    if (!binary.empty()) out = out.with_member("binaryData", with_odd_keys(Value::object(std::move(binary))));
    return out;
  }

 private:
  const Generator& generator_;
  size_t bytes_ = 0;
  std::map<std::string, std::string> data_;
};

Value to_object(const Pairs& pairs) {
  std::vector<value::Member> members;
  for (const auto& [key, text] : pairs) members.push_back({value::Key(key), value::made_text(text)});
  return with_odd_keys(Value::object(std::move(members)));
}

Result<Value> content_of(const Generator& g, const Folder& folder) {
  if (g.name.empty()) return fail(ErrorKind::invalid, "a {} must have a name", g.secret ? "secret" : "configmap");
  Data data(g);
  for (const std::string& path : g.envs) OR_RETURN(data.add_env(path, folder).context("env source"));
  for (const std::string& literal : g.literals) OR_RETURN(data.add_literal(literal));
  for (const std::string& source : g.files) OR_RETURN(data.add_file(source, folder).context("file source"));
  return g.secret ? data.secret() : data.config_map();
}

}  // namespace

Result<Resource> generate(const Generator& g, const Folder& folder, const KnownKinds* known) {
  auto content = content_of(g, folder);
  // The line is looked up by parsing again: not for each of very many.
  bool small = g.spot.text && g.spot.text->size() < kTextToLocateMax;
  base::Place place = content && !small ? base::Place{g.spot.file} : g.spot.place();
  if (!content)
    return std::move(content)
        .error()
        .context(fmt::format("{} \"{}\"", g.secret ? "secretGenerator" : "configMapGenerator", g.name))
        .at(place);
  Value metadata{{"name", value::made_text(g.name)}};
  if (!g.ns.empty()) metadata = metadata.with_member("namespace", value::made_text(g.ns));
  if (!g.options.labels.empty()) metadata = metadata.with_member("labels", to_object(g.options.labels));
  if (!g.options.annotations.empty()) metadata = metadata.with_member("annotations", to_object(g.options.annotations));
  Value object = content->with_member("apiVersion", "v1")
                     .with_member("kind", g.secret ? "Secret" : "ConfigMap")
                     .with_member("metadata", metadata);
  if (g.secret) object = object.with_member("type", g.type.empty() ? Value("Opaque") : value::made_text(g.type));
  if (g.options.immutable) object = object.with_member("immutable", true);
  Resource made(std::move(object), std::move(place), known);
  for (const char* part : {"/data", "/binaryData", "/metadata/labels", "/metadata/annotations"})
    if (!made.flaw) made.flaw = flaw_of_odd_keys(made.object().at(part), made.origin);
  made.generated = true;
  made.needs_hash = !g.options.disable_name_suffix_hash;
  made.behavior = behavior_of(g.behavior);
  return made;
}

std::string data_base64(std::string_view bytes) {
  std::string encoded = base::base64_encode(bytes), out;
  if (encoded.size() <= kBase64Line) return encoded;
  for (size_t i = 0; i < encoded.size(); i += kBase64Line) {
    out += encoded.substr(i, kBase64Line);
    out += '\n';
  }
  return out;
}

std::string content_hash(const Value& object) {
  std::string_view kind = kinds::kind_of(object);
  auto text_or = [](const Value& v) { return v.is_null() ? Value("") : v; };
  Value hashed = object;
  if (kind == "ConfigMap" || kind == "Secret") {
    // The name counts as "": kustomize looks for a field called "metadata/name" and finds none.
    hashed = Value{{"data", text_or(object["data"])}, {"kind", kind}, {"name", ""}};
    const char* more = kind == "ConfigMap" ? "binaryData" : "stringData";
    if (object[more].is_object()) hashed = hashed.with_member(more, object[more]);
    if (kind == "Secret") hashed = hashed.with_member("type", text_or(object["type"]));
  }
  std::string json = value::escaped_for_html(value::to_json(value::plain_meaning(hashed)));
  std::string hex = runtime::sha256_hex(json).substr(0, 10);
  for (char& c : hex) {  // no vowels and no look-alikes
    constexpr std::string_view from = "013ae", to = "ghkmt";
    if (size_t at = from.find(c); at != from.npos) c = to[at];
  }
  return hex;
}

void add_name_hashes(ResourceSet& set) {
  for (size_t i = 0; i < set.all().size(); ++i) {
    Resource& r = set.all()[i];
    if (!r.needs_hash || r.is_removed()) continue;
    std::string name = fmt::format("{}-{}", r.name(), content_hash(r.object()));
    r.remember_id();
    r.set_name(name);
    set.touched(i);
  }
}

}  // namespace slipway::render::kustomize
