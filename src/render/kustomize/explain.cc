// After each step every followed object is held against what it was before: what shares its memory was not touched,
// what is equal was not meant, the rest was written by this step. Elements of lists are found again by their memory,
// then by their name, then by their place. Lines of files are looked up only when they are told, by walking the file
// along the finished field.
#include "render/kustomize/explain.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "render/kustomize/first_document.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

constexpr size_t kShownMax = 60;
constexpr std::string_view last_step = "buildMetadata";
constexpr const char* element_keys[] = {"name",       "key", "mountPath", "containerPort", "port",
                                        "devicePath", "ip",  "host",      "path",          "type"};

// Two elements of lists that mean the same thing in two states of the list.
bool same_element(const Value& a, const Value& b) {
  for (const char* key : element_keys) {
    const Value *x = a.find(key), *y = b.find(key);
    if (x || y) return x && y && *x == *y;
  }
  return false;
}

std::optional<size_t> find_element(const Value& list, const Value& wanted, size_t index) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].same_node(wanted) && (wanted.is_object() || wanted.is_array())) return i;
  if (index < list.size() && list[index] == wanted) return index;
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i] == wanted || same_element(list[i], wanted)) return i;
  return std::nullopt;
}

std::string shown(const Value& v) {
  std::string text = v.is_string() ? v.str() : value::to_json(value::plain_meaning(v));
  if (text.empty() || text.find('\n') != text.npos) text = value::to_json(Value(text));
  return text.size() > kShownMax ? text.substr(0, kShownMax) + "..." : text;
}

// The document of `text` that an object began as, or that a patch for it is.
struct Document {
  Value value;
  size_t number = 0;
  std::string prefix;  // of pointers: "/items/2"
};
std::optional<Document> document_for(const std::string& text, const base::Place& read, std::string_view kind,
                                     const std::vector<std::string>& names) {
  auto documents = value::parse_yaml_documents(text, {}, yaml_limits, value::DuplicateKeys::last_wins);
  if (!documents) return std::nullopt;
  auto fits = [&](const Value& v) {
    return kinds::kind_of(v) == kind && std::ranges::find(names, kinds::name_of(v)) != names.end();
  };
  for (size_t i = 0; read.line && i < documents->size(); ++i)
    if (const auto& d = (*documents)[i]; d.line == read.line && !d.value.has("items")) return Document{d.value, i, ""};
  for (size_t i = 0; i < documents->size(); ++i) {
    const auto& d = (*documents)[i];
    if (d.value.is_array() || fits(d.value)) return Document{d.value, i, ""};
    const Value& items = d.value["items"];
    for (size_t k = 0; k < items.size(); ++k)
      if (fits(items[k])) return Document{items[k], i, fmt::format("/items/{}", k)};
  }
  // A patch for whatever its target selects names nobody.
  if (documents->size() == 1) return Document{(*documents)[0].value, 0, ""};
  return std::nullopt;
}

// As far as `source` goes along the path that leads through `whole`; both may hold lists in different orders.
std::string pointer_along(const Value& source, const Value& whole, const std::vector<std::string>& path) {
  std::string pointer;
  const Value *there = &source, *here = &whole;
  for (const std::string& part : path) {
    if (here->is_array()) {
      size_t index = static_cast<size_t>(*base::parse_int(part));
      here = &(*here)[index];
      auto found = there->is_array() ? find_element(*there, *here, index) : std::nullopt;
      if (!found) return pointer;
      there = &(*there)[*found];
      pointer += fmt::format("/{}", *found);
      continue;
    }
    here = &(*here)[part];
    const Value* next = there->find(part);
    if (!next) return pointer;
    there = next;
    pointer += "/" + value::pointer_escape(part);
  }
  return pointer;
}

// The last operation that writes the field or something around it.
std::string operation_for(const Value& operations, const std::vector<std::string>& path) {
  std::string best;
  for (size_t i = 0; i < operations.size(); ++i) {
    auto tokens = value::pointer_split(operations[i]["path"].str());
    bool fits = tokens.size() <= path.size();
    for (size_t t = 0; fits && t < tokens.size(); ++t) fits = tokens[t] == path[t] || tokens[t] == "-";
    if (fits) best = fmt::format("/{}", i);
  }
  return best;
}

}  // namespace

