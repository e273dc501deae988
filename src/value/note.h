// How a value was written, for who must know (kustomize: what was in quotes stays text, 1.50 put into a text is
// "1.50"). A note lies in bytes that a text, null, list or mapping leaves unused. It is no part of the value:
// comparing, hashing and to_json pass over it, and a value made anew has none.
#pragma once

#include "value/yaml.h"

namespace slipway::value {

enum class Note : uint8_t {
  none,
  quoted,   // a text in quotes, or a block: it stays text whatever it says
  spelled,  // plain, and no text in truth: see plain_meaning()
  tilde,
  nothing,
  tag_alone,  // !!null
  title,
  upper,       // a null written ~, not at all, as !!null, Null, NULL
  misfit,      // a text put where there was a number: nobody can read it, unless something replaces it
  made,        // a null that stands for a scalar just made
  untagged,    // as spelled, of a scalar that was made and not read: whatever is put there reads as what it then says
  unreadable,  // a text that stands for a scalar no JSON can hold (.inf, !!binary that is none):
               // DuplicateKeys::as_nodes
  alias,       // a text that stands for an alias, of its anchor's name: parse_yaml_unresolved() alone
  braces,      // a list or mapping written within [] or {}; what a changed copy of it keeps
};
Note note_of(const Value& v);  // none for numbers and booleans
Value noted(Value v, Note note);
inline Value with_note_of(const Value& old, Value v) {
  return noted(std::move(v), note_of(old));
}

// As parse_yaml_documents() by go-yaml v3's rules, with notes: what reads otherwise than it was written (0777, 1.50, a
// date) stays text until plain_meaning() makes it what it is.
Result<std::vector<Document>> parse_yaml_noted(std::string_view text, std::string_view file, YamlLimits limits = {},
                                               DuplicateKeys duplicates = DuplicateKeys::refuse);

// The same with DuplicateKeys::as_nodes, for who changes values before they are resolved: where all around are
// mappings, the value of an alias is its name with Note::alias, and `<<` is a key like others.
Result<std::vector<Document>> parse_yaml_unresolved(std::string_view text, std::string_view file,
                                                    YamlLimits limits = {});

std::string_view null_text(const Value& null);  // as it was written
// What texts with Note::spelled or Note::untagged mean: a number, boolean or date. Deep. Of a whole number above 2^63
// it is the decimal digits, still Note::spelled, which to_yaml() writes as they are.
Value plain_meaning(const Value& v);
// The same once go-yaml has written the value and read it again: within braces it quotes what cannot stand plain there,
// nothing at all and times, and both are texts then.
Value written_meaning(const Value& v);
bool is_quoted_in_braces(const Value& scalar);  // whether it is such a one
// A scalar with the note of how it was written, when it would not be written so again.
Value with_spelling(const Value& v, std::string_view text);
// Plain text as it would be read; null also for "".
Value read_plain(std::string_view text);
Value scalar_as_written(std::string_view text);  // the same, with its note
// A text as kustomize makes one where there was nothing: in quotes where YAML 1.1 would read it as something else.
Value made_text(std::string_view text);
// "null", "bool", "int", "float", "timestamp", "merge" or "str".
std::string_view plain_tag(std::string_view text);

}  // namespace slipway::value
