// Reads the table language in two passes: first every name (types, enums, kinds), then the lines below them, so that
// files may refer to one another in any order. It runs at the first use of a kind, in every process: a token is a view
// into the text, and a field costs its name and little else (all built-in tables: about a millisecond).
#include "kinds/table.h"

#include <charconv>

#include "base/text.h"
#include "kinds/table_line.h"
#include "value/json.h"

namespace slipway::kinds {
namespace {

using base::Place;

struct Scalar {
  std::string_view word;
  Shape shape;
};
constexpr Scalar scalars[] = {
    {"string", Shape::string},
    {"bool", Shape::boolean},
    {"int32", Shape::int32},
    {"int64", Shape::int64},
    {"uint32", Shape::int64},
    {"double", Shape::number},
    {"bytes", Shape::bytes},
    {"Quantity", Shape::quantity},
    {"Time", Shape::time},
    {"MicroTime", Shape::micro_time},
    {"IntOrString", Shape::int_or_string},
    {"Duration", Shape::duration},
    {"any", Shape::any},
};

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  for (std::string_view word : base::split(list, ',')) out.emplace_back(word);
  return out;
}

std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

class Reader {
 public:
  Reader(Tables& out, Newer newer) : out_(out), newer_(newer) {
    for (const Scalar& s : scalars) {
      auto type = std::make_shared<FieldType>();
      type->shape = s.shape;
      by_word_.emplace(s.word, std::move(type));
    }
  }

  Result<void> names(TableText file) { return each_line(file, &Reader::name_line); }
  Result<void> bodies(TableText file) {
    kind_ = nullptr;
    type_ = nullptr;
    return each_line(file, &Reader::body_line);
  }
  void finish() {
    for (Type& type : out_.types) type.index();
  }

 private:
  using Step = Result<void> (Reader::*)(std::string_view line, std::string_view description);

  Result<void> each_line(TableText file, Step step) {
    int number = 0;
    std::string_view text = file.text;
    group_ = version_ = package_ = go_package_ = {};  // a file's lines belong to no group of the one before
    resolved_.clear();
    foreign_ = false;
    bool left_out = false;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      ++number;
      if (line.empty() || line[0] == '#') continue;
      if (line[0] != ' ') left_out = false;
      if (line.ends_with(" newer")) {
        line.remove_suffix(6);
        if (newer_ == Newer::left_out) {
          left_out = left_out || line[0] != ' ';
          continue;
        }
      }
      if (left_out) continue;
      std::string_view description;
      if (size_t dashes = line.find(" -- "); dashes != line.npos) {
        description = base::trim(line.substr(dashes + 4));
        line = line.substr(0, dashes);
      }
      auto done = (this->*step)(line, description);
      if (!done) return std::move(done).error().at(Place{std::string(file.file), number, 0});
    }
    return {};
  }

  // First pass: "group", "enum", "type" and "kind" lines.
  Result<void> name_line(std::string_view text, std::string_view description) {
    if (text[0] == ' ') {
      if (!lines_.empty()) ++lines_.back();
      return {};
    }
    TableLine line(text);
    std::string_view what = line.next(), name = line.next();
    if (what == "group") return open_group(name, line);
    if (package_.empty())
      return fail(ErrorKind::invalid, "{} {}: expected a group line with a package above it", what, name);
    if (what == "enum") {
      Enum& e = out_.enums.emplace_back();
      e.name = fmt::format("{}.{}", go_package_, name);
      for (std::string_view value = line.next(); !value.empty(); value = line.next())
        e.values.emplace_back(unquoted(value));
      auto type = std::make_shared<FieldType>();
      type->named = &e;
      type->shape = Shape::string;
      by_name_[fmt::format("{}.{}", package_, name)] = std::move(type);
      return {};
    }
    if (what != "type" && what != "kind")
      return fail(ErrorKind::invalid, "{}: expected group, enum, type, kind or an indented line", what);
    Type& type = out_.types.emplace_back();
    type.name = fmt::format("{}.{}", package_, name);
    type.description = description;
    lines_.push_back(what == "kind" ? 2 : 0);
    if (!out_.type_by_name.emplace(type.name, &type).second)
      return fail(ErrorKind::invalid, "{}: there is such a type already", type.name);
    auto reference = std::make_shared<FieldType>();
    reference->shape = Shape::object;
    reference->type = &type;
    by_name_[type.name] = std::move(reference);
    return {};
  }

  Result<void> open_group(std::string_view group_version, TableLine& line) {
    size_t slash = group_version.find('/');
    group_ = slash == group_version.npos ? "" : group_version.substr(0, slash);
    version_ = slash == group_version.npos ? group_version : group_version.substr(slash + 1);
    package_ = line.next();
    resolved_.clear();
    go_package_ = package_.substr(package_.rfind('.') + 1);
    foreign_ = line.next() == "foreign";
    return {};
  }