// ---- following

Explanation::Origin Explanation::made(const Value& v, int step) {
  Origin origin{{step}, {}, {}};
  for (const auto& [key, item] : v.members()) origin.members.emplace(key.str(), made(item, step));
  for (const Value& item : v.items()) origin.items.push_back(made(item, step));
  return origin;
}

Explanation::Origin Explanation::changed(const Value& before, const Origin& origin, const Value& now, int step) {
  if (now.same_node(before) || now == before) return origin;
  Origin out;
  out.steps = origin.steps;
  if (now.is_object() && before.is_object()) {
    for (const auto& [key, item] : now.members()) {
      const Value* old = before.find(key);
      out.members.emplace(key.str(), old ? changed(*old, origin.members.at(key.str()), item, step) : made(item, step));
    }
  } else if (now.is_array() && before.is_array()) {
    for (size_t i = 0; i < now.size(); ++i) {
      auto found = find_element(before, now[i], i);
      bool in_place = !found && now.size() == before.size() && i < before.size() && !now[i].is_object();
      if (in_place) found = i;
      out.items.push_back(found ? changed(before[*found], origin.items.at(*found), now[i], step) : made(now[i], step));
    }
  } else {
    out = made(now, step);
    out.steps = origin.steps;
    out.steps.push_back(step);
  }
  return out;
}

int Explanation::note(const Step& step) {
  Done done;
  done.what = *step.field ? step.field : step.what;
  if (step.is("resources")) done.what.clear();
  if (step.is("transformers")) done.what = fmt::format("transformers: {}", step.what);
  if (const Kustomization* k = step.kustomization; k && *step.field) {
    Spot spot{k->spot.text, k->file, fmt::format("/{}", step.field)};
    bool listed = !step.is("namePrefix") && !step.is("nameSuffix") && !step.is("namespace") &&
                  !step.is("commonLabels") && !step.is("commonAnnotations");
    if (listed) {
      Spot entry = spot;
      entry.pointer += fmt::format("/{}", step.entry);
      done.place = entry.place();
    }
    if (!done.place.line) done.place = spot.place();
    auto add = [&](std::optional<PatchSource> source) {
      if (source) done.sources.push_back(std::move(*source));
    };
    if (step.is("patches") || step.is("patchesJson6902")) {
      const Patch& patch = (step.is("patches") ? k->patches : k->json_patches)[step.entry];
      if (!patch.spot.text) done.place = patch.spot.place();  // an Application's
      add(find_patch_source(patch, *step.folder));
    }
    if (step.is("patchesStrategicMerge"))
      for (const Named& patch : k->strategic_patches) add(find_patch_source(patch, *step.folder));
  }
  if (step.text) done.sources.push_back({step.text, "", 0, false, {}});
  steps_.push_back(std::move(done));
  return static_cast<int>(steps_.size()) - 1;
}

void Explanation::begin() {
  steps_.clear();
  followed_.clear();
  finished_.clear();
}

void Explanation::after(ResourceSet& set, const Step& step) {
  std::optional<int> number;
  auto this_step = [&] { return number ? *number : *(number = note(step)); };
  for (Resource& r : set.all()) {
    if (r.is_removed() || r.gvk().kind != kind_) continue;
    if (!r.number) {
      followed_.push_back({r.object(), made(r.object(), this_step()), r.origin, {std::string(r.name())}});
      r.number = static_cast<uint32_t>(followed_.size());
      continue;
    }
    Followed& known = followed_[r.number - 1];
    if (known.object.same_node(r.object())) continue;
    known.origin = changed(known.object, known.origin, r.object(), this_step());
    known.object = r.object();
    if (known.names.back() != r.name()) known.names.emplace_back(r.name());
  }
  if (!step.is("") || std::string_view(step.what) != last_step) return;
  for (const Resource& r : set.all())
    if (r.number) finished_.push_back(r.number);
}

// ---- telling

