// kustomize keeps what it notes of a resource (earlier ids, prefixes, what generated it) among its annotations. Here
// the notes are fields of Resource; but whoever reads, replaces or drops the annotations as a whole reads, replaces and
// drops the notes with them, and for those they are written out.
#pragma once

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// The object with its notes among the annotations.
Value with_notes(const Resource& r);
// Gives the resource an object that has its notes among the annotations, or has lost them.
void set_with_notes(Resource& r, Value object);

// The same; but those that it had before stay, as after a JSON patch.
void change_but_notes(Resource& r, Value object);

// Labels or annotations as kustomize writes them anew: each a text in quotes, whatever it was.
Value texts_of(const Value& pairs);
// As when it notes what changed a resource: annotations are read as texts, a mapping among them as "", and written
// anew.
void rewrite_annotations(Resource& r);

// Takes in the notes that a resource brings along from its file.
void read_notes(Resource& r);
// Annotations without those that kustomize never prints.
Value without_build_annotations(Value annotations);

}  // namespace slipway::render::kustomize