  // Second pass.
  Result<void> body_line(std::string_view text, std::string_view description) {
    TableLine line(text);
    std::string_view first = line.next();
    if (text[0] == ' ') {
      if (!type_) return fail(ErrorKind::invalid, "{}: a field needs a type or kind line above it", first);
      return first == "column" ? column(line, description) : field(first, line, description);
    }
    std::string_view name = line.next();
    if (first == "group") return open_group(name, line);
    if (first == "enum") return {};
    type_ = out_.type_by_name.at(fmt::format("{}.{}", package_, name));
    type_->fields.reserve(lines_[next_type_++]);
    kind_ = nullptr;
    if (first == "kind") return kind(name, line);
    for (std::string_view word = line.next(); !word.empty(); word = line.next()) {
      if (word == "atomic")
        type_->atomic = true;
      else if (word == "open")
        type_->preserve_unknown = true;
      else
        return fail(ErrorKind::invalid, "type {}: {}: expected atomic or open", name, word);
    }
    return {};
  }

  Result<void> kind(std::string_view name, TableLine& line) {
    kind_ = &out_.kinds.emplace_back();
    kind_->id = {std::string(group_), std::string(version_), std::string(name)};
    kind_->type = type_;
    for (std::string_view meta : {"apiVersion", "kind"}) {  // TypeMeta: in JSON, not in protobuf
      Field& f = type_->fields.emplace_back();
      f.name = meta;
      f.type = *by_word_.at("string");
    }
    kind_->builtin = !foreign_;
    kind_->singular = base::to_lower(name);
    kind_->plural = line.next();
    kind_->verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    if (foreign_) kind_->has_generation = true, kind_->unconditional_update = false, kind_->controller_missing = true;
    if (kind_->plural == "-") kind_->plural.clear(), kind_->verbs.clear(), kind_->served = false;
    for (std::string_view word = line.next(); !word.empty(); word = line.next()) {
      size_t equals = word.find('=');
      std::string_view key = word.substr(0, equals), list = equals == word.npos ? "" : word.substr(equals + 1);
      if (key == "short")
        kind_->short_names = words(list);
      else if (key == "categories")
        kind_->categories = words(list);
      else if (key == "subresources")
        kind_->subresources = words(list);
      else if (key == "name")
        kind_->name_rule = list;
      else if (key == "verbs")
        kind_->verbs = words(list);
      else if (key == "selectors")
        kind_->field_selectors = words(list);
      else if (key == "cluster")
        kind_->namespaced = false;
      else if (key == "generation")
        kind_->has_generation = true;
      else if (key == "create-on-update")
        kind_->create_on_update = true;
      else if (key == "conditional-update")
        kind_->unconditional_update = false;
      else if (key == "delete-returns-object")
        kind_->delete_returns_object = true;
      else if (key == "no-controller")
        kind_->controller_missing = true;
      else if (key == "controlled")
        kind_->controller_missing = false;
      else if (key == "unserved")
        kind_->served = false;
      else if (key == "open")
        type_->preserve_unknown = true;
      else
        return fail(ErrorKind::invalid, "kind {}: unknown word {}", name, word);
    }
    return {};
  }

  // column NAME TYPE SOURCE [wide] [format=F]
  Result<void> column(TableLine& line, std::string_view description) {
    if (!kind_) return fail(ErrorKind::invalid, "a column needs a kind above it");
    Column& c = kind_->columns.emplace_back();
    c.name = unquoted(line.next());
    c.type = line.next();
    c.source = unquoted(line.next());
    c.description = description;
    for (std::string_view word = line.next(); !word.empty(); word = line.next()) {
      if (word == "wide")
        c.priority = 1;
      else if (word.starts_with("format="))
        c.format = word.substr(7);
      else
        return fail(ErrorKind::invalid, "column {}: {}: expected wide or format=", c.name, word);
    }
    if (c.source.empty()) return fail(ErrorKind::invalid, "column {}: expected NAME TYPE SOURCE", c.name);
    return {};
  }

