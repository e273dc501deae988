#include "render/helm/schema_documents.h"

#include "base/text.h"
#include "render/helm/formats.h"
#include "render/helm/go_json.h"
#include "render/helm/metaschemas.h"
#include "render/helm/schema_spelling.h"
#include "value/json.h"
#include "value/json_error.h"

namespace slipway::render::helm {

namespace {

constexpr int kDepthMax = 200;
constexpr size_t kDocumentsMax = 64;

// ---- addresses

struct Address {
  std::string document, fragment;  // "#" goes with neither
};
Address parted(std::string_view address) {
  size_t hash = address.find('#');
  if (hash == address.npos) return {std::string(address), ""};
  return {std::string(address.substr(0, hash)), std::string(address.substr(hash + 1))};
}

bool has_scheme(std::string_view address) {
  size_t end = address.find_first_of(":/?#");
  return end != address.npos && end > 0 && address[end] == ':';
}

std::string without_dots(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string_view part : base::split(path.substr(path.starts_with('/') ? 1 : 0), '/')) {
    if (part == ".") continue;
    if (part != "..")
      kept.emplace_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  return "/" + base::join(kept, "/");
}

// As net/url writes a path: what may not stand there is escaped.
std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos)
      out += fmt::format("%{:02X}", byte);
    else
      out += c;
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// `reference` (without a fragment) as seen from the document `base`.
std::string joined(std::string_view base, std::string_view reference) {
  if (reference.empty()) return std::string(base);
  if (has_scheme(reference)) return std::string(reference);
  size_t authority = base.find("://");
  if (authority == base.npos) return std::string(reference);  // urn:...
  size_t path = base.find('/', authority + 3);
  std::string_view root = base.substr(0, path), rest = path == base.npos ? "/" : base.substr(path);
  if (reference.starts_with("//")) return fmt::format("{}:{}", base.substr(0, authority), reference);
  if (reference.starts_with('/')) return fmt::format("{}{}", root, escaped(without_dots(reference)));
  return fmt::format("{}{}", root,
                     escaped(without_dots(fmt::format("{}{}", rest.substr(0, rest.rfind('/') + 1), reference))));
}

Error invalid(std::string text) {
  return Error(ErrorKind::invalid, std::move(text));
}

// ---- where schemas stand in schemas

enum class Holds { schema, list, members, schema_or_list };
struct Keyword {
  std::string_view name;
  Holds holds;
  int from = 4, to = 9999;  // drafts
  bool only_kept = false;   // a place to refer to; nothing is checked by it
};
constexpr Keyword kKeywords[] = {{"definitions", Holds::members, 4, 9999, true},
                                 {"$defs", Holds::members, 2019, 9999, true},
                                 {"not", Holds::schema},
                                 {"allOf", Holds::list},
                                 {"anyOf", Holds::list},
                                 {"oneOf", Holds::list},
                                 {"properties", Holds::members},
                                 {"patternProperties", Holds::members},
                                 {"additionalProperties", Holds::schema},
                                 {"items", Holds::schema_or_list},
                                 {"additionalItems", Holds::schema, 4, 2019},
                                 {"dependencies", Holds::members},
                                 {"propertyNames", Holds::schema, 6},
                                 {"contains", Holds::schema, 6},
                                 {"if", Holds::schema, 7},
                                 {"then", Holds::schema, 7},
                                 {"else", Holds::schema, 7},
                                 {"unevaluatedProperties", Holds::schema, 2019},
                                 {"unevaluatedItems", Holds::schema, 2019},
                                 {"dependentSchemas", Holds::members, 2019},
                                 {"contentSchema", Holds::schema, 2019},
                                 {"prefixItems", Holds::list, 2020}};

// Calls `found(schema, keyword, step)` for each schema right below.
template <class Found>
Result<> each_below(const Value& schema, int draft, Found found) {
  const Value* held[std::size(kKeywords)] = {};
  bool any = false;
  for (const value::Member& m : schema.members()) {
    for (size_t k = 0; k < std::size(kKeywords); ++k) {
      if (kKeywords[k].name != m.key.view() || draft < kKeywords[k].from || draft > kKeywords[k].to) continue;
      held[k] = &m.value;
      any = true;
    }
  }
  for (size_t k = 0; any && k < std::size(kKeywords); ++k) {
    const Keyword& keyword = kKeywords[k];
    if (held[k] == nullptr) continue;
    const Value& here = *held[k];
    if (keyword.holds == Holds::members) {
      for (const value::Member& m : here.members())
        if (!m.value.is_array()) OR_RETURN(found(m.value, keyword, {.keyword = keyword.name, .member = m.key.view()}));
    } else if (here.is_array()) {
      for (size_t i = 0; keyword.holds != Holds::schema && i < here.size(); ++i)
        OR_RETURN(found(here[i], keyword, {.keyword = keyword.name, .index = i}));
    } else if (keyword.holds != Holds::list) {
      OR_RETURN(found(here, keyword, {.keyword = keyword.name}));
    }
  }
  return {};
}

}  // namespace

