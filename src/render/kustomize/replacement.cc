#include "render/kustomize/replacement.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/shared_labels.h"
#include "render/kustomize/text_within.h"
#include "render/words.h"
#include "value/note.h"
#include "value/patch.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

std::vector<std::string> split_field_path(std::string_view path) {
  std::vector<std::string> pieces;
  for (std::string_view piece : base::split(path, '.')) {
    if (!pieces.empty() && pieces.back().ends_with('\\')) {
      pieces.back().back() = '.';
      pieces.back() += piece;
    } else {
      pieces.emplace_back(piece);
    }
  }
  if (pieces.size() > 1 && pieces[0].empty()) pieces.erase(pieces.begin());
  std::vector<std::string> out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::string part = pieces[i];
    if (part.starts_with('[') && !part.ends_with(']')) {
      while (i + 1 < pieces.size()) {
        part += "." + pieces[++i];
        if (part.ends_with(']')) break;
      }
      if (part.find('=') == part.npos) {
        part.erase(0, 1);
        if (part.ends_with(']')) part.pop_back();
      }
    }
    out.push_back(std::move(part));
  }
  return out;
}

namespace {

bool is_expression(const std::string& name) {
  return name.find_first_of(R"(\^$.|?*+()[]{})") != name.npos;
}

std::string text_of(const Value& v) {
  return scalar_text(v);
}

// An empty text without a type is null; what that comes to in braces value::written_meaning() knows.
Value untyped(std::string text) {
  return text.empty() ? value::noted(Value(), value::Note::made) : value::noted(Value(text), value::Note::untagged);
}

// Only the text of a scalar is written over another: the old one's type stays, and must still be what the text says.
Value retyped(const Value& old, std::string text) {
  if ((old.is_null() || value::note_of(old) == value::Note::untagged) && text.empty()) return untyped("");
  if (old.is_string() && value::note_of(old) != value::Note::spelled)  // untagged stays so too
    return value::noted(Value(text), value::note_of(old));
  std::string_view before = value::plain_tag(scalar_text(old)), after = value::plain_tag(text);
  if (before == after || (before == "float" && after == "int")) return value::scalar_as_written(text);
  return before == "str" ? value::scalar_as_written(text) : value::noted(Value(text), value::Note::misfit);
}

Result<Value> with_options(const Value& old, bool made, const Value& value, const FieldOptions& options) {
  bool scalar = !old.is_object() && !old.is_array();
  std::string text = text_of(value);
  if (!options.delimiter.empty()) {
    if (!scalar) return fail(ErrorKind::invalid, "delimiter option can only be used with scalar nodes");
    text = with_part(made ? "" : text_of(old), text, options);
  } else if (!scalar) {
    return value;
  }
  if (!made) return retyped(old, std::move(text));
  return untyped(std::move(text));
}

// A node by where it stands: names and, where the name is empty, indices.
struct Step {
  std::string name;
  size_t index = 0;
};
using Place = std::vector<Step>;

const Value* at_place(const Value& root, std::span<const Step> place) {
  const Value* at = &root;
  for (const Step& step : place) {
    if (at->is_array())
      at = step.name.empty() && step.index < at->size() ? &(*at)[step.index] : nullptr;
    else
      at = at->find(step.name);
    if (!at) return nullptr;
  }
  return at;
}

Value with_place(const Value& node, std::span<const Step> place, Value value) {
  if (place.empty()) return value;
  const Step& step = place[0];
  if (node.is_array())
    return node.with_item(step.index, with_place(node[step.index], place.subspan(1), std::move(value)));
  return node.with_member(step.name, with_place(node[step.name], place.subspan(1), std::move(value)));
}

// Nothing where there is nothing, or where a part does not fit what is there.
std::optional<Place> look_up(const Value& object, std::span<const std::string> path) {
  Place place;
  const Value* at = &object;
  for (const std::string& untrimmed : path) {
    std::string part(base::trim(untrimmed));
    if (part.empty()) continue;
    auto index = base::parse_int(part);
    bool is_match = part.starts_with('[') && part.ends_with(']');
    if (!index && part != "-" && !is_match) {
      at = at->find(part);
      if (!at) return std::nullopt;
      place.push_back({part, 0});
      continue;
    }
    if (!at->is_array()) return std::nullopt;
    size_t i = 0;
    if (part == "-") {
      i = at->size() - 1;
    } else if (index) {
      i = static_cast<size_t>(*index);
    } else {
      size_t equals = part.find('=');
      if (equals == part.npos) return std::nullopt;
      std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
      auto is_meant = [&](const Value& item) {
        const Value* says = name.empty() ? &item : item.find(name);
        return says && (says->is_string() ? says->as_string() == wanted : scalar_text(*says) == wanted);
      };
      while (i < at->size() && !is_meant((*at)[i])) ++i;
    }
    if (i >= at->size()) return std::nullopt;
    at = &(*at)[i];
    place.push_back({"", i});
  }
  return place;
}

// The first document of a text that may be YAML or JSON. Error: invalid when it is neither, or empty.
Result<Value> parse_text(const Value& scalar) {
  std::string text = scalar_text(scalar);
  auto read = OR_RETURN(value::parse_yaml_noted(text, {}, first_only));
  if (read.empty()) return fail(ErrorKind::invalid, "an empty text is no mapping");
  return std::move(read[0].value);
}

// The nodes that a path leads to, by where they stand. `create`: what is missing on the way is made, in the copy that
// find() returns. All are found before the first is written.
class Finder {
 public:
  Finder(const Value& value, bool create) : value_(value), create_(create) {}
  std::vector<Place> found;
  size_t lost = 0;  // found within something that nobody will ever look at
  bool lost_collection = false;

