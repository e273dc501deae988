#include "render/helm/lint_objects.h"

#include <optional>

#include "base/text.h"
#include "render/helm/go_json.h"

namespace slipway::render::helm {

namespace {

// Keeps the first mismatch, as Go does, which decodes the rest all the same.
class Decoder {
 public:
  void text(const Value& v, std::string_view field, std::string& out) {
    if (v.is_object() || v.is_array())
      refuse(v, field, "string");
    else if (!v.is_null())
      out = scalar_text(v);
  }
  bool object(const Value& v, std::string_view field, std::string_view go_type) {
    if (!v.is_object() && !v.is_null()) refuse(v, field, go_type);
    return v.is_object();
  }
  bool list(const Value& v, std::string_view field, std::string_view go_type) {
    if (!v.is_array() && !v.is_null()) refuse(v, field, go_type);
    return v.is_array();
  }
  template <typename T>
  Result<T> done(T out) {
    if (error_) return std::move(*error_);
    return out;
  }

 private:
  // `field`: "k8sYamlStruct.Kind"; "" for the document itself.
  void refuse(const Value& v, std::string_view field, std::string_view go_type) {
    if (error_) return;
    error_ = fail(ErrorKind::invalid, "json: cannot unmarshal {} into Go {}{} of type {}", json_word(v),
                  field.empty() ? "value" : "struct field ", field, go_type);
  }
  std::optional<Error> error_;
};

}  // namespace

Result<LintedObject> linted_object(const Value& document, Compat compat) {
  Decoder decode;
  LintedObject out;
  const std::string type = compat == Compat::helm4 ? "k8sYamlStruct" : "K8sYamlStruct";
  if (decode.object(document, "", "rules." + type))
    for (const value::Member& m : document.members()) {
      if (fits_field(m.key.view(), "apiVersion")) decode.text(m.value, type + ".apiVersion", out.api_version);
      if (fits_field(m.key.view(), "Kind")) decode.text(m.value, type + ".Kind", out.kind);
      if (!fits_field(m.key.view(), "Metadata") || !decode.object(m.value, type + ".Metadata", "rules.k8sYamlMetadata"))
        continue;
      std::string ns;
      for (const value::Member& inner : m.value.members()) {
        if (fits_field(inner.key.view(), "Namespace"))
          decode.text(inner.value, "k8sYamlMetadata.Metadata.Namespace", ns);
        if (fits_field(inner.key.view(), "Name")) decode.text(inner.value, "k8sYamlMetadata.Metadata.Name", out.name);
      }
    }
  return decode.done(std::move(out));
}

Result<bool> has_annotated_item(const Value& document, std::string_view key) {
  constexpr std::string_view metadata = "struct { Annotations map[string]string }";
  const std::string item = fmt::format("struct {{ Metadata {} }}", metadata);
  Decoder decode;
  bool found = false;
  for (const value::Member& m : document.members()) {
    if (!fits_field(m.key.view(), "Items") || !decode.list(m.value, ".Items", "[]" + item)) continue;
    for (const Value& one : m.value.items()) {
      if (!decode.object(one, ".Items", item)) continue;
      for (const value::Member& inner : one.members()) {
        if (!fits_field(inner.key.view(), "Metadata") || !decode.object(inner.value, ".Items.Metadata", metadata))
          continue;
        for (const value::Member& notes : inner.value.members()) {
          if (!fits_field(notes.key.view(), "Annotations") ||
              !decode.object(notes.value, ".Items.Metadata.Annotations", "map[string]string"))
            continue;
          std::string text;
          for (const value::Member& note : notes.value.members()) {
            decode.text(note.value, ".Items.Metadata.Annotations", text);
            found = found || note.key.view() == key;
          }
        }
      }
    }
  }
  auto done = decode.done(found);
  return done ? std::move(done) : std::move(done).error().context(std::string(yaml_context));
}

}  // namespace slipway::render::helm
