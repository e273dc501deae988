#include "render/kustomize/replacement.h"

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/shared_labels.h"
#include "render/words.h"
#include "value/json.h"
#include "value/note.h"

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

std::string text_of(const Value& v) {
  return scalar_text(v);
}

// Only the text of a scalar is written over another: the old one's type stays, and must still be what the text says.
Value retyped(const Value& old, std::string text) {
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
    std::vector<std::string> parts;
    std::string there = made ? "" : text_of(old);
    for (size_t from = 0;;) {
      size_t at = there.find(options.delimiter, from);
      parts.push_back(there.substr(from, at == there.npos ? there.npos : at - from));
      if (at == there.npos) break;
      from = at + options.delimiter.size();
    }
    if (options.index < 0)
      parts.insert(parts.begin(), text);
    else if (static_cast<size_t>(options.index) >= parts.size())
      parts.push_back(text);
    else
      parts[static_cast<size_t>(options.index)] = text;
    text = base::join(parts, options.delimiter);
  } else if (!scalar) {
    return value;
  }
  return made ? value::noted(Value(text), value::Note::untagged) : retyped(old, std::move(text));
}

// Walks a path and writes at its end; counts the places. `create`: what is missing on the way is made.
class Writer {
 public:
  Writer(const Value& value, const FieldOptions& options) : value_(value), options_(options) {}
  int written = 0;

  Result<Value> write(const Value& node, std::span<const std::string> path) {
    if (path.empty()) {
      ++written;
      return with_options(node, value::note_of(node) == value::Note::made, value_, options_);
    }
    const std::string& part = path[0];
    auto rest = path.subspan(1);
    if (auto index = base::parse_int(part); index && *index >= 0)
      return write_index(node, static_cast<size_t>(*index), rest);
    if (part.starts_with('[') && part.ends_with(']')) return write_matching(node, part, rest);
    if (part == "*") return write_all(node, rest);
    if (!node.is_object() && !node.is_null())
      return fail(ErrorKind::invalid, "expected a mapping with \"{}\", found {}", part, words(node.type()));
    const Value* field = node.find(part);
    if (!field && !options_.create) return node;
    if (field && field->is_string() && !rest.empty()) return write_within(node, part, *field, rest);
    Value inner = field ? *field : empty_for(rest);
    return node.with_member(part, OR_RETURN(write(inner, rest)));
  }

