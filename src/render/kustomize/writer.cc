// Lines are looked up only when they are told. What stands in a file of resources stands where it stood when it was
// read; an operation says itself what it writes; a merge is walked along the path of the field, and an element of its
// lists is the one that the finished element holds all of.
#include "render/kustomize/writer.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/patch_schema.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/patch.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
constexpr const char* element_keys[] = {"name",       "key", "mountPath", "containerPort", "port",
                                        "devicePath", "ip",  "host",      "path",          "type"};

std::optional<bool> same_name(const Value& a, const Value& b) {
  for (const char* key : element_keys)
    if (const Value *x = a.find(key), *y = b.find(key); x && y) return *x == *y;
  return std::nullopt;
}

namespace {

bool is_directive(std::string_view key) {
  return key.starts_with('$');
}

// Whether a merge of `part` can have left `whole`.
bool holds(const Value& whole, const Value& part) {
  if (part.is_object())
    return whole.is_object() && std::ranges::all_of(part.members(), [&](const value::Member& m) {
             const Value* there = whole.find(m.key.view());
             return is_directive(m.key.view()) || m.value.is_null() || (there && holds(*there, m.value));
           });
  if (part.is_array())
    return whole.is_array() && std::ranges::all_of(part.items(), [&](const Value& item) {
             return item.has(kinds::patch_directive) ||
                    std::ranges::any_of(whole.items(), [&](const Value& there) { return holds(there, item); });
           });
  return whole == part;
}

// An element of a patch's list; one that the finished element does not hold all of may have been written further.
std::optional<size_t> element_for(const Value& list, const Value& finished, size_t index) {
  auto fits = [&](size_t i, bool by_name) {
    const Value& item = list[i];
    if (!item.is_object() || item == finished) return item == finished;
    bool says_something =
        std::ranges::any_of(item.members(), [](const auto& m) { return !is_directive(m.key.view()); });
    if (!says_something || item[kinds::patch_directive].as_string() == "delete") return false;
    return by_name ? same_name(item, finished).value_or(false) : holds(finished, item);
  };
  for (bool by_name : {false, true}) {
    if (index < list.size() && fits(index, by_name)) return index;
    for (size_t i = list.size(); i-- > 0;)
      if (fits(i, by_name)) return i;
  }
  return std::nullopt;
}

struct Way {
  std::string pointer;
  size_t steps = 0;
};
// As far as `patch` goes along the path that leads through `whole`.
Way way_along(const Value& patch, const Value& whole, const std::vector<std::string>& path) {
  Way way;
  const Value *there = &patch, *here = &whole;
  for (const std::string& part : path) {
    if (here->is_array()) {
      size_t index = static_cast<size_t>(*base::parse_int(part));
      here = &(*here)[index];
      auto found = there->is_array() ? element_for(*there, *here, index) : std::nullopt;
      if (!found) return way;
      there = &(*there)[*found];
      way.pointer += fmt::format("/{}", *found);
    } else {
      here = &(*here)[part];
      there = there->find(part);
      if (!there) return way;
      way.pointer += "/" + value::pointer_escape(part);
    }
    ++way.steps;
  }
  return way;
}

std::string pointer_of(const std::vector<std::string>& path, size_t from = 0) {
  std::string pointer;
  for (size_t i = from; i < path.size(); ++i) pointer += "/" + value::pointer_escape(path[i]);
  return pointer;
}

}  // namespace

// The lines that hold one document of a text.
struct Writer::Part {
  std::string_view text;
  int lines_before = 0;

  static std::vector<Part> all_of(std::string_view text);
};
std::vector<Writer::Part> Writer::Part::all_of(std::string_view text) {
  std::vector<Part> parts{{text, 0}};
  int number = 0;
  for (size_t from = 0; from < text.size();) {
    ++number;
    size_t end = std::min(text.find('\n', from), text.size());
    if (text.substr(from, 3) == "---") {
      std::string_view& before = parts.back().text;
      before = before.substr(0, from - static_cast<size_t>(before.data() - text.data()));
      if (end < text.size()) parts.push_back({text.substr(end + 1), number});
    }
    from = end + 1;
  }
  return parts;
}

Writer::Writer(const Step& step)
    : what_(*step.field ? step.field : step.what), field_(step.field), plugin_(step.place) {
  if (step.is("resources")) what_.clear();
  if (*step.field && *step.what) what_ += fmt::format(": {}", step.what);
  file_ = step.text;
  const Kustomization* k = step.kustomization;
  if (step.spot)
    spot_ = *step.spot;
  else if (k && *step.field && plugin_.file.empty())
    spot_ = k->spot, spot_.pointer = fmt::format("/{}", step.field);
  if (!k) return;
  if (step.is("patches")) patch_ = k->patches[step.entry];
  if (step.is("patchesJson6902")) patch_ = k->json_patches[step.entry];
  if (step.is("patchesStrategicMerge")) strategic_ = k->strategic_patches;
  if (is_patch()) folder_ = *step.folder;
  if (step.vars && std::string_view(step.what) == "vars") vars_ = *step.vars;
}

const base::Place& Writer::entry() const {
  if (!entry_) entry_ = plugin_.file.empty() ? spot_.place() : plugin_;
  return *entry_;
}

