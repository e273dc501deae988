// The rules, each over all objects that one folder renders to.
#pragma once

#include "check/check.h"
#include "check/objects.h"
#include "render/render.h"

namespace slipway::check {

struct Subject {
  const render::Rendered& rendered;
  const Objects& objects;
  const sources::Tree& tree;
  const kinds::Catalog& catalog;
};
using Findings = std::vector<Finding>;

Finding finding(Severity severity, std::string rule, const render::RenderedObject& about, std::string message,
                std::string fix = "");

// Where a field ("spec.ports[0].port") was written; the object's own place when that cannot be told.
base::Place field_place(const Subject& subject, const render::RenderedObject& about, std::string_view field);

// object_rules.cc: what an API server or the engine would say of single objects.
void check_schema(const Subject& subject, Findings& out);
void check_annotations(const Subject& subject, Findings& out);
// reference_rules.cc: what one object says of another.
void check_config_references(const Subject& subject, Findings& out);
void check_service_selectors(const Subject& subject, Findings& out);
void check_backends(const Subject& subject, Findings& out);

}  // namespace slipway::check