std::string SchemaDocuments::Trail::pointer() const {
  std::string out = up != nullptr ? up->pointer() : std::string(start);
  if (step.keyword.empty()) return out;
  out += '/';
  out += step.keyword;
  if (step.member) out += "/" + value::pointer_escape(*step.member);
  if (step.index) out += fmt::format("/{}", *step.index);
  return out;
}

const SchemaAt* SchemaDocuments::target(const Value* schema) const {
  auto found = targets_.find(schema);
  return found == targets_.end() ? nullptr : &found->second;
}

const SchemaAt* SchemaDocuments::dynamic(const Value* schema) const {
  auto found = dynamic_.find(schema);
  return found == dynamic_.end() ? nullptr : &found->second;
}

Result<SchemaAt> SchemaDocuments::add(const std::string& address, Value root, std::string_view text) {
  first_ = address;
  Document* document = OR_RETURN(read(address, std::move(root), text));
  wait_for(document->root, document, kept(address));
  OR_RETURN(compile());
  return SchemaAt{&document->root, document->draft, address + "#"};
}

Result<SchemaAt> SchemaDocuments::add_metaschema(int draft) {
  std::string address(metaschema_address(draft));
  return add(address, *metaschema(address));
}

Result<SchemaDocuments::Document*> SchemaDocuments::load(const std::string& address) {
  if (auto known = documents_.find(address); known != documents_.end()) return known->second.get();
  if (const Value* own = metaschema(address)) return read(address, *own);
  auto failed = [&](std::string_view why) {
    return invalid(fmt::format("failing loading {}: {}", go_quote(address), why));
  };
  if (documents_.size() >= kDocumentsMax) return failed("too many documents");
  if (address.starts_with("urn:")) {
    // Helm says so and takes anything.
    warnings_.push_back("jsonschema.go:192: WARNING: unresolved URN reference ignored; using permissive schema: " +
                        address);
    return read(address, Value(true));
  }
  if (address.starts_with("file://")) {
    // Charts read no files but their own: this one's file system is empty.
    return failed(fmt::format("open {}: no such file or directory", unescaped(address.substr(7))));
  }
  if (!address.starts_with("http://") && !address.starts_with("https://"))
    return failed("no URLLoader registered for " + go_quote(address));
  auto fetched = elsewhere_.find(address);
  if (fetched == elsewhere_.end()) {
    missing_.push_back(address);
    return failed("schemas from elsewhere are not fetched here");
  }
  if (!fetched->second) return failed(fetched->second.error().message());
  auto root = value::parse_json(*fetched->second, {.any_number = true});
  if (!root) return failed(value::go_json_error(*fetched->second).value_or(root.error().message()));
  return read(address, std::move(*root), *fetched->second);
}

Result<int> SchemaDocuments::draft_for(const Value& root, const std::string& address) {
  const Value& said = root["$schema"];
  if (!said.is_string()) return 2020;
  if (int draft = draft_of(said.as_string())) return draft;
  if (auto wrong = format_fault("uri-reference", said.as_string()))
    return invalid(fmt::format("invalid $schema in \"{}#\": {}", address, *wrong));
  std::string elsewhere = parted(said.as_string()).document;
  if (elsewhere == address) return 2020;
  return OR_RETURN(load(elsewhere))->draft;
}

std::string SchemaDocuments::spelling(const Value& number) const {
  for (const auto& [_, document] : documents_) {
    if (document->text.empty()) continue;
    if (!document->spellings) document->spellings = number_spellings(document->text, document->root);
    if (auto said = document->spellings->find(&number); said != document->spellings->end())
      return std::string(said->second);
  }
  return value::to_json(number);
}

