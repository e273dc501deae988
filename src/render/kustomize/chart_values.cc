// The merge is one of go-yaml's nodes, and what it does not know it drops: an alias that is the value of a mapping. A
// `<<` is a key like others until the end.
#include "render/kustomize/chart_values.h"

#include <cstdlib>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/merge.h"
#include "render/kustomize/resource.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

bool is_alias(const Value& v) {
  return value::note_of(v) == value::Note::alias;
}

// Takes the aliases out of `file` that a merge drops, and what `own`, of valuesInline, says at their places; where that
// is what is changed, the merge fails. What was in quotes does not stay text here when something is put over it.
Result<> drop_aliases(Value& file, Value& own, ValuesMerge how) {
  if (file.is_string() && value::note_of(file) == value::Note::quoted) file = value::noted(file, value::Note::none);
  if (!file.is_object()) return {};
  std::vector<value::Member> kept;
  for (const auto& [key, item] : file.members()) {
    Value here = item, there = own[key.view()];
    if (!is_alias(item)) {
      OR_RETURN(drop_aliases(here, there, how));
      kept.push_back({key, std::move(here)});
      if (!there.same_node(own[key.view()])) own = own.with_member(key, std::move(there));
      continue;
    }
    if (how == ValuesMerge::file_wins && !there.is_null())
      return fail(ErrorKind::invalid, "could not merge values: \"{}\" is an alias (*{}), and valuesInline says it, too",
                  key.view(), item.as_string());
    if (own.has(key.view())) own = own.without_member(key);
  }
  file = Value::object(std::move(kept));
  return {};
}

Result<Value> with_merge_keys(const Value& v) {
  if (!v.is_object()) return v;
  Value out = v;
  for (const auto& [key, item] : v.members()) {
    Value resolved = OR_RETURN(with_merge_keys(item));
    if (!resolved.same_node(item)) out = out.with_member(key, std::move(resolved));
  }
  const Value* merged = v.find("<<");
  if (!merged) return out;
  Value from = out["<<"];
  out = out.without_member("<<");
  auto take = [&](const Value& mapping) -> Result<> {
    if (!mapping.is_object())
      return fail(ErrorKind::invalid, "map merge requires map or sequence of maps as the value");
    for (const auto& [key, item] : mapping.members())
      if (!out.has(key.view())) out = out.with_member(key, item);
    return {};
  };
  if (!from.is_array()) OR_RETURN(take(from));
  for (const Value& mapping : from.items()) OR_RETURN(take(mapping));
  return out;
}

// At the top a key may be a number or boolean; below, no JSON can hold it.
Result<> check_keys(const Value& v, bool top) {
  for (const auto& [key, later] : v[value::repeated_keys].members()) {
    if (later.size()) return fail(ErrorKind::invalid, "mapping key \"{}\" already defined", key.view());
    if (!top || value::plain_tag(key.view()) == "null")
      return fail(ErrorKind::invalid, "the key {} must be a text: quote it", key.view());
  }
  for (const Value& item : v.items()) OR_RETURN(check_keys(item, false));
  for (const auto& [key, item] : v.members())
    if (key.view() != value::repeated_keys) OR_RETURN(check_keys(item, false));
  return {};
}

// As Helm reads what was written of it.
Value as_helm_reads(const Value& v) {
  if (v.is_int()) return static_cast<double>(v.as_int());
  value::Note note = value::note_of(v);
  if (v.is_string() && (note == value::Note::spelled || note == value::Note::untagged))
    return std::strtod(v.str().c_str(), nullptr);  // above 2^63
  if (v.is_array()) {
    ArrayBuilder items;
    for (const Value& item : v.items()) items.push(as_helm_reads(item));
    return items.build();
  }
  if (!v.is_object()) return v.is_string() ? value::noted(v, value::Note::none) : v;
  ObjectBuilder members;
  for (const auto& [key, item] : v.members())
    if (key.view() != value::repeated_keys) members.set(key.view(), as_helm_reads(item));
  return members.build();
}

}  // namespace

Result<Value> merge_values(std::string_view text, const std::string& file, const Value& values_inline,
                           ValuesMerge how) {
  auto read = value::parse_yaml_unresolved(text, file, first_only);
  if (!read) return std::move(read).error().context("could not parse values file into rnode");
  if (read->empty())
    return fail(ErrorKind::invalid,
                "could not parse values file into rnode: EOF ({} has no values; valuesMerge: replace takes those of "
                "valuesInline alone)",
                file);
  Value from_file = (*read)[0].value, own = values_inline;
  OR_RETURN(drop_aliases(from_file, own, how));
  auto merged =
      how == ValuesMerge::file_wins ? merge_over(own, from_file, nullptr) : merge_over(from_file, own, nullptr);
  if (!merged) return std::move(merged).error().context("could not merge values");
  Value all = OR_RETURN(with_merge_keys(merged->value_or(Value::object())).context("could not parse merged values"));
  OR_RETURN(check_keys(all, true).context("could not parse merged values"));
  all = value::written_meaning(all.without_member(value::repeated_keys));
  if (has_flaw(all)) return fail(ErrorKind::invalid, "{} has a value that no JSON can hold", file);
  return as_helm_reads(all);
}

}  // namespace slipway::render::kustomize