 private:
  Value empty_for(std::span<const std::string> rest) const {
    if (rest.empty())
      return value_.is_object()  ? Value::object()
             : value_.is_array() ? Value::array()
                                 : value::noted(Value(), value::Note::made);
    return rest[0].starts_with('[') || base::parse_int(rest[0]) ? Value::array() : Value::object();
  }
  Result<Value> write_index(const Value& node, size_t index, std::span<const std::string> rest) {
    if (!node.is_array())
      return fail(ErrorKind::invalid, "index {} specified, but there is {}", index, words(node.type()));
    if (index == node.size() && options_.create) return node.appended(OR_RETURN(write(empty_for(rest), rest)));
    if (index >= node.size())
      return fail(ErrorKind::invalid, "index {} specified but only {} elements found", index, node.size());
    return node.with_item(index, OR_RETURN(write(node[index], rest)));
  }
  Result<Value> write_all(const Value& node, std::span<const std::string> rest) {
    if (!node.is_array()) return fail(ErrorKind::invalid, "* is for lists, found {}", words(node.type()));
    Value out = node;
    for (size_t i = 0; i < node.size(); ++i) out = out.with_item(i, OR_RETURN(write(node[i], rest)));
    return out;
  }
  // [name=web] or [=text]; what stands behind the = is a regular expression.
  Result<Value> write_matching(const Value& node, const std::string& part, std::span<const std::string> rest) {
    size_t equals = part.find('=');
    if (equals == part.npos) return fail(ErrorKind::invalid, "list entry key=value pair expected in \"{}\"", part);
    std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
    if (!node.is_array()) return fail(ErrorKind::invalid, "{} is for lists, found {}", part, words(node.type()));
    RE2 pattern(wanted, RE2::Quiet);
    if (!pattern.ok()) return fail(ErrorKind::invalid, "\"{}\": {}", wanted, pattern.error());
    Value out = node;
    bool found = false;
    for (size_t i = 0; i < node.size(); ++i) {
      if (!name.empty() && !node[i].has(name)) continue;
      if (!RE2::PartialMatch(text_of(name.empty() ? node[i] : node[i][name]), pattern)) continue;
      found = true;
      out = out.with_item(i, OR_RETURN(write(node[i], name.empty() ? std::span<const std::string>() : rest)));
    }
    if (found || !options_.create) return out;
    Value written = value::noted(Value(wanted), value::Note::untagged);
    Value made = name.empty() ? written : Value{{value::Key(name), written}};
    return out.appended(OR_RETURN(write(made, name.empty() ? std::span<const std::string>() : rest)));
  }
  // A text that is itself YAML or JSON: written inside, and put back in its own form.
  Result<Value> write_within(const Value& node, const std::string& part, const Value& field,
                             std::span<const std::string> rest) {
    auto inner = value::parse_yaml(field.as_string(), {}, value::YamlLimits{.rules = value::YamlRules::kustomize});
    if (!inner || (!inner->is_object() && !inner->is_array()))
      return fail(ErrorKind::invalid, "\"{}\" is a text, no mapping with \"{}\"", part, rest[0]);
    Value after = OR_RETURN(write(*inner, rest));
    std::string text = field.str();
    std::string_view trimmed = base::trim(text);
    bool json = trimmed.starts_with('{') || trimmed.starts_with('[');
    bool pretty = text.find('\n') != text.npos && text.find("  ") != text.npos;
    std::string written_text = !json    ? std::string(base::trim(value::to_yaml(after)))
                               : pretty ? std::string(base::trim(value::to_json_pretty(after, 2)))
                                        : value::to_json(after);
    return node.with_member(part, Value(written_text));
  }

  const Value& value_;
  const FieldOptions& options_;
};

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

const Value* look_up(const Value& object, std::span<const std::string> path) {
  const Value* at = &object;
  for (const std::string& part : path) {
    if (at->is_array()) {
      if (auto index = base::parse_int(part)) {
        if (*index < 0 || static_cast<size_t>(*index) >= at->size()) return nullptr;
        at = &(*at)[static_cast<size_t>(*index)];
        continue;
      }
      if (part == "-" && at->size()) {
        at = &(*at)[at->size() - 1];
        continue;
      }
      size_t equals = part.find('=');
      if (!part.starts_with('[') || equals == part.npos) return nullptr;
      std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
      auto items = at->items();
      auto item =
          std::ranges::find_if(items, [&](const Value& v) { return text_of(name.empty() ? v : v[name]) == wanted; });
      if (item == items.end()) return nullptr;
      at = &*item;
      continue;
    }
    at = at->find(part);
    if (!at) return nullptr;
  }
  return at;
}

Result<Value> source_value(ResourceSet& set, const Replacement& r) {
  if (r.source_value && r.source)
    return fail(ErrorKind::invalid, "value and resource selectors are mutually exclusive");
  if (r.source_value) return value::noted(Value(*r.source_value), value::Note::untagged);
  const Resource* found = nullptr;
  for (const Resource& candidate : set.all()) {
    if (candidate.is_removed() || !is_selected(*r.source, candidate)) continue;
    if (found) return fail(ErrorKind::invalid, "multiple matches for selector {}", describe(*r.source));
    found = &candidate;
  }
  if (!found) return fail(ErrorKind::invalid, "nothing selected by {}:{}", describe(*r.source), r.source_path);
  auto path = split_field_path(r.source_path);
  const Value* field = look_up(found->object(), path);
  // kustomize's own notes are annotations too.
  if (r.source_path == "metadata.annotations" && found->has_notes() && (!field || field->empty()))
    return Value::object();
  if (!field || field->is_null() || ((field->is_object() || field->is_array()) && field->empty()))
    return fail(ErrorKind::invalid, "fieldPath `{}` is missing for replacement source {}", r.source_path,
                describe(*r.source));
  if (r.source_options.delimiter.empty()) return *field;
  if (field->is_object() || field->is_array())
    return fail(ErrorKind::invalid, "delimiter option can only be used with scalar nodes");
  std::string text = text_of(*field), rest = text;
  for (int64_t i = 0;; ++i) {
    size_t at = rest.find(r.source_options.delimiter);
    if (i == r.source_options.index) return Value(rest.substr(0, at));
    if (at == rest.npos || r.source_options.index < 0)
      return fail(ErrorKind::invalid, "options.index {} is out of bounds for value {}", r.source_options.index, text);
    rest.erase(0, at + r.source_options.delimiter.size());
  }
}