Result<SchemaDocuments::Document*> SchemaDocuments::read(const std::string& address, Value root,
                                                         std::string_view text) {
  auto document = std::make_unique<Document>();
  document->address = address;
  document->root = std::move(root);
  document->text = text;
  document->draft = OR_RETURN(draft_for(document->root, address));
  bool is_own = metaschema(address) != nullptr;
  if (is_own)
    for (int draft : {4, 6, 7, 2019, 2020})
      if (address.starts_with(metaschema_address(draft).substr(0, metaschema_address(draft).rfind('/')))) {
        document->draft = draft;
      }
  OR_RETURN(gather(*document, document->root, address, {}, 0));
  Document* read = documents_.insert_or_assign(address, std::move(document)).first->second.get();
  if (!is_own) OR_RETURN(valid(*read, read->root, ""));
  return read;
}

// The names that it gives to places in it.
Result<> SchemaDocuments::gather(Document& document, const Value& schema, const std::string& outer, const Trail& trail,
                                 int depth) {
  if (depth > kDepthMax) return Error(ErrorKind::too_large, "values.schema.json: nested too deeply");
  document.known.insert(&schema);
  if (!schema.is_object()) return {};
  const Value& id = schema[document.draft == 4 ? "id" : "$id"];
  std::string own;  // the address that it gives itself
  const std::string* base = &outer;
  bool has_id = id.is_string() && !(document.draft < 2019 && schema.has("$ref"));
  if (has_id) {
    if (format_fault("uri-reference", id.as_string()))
      return invalid(fmt::format("error in parsing id at \"{}#{}\"", document.address, trail.pointer()));
    Address address = parted(id.as_string());
    if (!address.document.empty()) {
      own = joined(outer, address.document);
      base = &own;
      auto [at, fresh] = document.resources.try_emplace(own, &schema, trail.pointer());
      if (!fresh)
        return invalid(fmt::format("duplicate id \"{}\" in \"{}\" at \"{}\" and \"{}\"", own, document.address,
                                   at->second.second, trail.pointer()));
    }
    if (document.draft < 2019 && !address.fragment.empty())
      document.anchors.try_emplace(*base + "#" + address.fragment, &schema, trail.pointer());
  }
  for (const char* word : {"$anchor", "$dynamicAnchor"}) {
    int since = word[1] == 'd' ? 2020 : 2019;
    if (document.draft < since || !schema[word].is_string()) continue;
    auto [at, fresh] = document.anchors.try_emplace(*base + "#" + schema[word].str(), &schema, trail.pointer());
    if (!fresh && at->second.first != &schema)
      return invalid(fmt::format("duplicate anchor \"{}\" in \"{}\" at \"{}\" and \"{}\"", schema[word].as_string(),
                                 document.address, at->second.second, trail.pointer()));
  }
  return each_below(schema, document.draft, [&](const Value& below, const Keyword&, Step step) {
    return gather(document, below, *base, {&trail, {}, step}, depth + 1);
  });
}

Result<> SchemaDocuments::valid(const Document& document, const Value& schema, const std::string& pointer) {
  if (!check_) return {};
  return check_(document.draft, schema, fmt::format("\"{}#{}\"", document.address, pointer), *this);
}

const std::string* SchemaDocuments::kept(const std::string& base) {
  return &*bases_.insert(base).first;
}

void SchemaDocuments::wait_for(const Value& schema, Document* document, const std::string* base) {
  if (schema.is_object() && compiled_.insert(&schema).second) waiting_.push_back({&schema, document, base});
}

Result<> SchemaDocuments::compile() {
  while (!waiting_.empty()) {
    Waiting now = waiting_.front();
    waiting_.pop_front();
    const Value& schema = *now.schema;
    int draft = now.document->draft;
    bool only_ref = draft < 2019 && schema.has("$ref");
    if (const Value& id = schema[draft == 4 ? "id" : "$id"]; id.is_string() && !only_ref)
      now.base = kept(joined(*now.base, parted(id.as_string()).document));
    for (const char* word : {"$ref", "$recursiveRef", "$dynamicRef"}) {
      int since = word[1] == 'd' ? 2020 : word == std::string_view("$ref") ? 4 : 2019;
      if (draft >= since && schema[word].is_string()) OR_RETURN(refer(now, schema[word].str()));
    }
    if (only_ref) continue;
    OR_RETURN(each_below(schema, draft, [&](const Value& below, const Keyword& keyword, const Step&) {
      if (!keyword.only_kept) wait_for(below, now.document, now.base);
      return Result<>();
    }));
  }
  return {};
}