Result<std::string> Explanation::tell(const std::string& name) const {
  std::string out;
  std::vector<std::string> names;
  for (uint32_t number : finished_) {
    const Followed& followed = followed_[number - 1];
    if (std::ranges::find(followed.names, name) != followed.names.end()) tell_one(followed, out);
    names.insert(names.end(), followed.names.begin(), followed.names.end());
  }
  if (!out.empty()) return out;
  auto near = base::nearest(name, names);
  return fail(ErrorKind::not_found, "there is no {} {} in what is built{}", kind_, name,
              near ? fmt::format("; did you mean {}/{}?", kind_, *near) : "");
}

void Explanation::tell_one(const Followed& followed, std::string& out) const {
  std::string ns(kinds::namespace_of(followed.object));
  out += fmt::format("{}{} {}{}{}\n", out.empty() ? "" : "\n", kind_, ns, ns.empty() ? "" : "/", followed.names.back());
  std::vector<std::pair<std::string, std::string>> lines;
  tell_value(followed.object, followed.object, followed.origin, {}, followed, lines);
  size_t width = 0;
  for (const auto& [field, from] : lines) width = std::max(width, std::min<size_t>(field.size(), 72));
  for (const auto& [field, from] : lines) out += fmt::format("  {:<{}}  {}\n", field, width, from);
}

void Explanation::tell_value(const Value& whole, const Value& v, const Origin& origin,
                             const std::vector<std::string>& path, const Followed& followed,
                             std::vector<std::pair<std::string, std::string>>& lines) const {
  auto below = [&](const std::string& part) {
    auto longer = path;
    longer.push_back(part);
    return longer;
  };
  if (v.size() && (v.is_object() || v.is_array())) {
    for (const auto& [key, item] : v.members())
      tell_value(whole, item, origin.members.at(key.str()), below(key.str()), followed, lines);
    for (size_t i = 0; v.is_array() && i < v.size(); ++i)
      tell_value(whole, v[i], origin.items.at(i), below(std::to_string(i)), followed, lines);
    return;
  }
  std::string field;
  const Value* at = &whole;
  for (const std::string& part : path) {
    bool index = at->is_array();
    at = index ? &(*at)[static_cast<size_t>(*base::parse_int(part))] : &(*at)[part];
    if (index)
      field += fmt::format("[{}]", part);
    else if (part.find('.') != part.npos)
      field += fmt::format("[{}]", part);
    else
      field += (field.empty() ? "" : ".") + part;
  }
  bool secret = kind_ == "Secret" && path.size() > 1 && (path[0] == "data" || path[0] == "stringData");
  lines.emplace_back(fmt::format("{}: {}", field, secret ? "(not shown)" : shown(v)),
                     origin_words(whole, origin, path, followed));
}

std::string Explanation::origin_words(const Value& whole, const Origin& origin, const std::vector<std::string>& path,
                                      const Followed& followed) const {
  std::string out;
  for (size_t i = origin.steps.size(); i-- > 0;) {
    const Done& step = steps_[static_cast<size_t>(origin.steps[i])];
    base::Place field = place_of(step, whole, path, followed);
    bool in_entry = field.line == 0 || step.what.empty();
    std::string words = in_entry && !step.what.empty() ? step.place.str() : field.str();
    if (!step.what.empty()) words += (words.empty() ? "" : " ") + step.what;
    if (!in_entry && step.place.line && step.place.file != field.file) words += fmt::format(" ({})", step.place.str());
    out += (out.empty() ? "" : ", before: ") + words;
  }
  return out;
}

base::Place Explanation::place_of(const Done& step, const Value& whole, const std::vector<std::string>& path,
                                  const Followed& followed) const {
  for (const PatchSource& source : step.sources) {
    bool is_read = step.what.empty();
    auto document = document_for(*source.text, is_read ? followed.read : base::Place{}, kind_, followed.names);
    if (!document) continue;
    std::string pointer =
        document->value.is_array() ? operation_for(document->value, path) : pointer_along(document->value, whole, path);
    if (pointer.empty()) continue;
    base::Place place = source.place(document->prefix + pointer, document->number);
    if (is_read) place.file = followed.read.file;
    if (place.line) return place;
  }
  return step.what.empty() ? followed.read : base::Place{};
}

}  // namespace slipway::render::kustomize
