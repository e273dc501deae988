#include "render/kustomize/printable.h"

#include "base/text.h"
#include "render/kustomize/notes.h"
#include "render/words.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

// What kustomize writes between its steps it must read again, and cannot: control characters, a block that begins
// with a tab.
enum class Written { once, between_steps };
Result<> check_text(const Value& v, bool& spelled, Written written, bool in_braces = false) {
  if (v.is_string()) {
    std::string_view text = v.as_string();
    value::Note note = value::note_of(v);
    spelled = spelled || note == value::Note::spelled || note == value::Note::untagged;
    if (note == value::Note::misfit) return check_misfits(v);
    bool is_number = note == value::Note::untagged && value::plain_tag(text) == "float";
    if (note == value::Note::unreadable || (is_number && text.find_first_of("nN") != text.npos))
      return fail(ErrorKind::invalid, "\"{}\" has no JSON", text);
    if (auto bad = control_character(text))
      return fail(ErrorKind::invalid, "a text holds U+{:04X}, which no YAML can hold: \"{}\"", *bad,
                  text.substr(0, 40));
    return written == Written::between_steps && !in_braces && begins_with_tab(v) ? check_misfits(v) : Result<>();
  }
  in_braces = in_braces || value::note_of(v) == value::Note::braces;
  if (v.is_null()) spelled = spelled || (in_braces && value::is_quoted_in_braces(v));
  for (const Value& item : v.items()) OR_RETURN(check_text(item, spelled, written, in_braces));
  for (const auto& member : v.members()) {
    if (member.key.view() == value::repeated_keys)
      return fail(ErrorKind::invalid, "a mapping has a key that is no text, or one twice");
    OR_RETURN(check_text(member.value, spelled, written, in_braces));
  }
  return {};
}

// Annotations are texts whatever was written, and an empty mapping of them goes.
void finish_metadata(Resource& r, bool with_origin, bool with_transformers) {
  r.join_annotations();
  Value annotations = r.object()["metadata"]["annotations"];
  bool had = r.object()["metadata"].has("annotations");
  Value kept = last_of_equal_keys(without_build_annotations(annotations)), after = kept;
  for (const auto& [key, text] : kept.members())
    if (key.view() != value::repeated_keys && (!text.is_string() || value::note_of(text) != value::Note::none))
      after = after.with_member(key, Value(scalar_text(text)));
  if (with_origin && r.from) after = after.with_member("config.kubernetes.io/origin", Value(r.from->text("")));
  if (with_transformers && !r.changed_by.empty())
    after = after.with_member("alpha.config.kubernetes.io/transformations", Value(text_of(r.changed_by)));
  if (after.is_object() && after.size()) {
    if (!after.same_node(annotations)) r.set_object(r.object().with("/metadata/annotations", after));
  } else if (had) {
    r.set_object(r.object().without("/metadata/annotations"));
  }
}

Result<Value> printed_object(const Resource& r, Written written) {
  if (r.flaw && has_flaw(r.object())) return *r.flaw;
  bool spelled = false;
  auto fine = check_text(r.object(), spelled, written);
  if (!fine) return std::move(fine).error().context(r.id().str()).at(r.origin);
  return spelled ? value::written_meaning(r.object()) : r.object();
}

}  // namespace

std::optional<uint32_t> control_character(std::string_view text) {
  // All of these begin with one of three bytes.
  if (text.find_first_of("\x7f\xc2\xef") == text.npos) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    auto at = [&](size_t k) { return static_cast<unsigned char>(k < text.size() ? text[k] : 0); };
    if (at(i) == 0x7f) return 0x7f;
    if (at(i) == 0xc2 && at(i + 1) >= 0x80 && at(i + 1) < 0xa0 && at(i + 1) != 0x85) return at(i + 1);
    if (at(i) == 0xef && at(i + 1) == 0xbf && at(i + 2) >= 0xbe) return 0xffc0u | at(i + 2);
  }
  return std::nullopt;
}

Result<> make_printable(Resource& r, bool with_origin, bool with_transformers) {
  // Where there is no metadata, as in a list, kustomize's taking away what it noted there makes some.
  if (!r.object().has("metadata")) r.set_object(r.object().with_member("metadata", Value::object()));
  if (const Value& metadata = r.object()["metadata"]; !metadata.is_object() && !metadata.is_null())
    return fail(ErrorKind::invalid, "{}: expected a mapping of metadata, found {}", r.id().str(),
                words(metadata.type()))
        .at(r.origin);
  finish_metadata(r, with_origin, with_transformers);
  if (r.gvk().kind.empty()) return fail(ErrorKind::invalid, "missing kind in object: it was taken away").at(r.origin);
  const Value& name = r.object()["metadata"]["name"];
  if ((name.is_null() || scalar_text(name).empty()) && !r.gvk().kind.ends_with("List"))
    return fail(ErrorKind::invalid, "missing metadata.name in object of kind {}: it was taken away", r.gvk().kind)
        .at(r.origin);
  Value printed = OR_RETURN(printed_object(r, Written::between_steps));
  if (!printed.same_node(r.object())) r.set_object(std::move(printed));
  return {};
}

Result<Value> printable_object(const Resource& r) {
  return printed_object(r, Written::once);
}

}  // namespace slipway::render::kustomize