  Result<Value> find(const Value& node, std::span<const std::string> path) {
    if (path.empty()) {
      found.push_back(here_);
      return node;
    }
    const std::string& part = path[0];
    auto rest = path.subspan(1);
    if (auto index = base::parse_int(part); index && *index >= 0)
      return find_index(node, static_cast<size_t>(*index), rest);
    if (part.starts_with('[') && part.ends_with(']')) return find_matching(node, part, rest);
    if (part == "*") return find_all(node, rest);
    if (node.is_null()) {
      lost += create_;
      return node;
    }
    if (!node.is_object())
      return fail(ErrorKind::invalid, "expected a mapping with \"{}\", found {}", part, words(node.type()));
    const Value* field = node.find(part);
    if (!field && !create_) return node;
    if (field && !field->is_object() && !field->is_array() && !rest.empty()) return find_within(node, *field, rest);
    Value after = OR_RETURN(find_at({part, 0}, field ? *field : empty_for(rest), rest));
    return field && after.same_node(*field) ? node : node.with_member(part, std::move(after));
  }

 private:
  Result<Value> find_at(Step step, const Value& node, std::span<const std::string> rest) {
    here_.push_back(std::move(step));
    Value after = OR_RETURN(find(node, rest));
    here_.pop_back();
    return after;
  }
  // Mostly nothing was made, and a long list need not be copied.
  static Value with_found(Value list, size_t index, Value item) {
    return item.same_node(list[index]) ? list : list.with_item(index, std::move(item));
  }
  Value empty_for(std::span<const std::string> rest) const {
    if (rest.empty())
      return value_.is_object()  ? Value::object()
             : value_.is_array() ? Value::array()
                                 : value::noted(Value(), value::Note::made);
    return rest[0].starts_with('[') || base::parse_int(rest[0]) ? Value::array() : Value::object();
  }
  Result<> expect_list(const Value& node, std::string_view part) const {
    if (node.is_array() || node.is_null()) return {};
    return fail(ErrorKind::invalid, "{} is for lists, found {}", part, words(node.type()));
  }
  Result<Value> find_index(const Value& node, size_t index, std::span<const std::string> rest) {
    OR_RETURN(expect_list(node, fmt::format("index {}", index)));
    if (index == node.size() && create_) {
      if (node.is_array()) return node.appended(OR_RETURN(find_at({"", index}, empty_for(rest), rest)));
      ++lost;
      return node;
    }
    if (index >= node.size())
      return fail(ErrorKind::invalid, "index {} specified but only {} elements found", index, node.size());
    return with_found(node, index, OR_RETURN(find_at({"", index}, node[index], rest)));
  }
  Result<Value> find_all(const Value& node, std::span<const std::string> rest) {
    OR_RETURN(expect_list(node, "*"));
    Value out = node;
    for (size_t i = 0; i < node.size(); ++i)
      out = with_found(std::move(out), i, OR_RETURN(find_at({"", i}, node[i], rest)));
    return out;
  }
  // As it is written there: in its quotes, if it stands in some; of several lines as a block.
  static std::string written(const Value& v) {
    if (v.as_string().find('\n') != std::string_view::npos)
      return fmt::format("|\n  {}", base::replace_all(std::string(base::trim(v.as_string())), "\n", "\n  "));
    if (v.is_object() || v.is_array()) return std::string(base::trim(value::to_yaml(v)));
    if (value::note_of(v) == value::Note::quoted) return fmt::format("'{}'", scalar_text(v));
    return std::string(base::trim(scalar_text(v)));
  }
  // [name=web] or [=text]; what stands behind the = is a regular expression.
  Result<Value> find_matching(const Value& node, const std::string& part, std::span<const std::string> rest) {
    size_t equals = part.find('=');
    if (equals == part.npos) return fail(ErrorKind::invalid, "list entry key=value pair expected in \"{}\"", part);
    std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
    OR_RETURN(expect_list(node, part));
    RE2 pattern(wanted, RE2::Quiet);
    if (!pattern.ok()) return fail(ErrorKind::invalid, "\"{}\": {}", wanted, pattern.error());
    bool literal = !is_expression(wanted) && wanted.find('\n') == wanted.npos;
    auto matches = [&](const Value& v) {
      bool as_it_is = literal && v.is_string() && value::note_of(v) != value::Note::quoted;
      if (as_it_is && v.as_string().find(wanted) == std::string_view::npos) return false;
      return RE2::PartialMatch(written(v), pattern);
    };
    if (name.empty()) rest = {};
    Value out = node;
    size_t before = found.size() + lost;
    for (size_t i = 0; i < node.size(); ++i) {
      const Value* says = name.empty() ? &node[i] : node[i].find(name);
      if (says && matches(*says)) out = with_found(std::move(out), i, OR_RETURN(find_at({"", i}, node[i], rest)));
    }
    if (found.size() + lost != before || !create_) return out;
    if (node.is_null()) {
      ++lost;
      return node;
    }
    Value text = value::noted(Value(wanted), value::Note::untagged);
    Value made = name.empty() ? text : Value{{value::Key(name), text}};
    return out.appended(OR_RETURN(find_at({"", node.size()}, made, rest)));
  }
  // kustomize looks into a text that is YAML here too, and never puts back what is written there.
  Result<Value> find_within(const Value& node, const Value& field, std::span<const std::string> rest) {
    Finder inner(value_, create_);
    Value grown = OR_RETURN(inner.find(OR_RETURN(parse_text(field)), rest));
    lost += inner.found.size() + inner.lost;
    for (const Place& place : inner.found) {
      const Value* v = at_place(grown, place);
      lost_collection = lost_collection || (v && (v->is_object() || v->is_array()));
    }
    return node;
  }

