#include "render/kustomize/validated.h"

#include <algorithm>

#include "value/note.h"

namespace slipway::render::kustomize {

namespace {

// As kustomize would write them anew: a text over another one keeps the quotes of that one, or none.
bool has_made_labels(const Resource& r) {
  auto has_quotes = [](const Value& text) { return value::note_of(text) == value::Note::quoted; };
  return r.labels_made &&
         std::ranges::all_of(r.object()["metadata"]["labels"].members(), [&](const value::Member& label) {
           return has_quotes(label.value) == has_quotes(value::made_text(scalar_text(label.value)));
         });
}

Value without_validated(const Value& object) {
  if (!object["metadata"]["labels"].has("validated-by")) return object;
  Value after = object.without("/metadata/labels/validated-by");
  return after["metadata"]["labels"].empty() ? after.without("/metadata/labels") : after;
}

bool is_left_alone(const Resource& before, const Resource& after) {
  // Where there were labels in a file, writing that one and taking it away again leaves other nodes there.
  bool written_anew = before.object()["metadata"]["labels"].size() && !has_made_labels(before) &&
                      after.object()["metadata"]["labels"].has("validated-by");
  return !written_anew && before.scalars_written == after.scalars_written &&
         before.object() == without_validated(after.object()) && before.previous_count() == after.previous_count() &&
         before.prefixes == after.prefixes && before.suffixes == after.suffixes;
}

}  // namespace

bool is_left_alone(std::span<const Resource> before, std::span<const Resource> after) {
  return std::ranges::equal(before, after,
                            [](const Resource& was, const Resource& is) { return is_left_alone(was, is); });
}

}  // namespace slipway::render::kustomize
