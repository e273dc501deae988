#include "render/kustomize/documents.h"

#include <deque>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/printable.h"
#include "render/words.h"
#include "value/children.h"
#include "value/note.h"
#include "value/yaml_scalar.h"

namespace slipway::render::kustomize {
namespace {

// A name or namespace is what was written, also where that reads as a number: `name: 1`.
Value with_written_names(Value o) {
  Value metadata = o["metadata"];
  for (const char* field : {"name", "namespace"})
    if (const Value& text = metadata[field]; text.is_number() || text.is_bool())
      o = o.with(fmt::format("/metadata/{}", field), value::noted(Value(scalar_text(text)), value::Note::spelled));
  return o;
}

// At the top of an object a key may be a number or boolean: kustomize takes it as it is written.
Value with_texts_for_keys(Value o) {
  const Value* odd = o.find(value::repeated_keys);
  if (!odd) return o;
  for (const auto& [key, later] : odd->members())
    if (later.size() || value::plain_tag(key.view()) == "null") return o;
  return o.without_member(value::repeated_keys);
}

// As if it had been read from JSON, which is how the items of a List go.
Value all_as_json(const Value& v) {
  if (v.is_string()) {
    bool large = value::note_of(v) == value::Note::spelled;  // still: a number above 2^63
    return large ? v : value::noted(v, value::Note::quoted);
  }
  if (v.is_null()) return Value();
  if (!v.is_object() && !v.is_array()) return v;
  return value::noted(value::with_children(v, all_as_json), value::Note::braces);
}

// JSON leaves in texts and keys what YAML forbids, and the items are read as YAML again.
std::optional<uint32_t> control_character_within(const Value& v) {
  if (v.is_string()) return control_character(v.as_string());
  for (const Value& item : v.items())
    if (auto bad = control_character_within(item)) return bad;
  for (const auto& [key, item] : v.members()) {
    if (auto bad = control_character(key.view())) return bad;
    if (auto bad = control_character_within(item)) return bad;
  }
  return std::nullopt;
}

struct Found {
  Value object;
  int line;
  std::shared_ptr<const Error> flaw = nullptr;
};

Result<> check(const Found& found) {
  const Value& o = found.object;
  if (!o.is_object())
    return fail(ErrorKind::invalid, "expected a resource (a mapping with kind and metadata), found {}",
                words(o.type()));
  std::string_view kind = kinds::kind_of(o);
  bool is_list = kind.ends_with("List") && o.has("items");
  if (kind.empty())
    return fail(ErrorKind::invalid, "missing kind in object{}",
                kinds::name_of(o).empty() ? "" : fmt::format(" \"{}\"", kinds::name_of(o)));
  if (!is_list && !kind.ends_with("List") && kinds::name_of(o).empty())
    return fail(ErrorKind::invalid, "missing metadata.name in object of kind {}", kind);
  return {};
}

struct Chunk {
  std::string_view text;
  int line;  // before it
};

// As kustomize splits a file: at lines that begin with ---, on which only a comment may follow.
Result<std::vector<Chunk>> split(std::string_view text, const std::string& file) {
  std::vector<Chunk> chunks;
  int line = 0, from_line = 0;
  size_t from = 0;
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    ++line;
    if (text.substr(at + 1, 3) != "---") continue;
    size_t end = text.find('\n', at + 1);
    if (end == text.npos) break;
    std::string_view behind = base::trim(text.substr(at + 4, end - at - 4));
    if (!behind.empty() && behind[0] != '#')
      return fail(ErrorKind::invalid, "invalid document separator: ---{}", behind).at({file, line + 1});
    chunks.push_back({text.substr(from, at + 1 - from), from_line});
    from = end + 1;
    from_line = ++line;
    at = end;
    // The line break that ended the separator begins no other one.
    if (text.substr(from, 3) == "---") {
      size_t next = text.find('\n', from);
      if (next == text.npos) break;
      at = next - 1;
    }
  }
  chunks.push_back({text.substr(from), from_line});
  return chunks;
}

// The first document of each chunk: what stands behind it is never looked at.
Result<std::vector<Found>> read_documents(const std::string& text, const std::string& file, bool* alone) {
  std::vector<Found> out;
  auto chunks = OR_RETURN(split(text, file));
  *alone = chunks.size() == 1;
  for (const Chunk& chunk : chunks) {
    auto read = value::parse_yaml_noted(chunk.text, file, first_only);
    std::shared_ptr<const Error> flaw;
    if (!read) {
      Error why = further_down(read.error(), chunk.line);
      read = value::parse_yaml_noted(chunk.text, file, first_only, value::DuplicateKeys::as_nodes);
      if (!read) return why;
      flaw = std::make_shared<const Error>(std::move(why));
    }
    for (value::Document& d : *read) out.push_back({std::move(d.value), d.line + chunk.line, flaw});
  }
  return out;
}

}  // namespace