  const Value& value_;
  const bool create_;
  Place here_;
};

// Where a replacement takes its value: unless a part of it is meant, it is the field itself, which the replacement may
// write to.
struct Taken {
  Value value;
  size_t resource = SIZE_MAX;
  Place place;
  bool with_notes = false;
};

void take_again(Taken& taken, bool is_source, const Value& object) {
  if (!is_source) return;
  if (const Value* now = at_place(object, taken.place)) taken.value = *now;
}

// Writes the value to each place. What it writes over the field that it takes the value from, it takes from then on.
Result<Value> write_at(const Value& object, const std::vector<Place>& places, Taken& taken, bool is_source,
                       const FieldOptions& options, const ResourceSet& set) {
  Value out = object;
  take_again(taken, is_source, out);
  for (const Place& place : places) {
    const Value& old = *at_place(out, place);
    bool made = value::note_of(old) == value::Note::made;
    // What is shared here is written out for each place in the end. Of a text that is written to again and again only
    // what it grows by counts.
    bool scalar = !old.is_object() && !old.is_array();
    size_t bytes_before = scalar ? old.memory_bytes() : 0;
    Value written = OR_RETURN(with_options(old, made, taken.value, options));
    OR_RETURN(set.charge(std::max(written.memory_bytes(), bytes_before) - bytes_before));
    out = with_place(out, place, std::move(written));
    take_again(taken, is_source, out);
  }
  return out;
}

// A path that leads into a text that is itself YAML or JSON: written inside, and put back in its own form. Nothing when
// it does not, or when that cannot be done.
std::optional<Value> write_within_text(const Value& object, std::span<const std::string> path, Taken& taken,
                                       bool is_source, const FieldOptions& options, const ResourceSet& set) {
  for (size_t i = 1; i < path.size(); ++i) {
    auto place = look_up(object, path.first(i));
    const Value* field = place ? at_place(object, *place) : nullptr;
    if (!field) return std::nullopt;  // and further on there is nothing either
    if (field->is_object() || field->is_array()) continue;
    auto written = written_within(scalar_text(*field), path.subspan(i), taken.value, options, set.budget);
    if (!written) return std::nullopt;
    Value out =
        field->is_string() ? with_place(object, *place, value::noted(Value(*written), value::note_of(*field))) : object;
    take_again(taken, is_source, out);
    return out;
  }
  return std::nullopt;
}

// Whether a resource is or was called so. kustomize does not ask here which kinds are cluster-scoped: such a one is in
// "default" now, and was in no namespace that can be said before.
bool is_selected(const Selector& selector, const Resource& r) {
  auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  auto matches = [&](const Id& id, const std::string& ns) {
    return fits(selector.group, id.gvk.group) && fits(selector.version, id.gvk.version) &&
           fits(selector.kind, id.gvk.kind) && fits(selector.name, id.name) && fits(selector.ns, ns);
  };
  for (size_t p = 0; p < r.previous_count(); ++p)
    if (Id id = r.previous(p); matches(id, id.scope)) return true;
  return matches(r.id(), r.scope_name().empty() ? "default" : std::string(r.scope_name()));
}

std::string describe(const Selector& s) {
  Id id{{s.group, s.version, s.kind}, s.name, s.ns};
  return id.str() + (s.ns.empty() ? "[noNs]" : "");
}

// Whether a path means all annotations, among which kustomize keeps its notes.
bool takes_notes(std::span<const std::string> path) {
  return !path.empty() && path[0] == "metadata" && (path.size() == 1 || (path.size() == 2 && path[1] == "annotations"));
}

Value object_for(const Resource& r, std::span<const std::string> path) {
  return takes_notes(path) ? with_notes(r) : r.object();
}

// All that are or were called so, and all at all where no name is said.
std::vector<size_t> called(ResourceSet& set, const std::string& name) {
  if (!name.empty()) return set.with_any_name(name);
  std::vector<size_t> all(set.all().size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Result<Taken> source_value(ResourceSet& set, const Replacement& r) {
  if (r.source_value && r.source)
    return fail(ErrorKind::invalid, "value and resource selectors are mutually exclusive");
  if (r.source_value) return Taken{value::noted(Value(*r.source_value), value::Note::untagged), SIZE_MAX, {}, false};
  const auto& all = set.all();
  size_t found = SIZE_MAX;
  for (size_t i : called(set, r.source->name)) {
    if (all[i].is_removed() || !is_selected(*r.source, all[i])) continue;
    if (found != SIZE_MAX) return fail(ErrorKind::invalid, "multiple matches for selector {}", describe(*r.source));
    found = i;
  }
  if (found == SIZE_MAX)
    return fail(ErrorKind::invalid, "nothing selected by {}:{}", describe(*r.source), r.source_path);
  auto path = split_field_path(r.source_path);
  Value object = object_for(all[found], path);
  auto place = look_up(object, path);
  const Value* field = place ? at_place(object, *place) : nullptr;
  if (!field || field->is_null() || ((field->is_object() || field->is_array()) && field->empty()))
    return fail(ErrorKind::invalid, "fieldPath `{}` is missing for replacement source {}", r.source_path,
                describe(*r.source));
  if (r.source_options.delimiter.empty()) return Taken{*field, found, std::move(*place), takes_notes(path)};
  if (field->is_object() || field->is_array())
    return fail(ErrorKind::invalid, "delimiter option can only be used with scalar nodes");
  std::string text = text_of(*field), rest = text;
  for (int64_t i = 0;; ++i) {
    size_t at = rest.find(r.source_options.delimiter);
    // A copy of the node with another text: it keeps its type.
    if (i == r.source_options.index) return Taken{retyped(*field, rest.substr(0, at)), SIZE_MAX, {}, false};
    if (at == rest.npos || r.source_options.index < 0)
      return fail(ErrorKind::invalid, "options.index {} is out of bounds for value {}", r.source_options.index, text);
    rest.erase(0, at + r.source_options.delimiter.size());
  }
}

struct Rejected {
  const Selector* selector;
  Matcher matcher;
};
struct Chosen {
  Matcher select;
  std::vector<Rejected> reject;
  std::unordered_map<std::string_view, std::vector<const Rejected*>> reject_by_name;  // those of one plain name
  std::vector<const Rejected*> reject_by_look;                                        // the others
};

Result<Chosen> chosen_by(const ReplacementTarget& target) {
  if (!target.select) return fail(ErrorKind::invalid, "target must specify resources to select");
  Chosen chosen{OR_RETURN(Matcher::create(*target.select)), {}, {}, {}};
  chosen.reject.reserve(target.reject.size());
  for (const Selector& reject : target.reject) chosen.reject.push_back({&reject, OR_RETURN(Matcher::create(reject))});
  for (const Rejected& reject : chosen.reject) {
    const std::string& name = reject.selector->name;
    bool plain = !name.empty() && !is_expression(name) && !reject.matcher.has_label_selectors();
    (plain ? chosen.reject_by_name[name] : chosen.reject_by_look).push_back(&reject);
  }
  return chosen;
}

// The namespace that it has now counts as written, none included; an earlier one as understood: "default" where none
// was.
bool matches_ids(const Matcher& m, const Selector& s, const Resource& r) {
  auto fits = [&](const Id& id, std::string_view ns) {
    return m.matches_kind(id.gvk) && m.matches_name(id.name) && (s.ns.empty() || m.matches_namespace(ns));
  };
  for (size_t p = 0; p < r.previous_count(); ++p)
    if (Id id = r.previous(p); fits(id, id.scope == "_" ? "_non_namespaceable_" : std::string_view(id.scope)))
      return true;
  return fits(r.id(), r.scope_name());
}

bool is_rejected(const Resource& r, const Chosen& chosen) {
  for (const Rejected* reject : chosen.reject_by_look) {
    if (reject->matcher.has_label_selectors() && reject->matcher.matches_labels(r.object())) return true;
    if (reject->selector->names_anything() && matches_ids(reject->matcher, *reject->selector, r)) return true;
  }
  if (chosen.reject_by_name.empty()) return false;
  auto by_name = [&](std::string_view name) {
    auto there = chosen.reject_by_name.find(name);
    return there != chosen.reject_by_name.end() && std::ranges::any_of(there->second, [&](const Rejected* reject) {
             return matches_ids(reject->matcher, *reject->selector, r);
           });
  };
  for (size_t p = 0; p < r.previous_count(); ++p)
    if (by_name(r.previous_name(p))) return true;
  return by_name(r.name());
}

bool is_target(const Resource& r, const ReplacementTarget& target, const Chosen& chosen) {
  return !r.is_removed() && chosen.select.matches_labels(r.object()) && !is_rejected(r, chosen) &&
         matches_ids(chosen.select, *target.select, r);
}

Result<Value> write(const Value& object, std::span<const std::string> path, Taken& taken, bool is_source,
                    const FieldOptions& options, const ResourceSet& set) {
  if (auto within = write_within_text(object, path, taken, is_source, options, set)) return *within;
  Finder finder(taken.value, options.create);
  Value grown = OR_RETURN(finder.find(object, path));
  if (finder.found.size() + finder.lost == 0) return fail(ErrorKind::invalid, "");
  if (finder.lost_collection && !options.delimiter.empty())
    return fail(ErrorKind::invalid, "delimiter option can only be used with scalar nodes");
  return write_at(grown, finder.found, taken, is_source, options, set);
}

// Of a path those parts that are names, and lead to no element of a list.
std::vector<std::string> names_in(std::span<const std::string> path) {
  std::vector<std::string> names;
  for (const std::string& part : path)
    if (part != "*" && part != "-" && !part.starts_with('[') && !base::parse_int(part)) names.push_back(part);
  return names;
}

Result<> apply_target(ResourceSet& set, const ReplacementTarget& target, Taken& taken) {
  OR_RETURN(set.charge(0));
  for (size_t i : OR_RETURN(select_targets(set, target))) {
    OR_RETURN(set.charge(0));
    Resource& r = set.all()[i];
    for (const std::string& text : target.paths) {
      auto path = split_field_path(text);
      bool noted = takes_notes(path) || (i == taken.resource && taken.with_notes);
      Value before = noted ? with_notes(r) : r.object();
      auto after = write(before, path, taken, i == taken.resource, target.options, set);
      if (set.budget && set.budget->is_spent()) return set.charge(0);
      if (!after) {
        std::string what = fmt::format("unable to find {}field \"{}\" in replacement target {}",
                                       target.options.create ? "or create " : "", text, r.id().str());
        if (after.error().message().empty()) return fail(ErrorKind::invalid, "{}", what);
        return std::move(after).error().context(what);
      }
      // What is taken may lie as deep as it will lie below here.
      if (taken.value.is_object() || taken.value.is_array())
        OR_RETURN(value::json_patch(*after, Value::array()).context("replacement"));
      Id id = r.id();
      if (noted)
        set_with_notes(r, std::move(*after));
      else
        r.set_object(std::move(*after));
      if (taken.value.is_object() || taken.value.is_array()) {
        auto names = names_in(path);
        part_replaced_labels(r, before, names, names.size() != path.size());
      }
      follow_shared_labels(r, before);
      set.may_collide = set.may_collide || !(r.id() == id);
    }
    set.touched(i);
  }
  return {};
}

Result<> apply_one(ResourceSet& set, const Replacement& r) {
  if ((!r.source && !r.source_value) || r.targets.empty())
    return fail(ErrorKind::invalid, "replacements must specify a source and at least one target");
  Taken taken = OR_RETURN(source_value(set, r));
  for (const ReplacementTarget& target : r.targets) OR_RETURN(apply_target(set, target, taken));
  return {};
}

Result<std::vector<Replacement>> read_file(const Folder& folder, const Replacement& r) {
  if (r.source || !r.targets.empty())
    return fail(ErrorKind::invalid, "cannot specify both path and inline replacement").at(r.spot.place());
  auto file = folder.read(r.path);
  if (!file) return std::move(file).error().at(r.spot.place());
  auto document = read_first_document(*file->text, file->path);
  if (!document) return from_entry(std::move(document).error(), r.spot);
  const Value& v = *document;
  Source source{.text = file->text, .file = file->path};
  std::vector<Replacement> out;
  auto read = [&](const Value& item, std::string pointer) {
    Fields fields(source, item, std::move(pointer));
    out.push_back(read_replacement(fields));
  };
  if (v.is_array())
    for (size_t i = 0; i < v.size(); ++i) read(v[i], fmt::format("/{}", i));
  else
    read(v, "");
  if (source.fault) return from_entry(std::move(*source.fault), r.spot);
  return out;
}

}  // namespace

std::optional<Value> field_at(const Value& object, std::span<const std::string> path) {
  auto place = look_up(object, path);
  if (!place) return std::nullopt;
  return *at_place(object, *place);
}

Result<std::vector<size_t>> select_targets(ResourceSet& set, const ReplacementTarget& target) {
  Chosen chosen = OR_RETURN(chosen_by(target));
  std::vector<size_t> out;
  for (size_t i : called(set, is_expression(target.select->name) ? "" : target.select->name))
    if (is_target(set.all()[i], target, chosen)) out.push_back(i);
  return out;
}

Result<std::vector<Replacement>> read_replacements(std::span<const Replacement> replacements, const Folder& folder) {
  std::vector<Replacement> all;
  for (const Replacement& r : replacements) {
    if (r.path.empty()) {
      all.push_back(r);
      continue;
    }
    for (Replacement& read : OR_RETURN(read_file(folder, r))) all.push_back(std::move(read));
  }
  return all;
}

Result<> apply_replacement(ResourceSet& set, const Replacement& r) {
  auto done = apply_one(set, r);
  if (!done) return std::move(done).error().at(r.spot.place());
  return {};
}

Result<> apply_replacements(ResourceSet& set, std::span<const Replacement> replacements, const Folder& folder) {
  for (const Replacement& r : OR_RETURN(read_replacements(replacements, folder))) OR_RETURN(apply_replacement(set, r));
  return {};
}

}  // namespace slipway::render::kustomize