  // NAME TAG TYPE words...
  Result<void> field(std::string_view name, TableLine& line, std::string_view description) {
    Field& f = type_->fields.emplace_back();
    f.name = name;
    f.description = description;
    std::string_view tag = line.next();
    if (auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), f.tag);
        error != std::errc{} || end != tag.data() + tag.size())
      return fail(ErrorKind::invalid, "{}: expected a protobuf number (0: none), got {}", name, tag);
    std::string_view type = line.next();
    f.pointer = foreign_;
    if (type.starts_with('*')) f.pointer = true, type.remove_prefix(1);
    auto found = resolve(type);
    if (!found) return fail(ErrorKind::invalid, "{}: unknown type {}", name, type);
    f.type = **found;
    bool omit_empty = false;
    for (std::string_view word = line.next(); !word.empty(); word = line.next()) {
      if (word == "=") {
        f.fallback = OR_RETURN(literal(line.next()));
      } else if (word == "required") {
        f.required = true;
      } else if (word == "always") {
        f.always = true;
      } else if (word == "omitempty") {
        omit_empty = true;
      } else if (word == "omitzero") {
        f.omit_zero = true;
      } else if (word == "nullable") {
        f.nullable = true;
      } else if (word == "immutable") {
        f.immutable = true;
      } else if (word == "inline") {
        f.inlined = true;
      } else if (word == "boxed") {
        f.boxed = true;
      } else if (word.starts_with("choice=")) {
        auto choice = resolve(word.substr(7));
        if (!choice || !(*choice)->type) return fail(ErrorKind::invalid, "{}: {}: expected a type", name, word);
        f.choice = (*choice)->type;
      } else if (word == "retain-keys") {
        f.retain_keys = true;
      } else if (word == "set") {
        f.list_kind = ListKind::set, f.list_marked = true;
      } else if (word.starts_with("map=")) {
        f.list_kind = ListKind::map, f.list_marked = true;
        f.list_keys = words(word.substr(4));
      } else if (word == "merge") {
        f.merge = true;
      } else if (word.starts_with("merge=")) {
        f.merge = true;
        f.merge_key = word.substr(6);
      } else if (word == "atomic") {
        if (f.type.shape == Shape::list)
          f.list_marked = true;  // atomic it would be anyway
        else
          f.atomic_map = true;
      } else if (word == "shown") {
        f.fallback_shown = true;
      } else {
        f.rules.emplace_back(word);
      }
    }
    if (f.required && !omit_empty && !foreign_) f.always = true;
    return {};
  }

  Result<Value> literal(std::string_view text) {
    if (text == "true") return Value(true);
    if (text == "false") return Value(false);
    if (text == "{}") return Value::object();
    auto parsed = value::parse_json(text);
    if (!parsed) return fail(ErrorKind::invalid, "{}: expected a default as JSON", text);
    return parsed;
  }

  // Most words are met again and again within a package.
  const std::shared_ptr<const FieldType>* resolve(std::string_view word) {
    auto [known, added] = resolved_.try_emplace(word);
    if (added) known->second = look_up(word);
    return known->second;
  }

  const std::shared_ptr<const FieldType>* look_up(std::string_view word) {
    if (auto found = by_word_.find(word); found != by_word_.end()) return &found->second;
    if (word.starts_with("[]") || word.starts_with("{}")) {
      auto element = look_up(word.substr(2));
      if (!element) return nullptr;
      auto type = std::make_shared<FieldType>();
      type->shape = word[0] == '[' ? Shape::list : Shape::map;
      type->element = *element;
      return &compound_.emplace_back(std::move(type));
    }
    std::string name;
    for (std::string_view package :
         {package_, std::string_view("io.k8s.api.core.v1"), std::string_view("io.k8s.apimachinery.pkg.apis.meta.v1")}) {
      name.assign(package).append(".").append(word);
      if (auto found = by_name_.find(name); found != by_name_.end()) return &found->second;
    }
    auto found = by_name_.find(std::string(word));
    return found == by_name_.end() ? nullptr : &found->second;
  }

  Tables& out_;
  Newer newer_;
  std::string_view group_, version_, package_, go_package_;
  bool foreign_ = false;
  Kind* kind_ = nullptr;
  Type* type_ = nullptr;
  std::unordered_map<std::string_view, std::shared_ptr<const FieldType>> by_word_;  // scalars
  std::unordered_map<std::string, std::shared_ptr<const FieldType>> by_name_;       // types and enums, full names
  std::deque<std::shared_ptr<const FieldType>> compound_;                           // lists and maps
  std::unordered_map<std::string_view, const std::shared_ptr<const FieldType>*> resolved_;  // in the package being read
  std::vector<size_t> lines_;  // below each type, in table order
  size_t next_type_ = 0;
};

}  // namespace

Result<void> read_tables(Tables& into, const std::vector<TableText>& files, Newer newer) {
  Reader reader(into, newer);
  for (const TableText& file : files) OR_RETURN(reader.names(file));
  for (const TableText& file : files) OR_RETURN(reader.bodies(file));
  reader.finish();
  return {};
}

const Tables& builtin_tables() {
  static const Tables& tables = *[] {
    auto* t = new Tables;
    auto read = read_tables(*t, builtin_table_texts());
    if (!read) {
      fmt::print(stderr, "built-in kind tables: {}\n", read.error().str());
      SLIPWAY_CHECK(read.has_value());
    }
    return t;
  }();
  return tables;
}

}  // namespace slipway::kinds