Result<> SchemaDocuments::refer(const Waiting& from, const std::string& reference) {
  Address to = parted(reference);
  std::string address = joined(*from.base, to.document);
  SchemaAt found = OR_RETURN(find(address, unescaped(to.fragment)));
  // What the first document says of the same name comes before.
  bool recursive = (*from.schema)["$recursiveRef"].is_string() && found.schema != nullptr &&
                   (*found.schema)["$recursiveAnchor"].as_bool();
  bool dynamic = (*from.schema)["$dynamicRef"].is_string() && found.schema != nullptr &&
                 (*found.schema)["$dynamicAnchor"].as_string() == to.fragment;
  if (recursive || dynamic) {
    const Document& first = *documents_.at(first_);
    const Value* outer = nullptr;
    if (recursive && first.root["$recursiveAnchor"].as_bool()) outer = &first.root;
    if (auto anchor = first.anchors.find(first_ + "#" + to.fragment); dynamic && anchor != first.anchors.end())
      outer = anchor->second.first;
    if (outer != nullptr) {
      dynamic_[from.schema] = {outer, first.draft, first_ + "#"};
      return {};
    }
  }
  if (reference == (*from.schema)["$ref"].str())
    targets_[from.schema] = std::move(found);
  else
    dynamic_[from.schema] = std::move(found);
  return {};
}

Result<SchemaAt> SchemaDocuments::find(const std::string& address, const std::string& fragment) {
  Document* document = nullptr;
  const Value* at = nullptr;
  std::string pointer, base = address;
  if (auto known = documents_.find(address); known != documents_.end()) {
    document = known->second.get();
    at = &document->root;
  }
  for (const auto& [its, one] : documents_) {
    auto resource = one->resources.find(address);
    if (at != nullptr || resource == one->resources.end()) continue;
    document = one.get();
    std::tie(at, pointer) = resource->second;
  }
  if (at == nullptr) {
    document = OR_RETURN(load(address));
    at = &document->root;
  }
  if (!fragment.empty() && !fragment.starts_with('/')) {
    auto anchor = document->anchors.find(address + "#" + fragment);
    if (anchor == document->anchors.end())
      for (const auto& [name, place] : document->anchors)
        if (place.first == at || name == document->address + "#" + fragment) anchor = document->anchors.find(name);
    if (anchor == document->anchors.end())
      return invalid(
          fmt::format("anchor in \"{}#{}\" not found in schema \"{}\"", address, fragment, document->address));
    std::tie(at, pointer) = anchor->second;
  } else if (!fragment.empty()) {
    pointer += fragment;
    std::string whole = fmt::format("\"{}#{}\"", document->address, pointer);
    for (std::string_view part : base::split(std::string_view(fragment).substr(1), '/')) {
      for (size_t i = 0; i < part.size(); ++i)
        if (part[i] == '~' && (i + 1 == part.size() || (part[i + 1] != '0' && part[i + 1] != '1')))
          return invalid("invalid json-pointer " + whole);
      std::string key = base::replace_all(base::replace_all(std::string(part), "~1", "/"), "~0", "~");
      const Value* below = nullptr;
      if (at->is_array()) {
        auto index = base::parse_int(key);
        if (index && *index >= 0 && static_cast<size_t>(*index) < at->size())
          below = &(*at)[static_cast<size_t>(*index)];
      } else {
        below = at->find(key);
      }
      if (below == nullptr) return invalid(fmt::format("json-pointer in {} not found", whole));
      at = below;
    }
  }
  if (!document->known.contains(at)) {
    OR_RETURN(valid(*document, *at, pointer));
    OR_RETURN(gather(*document, *at, base, {.start = pointer}, 0));
  }
  wait_for(*at, document, kept(base));
  return SchemaAt{at, document->draft, fmt::format("{}#{}", document->address, pointer)};
}

}  // namespace slipway::render::helm