const std::vector<Writer::Text>& Writer::texts() const {
  if (texts_) return *texts_;
  texts_.emplace();
  auto add = [&](std::optional<PatchSource> source) {
    if (!source) return;
    Text text{std::move(*source), {}};
    auto documents = value::parse_yaml_noted(*text.source.text, {}, yaml_limits, value::DuplicateKeys::last_wins);
    if (documents)
      for (value::Document& d : *documents) text.documents.push_back(value::written_meaning(d.value));
    texts_->push_back(std::move(text));
  };
  if (patch_) add(find_patch_source(*patch_, *folder_));
  for (const Named& patch : strategic_) add(find_patch_source(patch, *folder_));
  return *texts_;
}

const Value& Writer::operations() const {
  static const Value none = Value::array();
  if (!patch_ || texts().empty() || texts()[0].documents.empty()) return none;
  const Value& first = texts()[0].documents[0];
  return first.is_array() ? first : none;
}

base::Place Writer::field(const Writing& writing, const Value& before, const Value& after,
                          const base::Place& read) const {
  if (is_file()) return in_file(writing, after, read);
  if (writing.operation >= 0) return in_operation(writing);
  if (is_patch()) return in_merges(writing, before, after);
  return in_entry(writing, before);
}

base::Place Writer::in_file(const Writing& writing, const Value& after, const base::Place& read) const {
  if (!file_) return read;
  const Read& document = document_at(read.line);
  if (!document.value) return read;
  std::string prefix;
  const Value& v = *document.value;
  if (kinds::kind_of(v) != kinds::kind_of(after)) {
    const Value& items = v["items"];
    size_t i = 0;
    while (i < items.size() &&
           !(kinds::kind_of(items[i]) == kinds::kind_of(after) && kinds::name_of(items[i]) == kinds::name_of(after) &&
             kinds::namespace_of(items[i]) == kinds::namespace_of(after)))
      ++i;
    if (i == items.size()) return read;
    prefix = fmt::format("/items/{}", i);
  }
  base::Place place = document.places->find(0, prefix + pointer_of(writing.path));
  if (!place.line) return read;
  return {read.file, place.line + document.lines_before, place.column};
}

const Writer::Read& Writer::document_at(int line) const {
  if (!parts_) parts_ = std::make_shared<const std::vector<Part>>(Part::all_of(*file_));
  auto behind = std::ranges::upper_bound(*parts_, line, {}, &Part::lines_before);
  const Part& part = behind == parts_->begin() ? *behind : *std::prev(behind);
  if (read_ && read_->lines_before == part.lines_before) return *read_;
  read_.emplace(Read{part.lines_before, {}, {}});
  auto documents = value::parse_yaml_documents(part.text, {}, first_only, value::DuplicateKeys::last_wins);
  if (!documents || documents->empty()) return *read_;
  read_->value = std::move((*documents)[0].value);
  read_->places = std::make_shared<value::YamlPlaces>(std::make_shared<const std::string>(part.text), "");
  return *read_;
}

base::Place Writer::in_operation(const Writing& writing) const {
  const Text& text = texts()[0];
  const Value& operation = operations()[static_cast<size_t>(writing.operation)];
  std::string pointer = fmt::format("/{}", writing.operation);
  size_t length = value::pointer_split(operation["path"].str()).size();
  if (operation.has("value") && length <= writing.path.size())
    if (auto place = text.source.place(fmt::format("{}/value{}", pointer, pointer_of(writing.path, length)));
        place.line)
      return place;
  auto place = text.source.place(pointer);
  return place.line ? place : text.source.place("");
}

base::Place Writer::in_merges(const Writing& writing, const Value& before, const Value& after) const {
  const Text* best = nullptr;
  size_t document = 0;
  Way way;
  for (const Text& text : texts())
    for (size_t i = 0; i < text.documents.size(); ++i) {
      const Value& v = text.documents[i];
      bool named = kinds::kind_of(v) == kinds::kind_of(before) && !kinds::name_of(v).empty();
      if (!named && !(patch_ && patch_->target)) continue;
      Way found = way_along(v, after, writing.path);
      if (found.steps < std::max<size_t>(way.steps, 1)) continue;
      best = &text, document = i, way = std::move(found);
    }
  return best ? best->source.place(way.pointer, document) : base::Place{};
}

// Within an entry of a kustomization: which of several labels, literals, vars.
base::Place Writer::in_entry(const Writing& writing, const Value& before) const {
  if (writing.path.empty()) return {};
  const std::string& last = writing.path.back();
  for (const Var& var : vars_)
    if (before.at(pointer_of(writing.path)).as_string().find(fmt::format("$({})", var.name)) != std::string_view::npos)
      return var.spot.place();
  if (!spot_.text) return {};
  auto below = [&](std::string_view pointer) {
    Spot spot = spot_;
    spot.pointer += pointer;
    return spot.place();
  };
  if (field_ == "labels") return below("/pairs/" + value::pointer_escape(last));
  if (field_ == "commonLabels" || field_ == "commonAnnotations") return below("/" + value::pointer_escape(last));
  bool generated = field_ == "configMapGenerator" || field_ == "secretGenerator";
  if (!generated || writing.path.size() != 2) return {};
  if (writing.path[0] == "metadata") return below("/name");
  auto kustomization = read_first_document(*spot_.text, spot_.file);
  if (!kustomization) return {};
  const Value& entry = kustomization->at(spot_.pointer);
  for (const char* list : {"literals", "files"})
    for (size_t i = 0; i < entry[list].size(); ++i) {
      std::string_view said = entry[list][i].as_string();
      size_t equals = said.find('=');
      std::string_view key = equals == said.npos ? said.substr(said.rfind('/') + 1) : said.substr(0, equals);
      if (key == last) return below(fmt::format("/{}/{}", list, i));
    }
  return below(entry["envs"].size() ? "/envs" : "");
}

}  // namespace slipway::render::kustomize