struct Chosen {
  Matcher select;
  std::vector<std::pair<Matcher, bool>> reject;  // and whether it names anything
};

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

Result<bool> is_target(const Resource& r, const ReplacementTarget& target, const Chosen& chosen) {
  if (r.is_removed() || !chosen.select.matches_labels(r.object())) return false;
  for (size_t i = 0; i < target.reject.size(); ++i) {
    const auto& [matcher, names] = chosen.reject[i];
    if (matcher.has_label_selectors() && matcher.matches_labels(r.object())) return false;
    if (names && matches_ids(matcher, target.reject[i], r)) return false;
  }
  return matches_ids(chosen.select, *target.select, r);
}

Result<> apply_target(ResourceSet& set, const ReplacementTarget& target, const Value& value) {
  for (size_t i : OR_RETURN(select_targets(set, target))) {
    Resource& r = set.all()[i];
    for (const std::string& text : target.paths) {
      auto path = split_field_path(text);
      Writer writer(value, target.options);
      auto after = writer.write(r.object(), path);
      std::string what = fmt::format("unable to find {}field \"{}\" in replacement target {}",
                                     target.options.create ? "or create " : "", text, r.id().str());
      if (!after) return std::move(after).error().context(what);
      if (!writer.written) return fail(ErrorKind::invalid, "{}", what);
      Value before = r.object();
      Id id = r.id();
      r.set_object(std::move(*after));
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
  Value value = OR_RETURN(source_value(set, r));
  for (const ReplacementTarget& target : r.targets) OR_RETURN(apply_target(set, target, value));
  return {};
}

Result<std::vector<Replacement>> read_file(const Folder& folder, const Replacement& r) {
  if (r.source || !r.targets.empty())
    return fail(ErrorKind::invalid, "cannot specify both path and inline replacement").at(r.spot.place());
  auto file = folder.read(r.path);
  if (!file) return std::move(file).error().at(r.spot.place());
  Value v = OR_RETURN(value::parse_yaml(*file->text, file->path));
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
  if (source.fault) return std::move(*source.fault);
  return out;
}

}  // namespace

Result<std::vector<size_t>> select_targets(const ResourceSet& set, const ReplacementTarget& target) {
  if (!target.select) return fail(ErrorKind::invalid, "target must specify resources to select");
  Chosen chosen{OR_RETURN(Matcher::create(*target.select)), {}};
  for (const Selector& reject : target.reject)
    chosen.reject.emplace_back(OR_RETURN(Matcher::create(reject)), reject.names_anything());
  std::vector<size_t> out;
  for (size_t i = 0; i < set.all().size(); ++i)
    if (OR_RETURN(is_target(set.all()[i], target, chosen))) out.push_back(i);
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

Result<> apply_replacements(ResourceSet& set, std::span<const Replacement> replacements, const Folder& folder) {
  for (const Replacement& r : OR_RETURN(read_replacements(replacements, folder)))
    if (auto done = apply_one(set, r); !done) return std::move(done).error().at(r.spot.place());
  return {};
}

}  // namespace slipway::render::kustomize