Error further_down(Error error, int lines) {
  if (!lines) return error;
  base::Place place = error.place();
  if (place.line) place.line += lines;
  std::string message = error.message();
  for (std::string_view words : {" begins at line ", " defined at line "}) {
    size_t at = message.rfind(words);
    if (at == message.npos) continue;
    at += words.size();
    size_t end = std::min(message.find_first_not_of("0123456789", at), message.size());
    if (auto line = base::parse_int(std::string_view(message).substr(at, end - at)))
      message.replace(at, end - at, std::to_string(*line + lines));
  }
  return fail(error.kind(), "{}", message).at(std::move(place));
}

// Whether kustomize's reader of files opens this one itself: as a list, or as the configuration of a function.
static bool is_opened_at_once(const Value& list) {
  std::string_view kind = kinds::kind_of(list);
  if (kind != "List" && kind != "ResourceList") return false;
  return (list.has("items") || list.has("functionConfig")) && !list["items"].is_object();
}

Result<std::vector<Resource>> read_resources(std::string_view text, const std::string& file, const KnownKinds* known) {
  bool alone = false;
  auto documents = OR_RETURN(read_documents(base::replace_all(std::string(text), "\r\n", "\n"), file, &alone));
  std::deque<Found> ahead;
  auto take = [&](Value object, const Found& from) -> Result<> {
    if (object.is_null() || (object.is_object() && object.empty())) return {};
    ahead.push_back({with_written_names(std::move(object)), from.line, from.flaw});
    if (Found& last = ahead.back(); last.flaw) {
      last.object = with_texts_for_keys(std::move(last.object));
      if (!has_flaw(last.object)) last.flaw.reset();
    }
    if (auto fine = check(ahead.back()); !fine) return std::move(fine).error().at({file, from.line});
    return {};
  };
  // A file that is one List gives its items, the first ones, as they are written; others are opened later. What is no
  // list or mapping has none.
  if (alone && documents.size() == 1 && is_opened_at_once(documents[0].object)) {
    Value list = documents[0].object["items"];
    for (const Value& item : list.items()) OR_RETURN(take(item, documents[0]));
    documents.clear();
  }
  for (Found& d : documents)
    if (!d.object.is_array() || !d.object.empty()) OR_RETURN(take(std::move(d.object), d));
  std::vector<Resource> out;
  for (; !ahead.empty(); ahead.pop_front()) {
    const Found found = ahead.front();
    const Value& o = found.object;
    if (!kinds::kind_of(o).ends_with("List") || !o.has("items")) {
      out.emplace_back(o, base::Place{file, found.line}, known);
      out.back().flaw = found.flaw;
      continue;
    }
    // Its items go the way of JSON.
    if (found.flaw && has_flaw(o)) return *found.flaw;
    if (!o["items"].is_array() && !o["items"].is_null())
      return fail(ErrorKind::invalid, "expected a list in {}/items, found {}", kinds::kind_of(o),
                  words(o["items"].type()))
          .at({file, found.line});
    // The opened items stand behind all other documents, as they do there.
    Value list = all_as_json(value::plain_meaning(o["items"]));
    if (auto bad = control_character_within(list))
      return fail(ErrorKind::invalid, "control characters are not allowed: {}/items hold U+{:04X}", kinds::kind_of(o),
                  *bad)
          .at({file, found.line});
    for (const Value& item : list.items()) OR_RETURN(take(item, found));
  }
  return out;
}

}  // namespace slipway::render::kustomize
