// Built-in tables of fields; see field_tables.cc.
#pragma once

#include <vector>

#include "render/kustomize/field_path.h"

namespace slipway::render::kustomize {

const std::vector<FieldSpec>& selector_labels_fields();  // selectors; with includeSelectors the next two as well
const std::vector<FieldSpec>& template_labels_fields();  // metadata and pod templates
const std::vector<FieldSpec>& claim_labels_fields();     // volumeClaimTemplates
const std::vector<FieldSpec>& annotations_fields();
const std::vector<FieldSpec>& namespaces_fields();  // besides metadata.namespace
const std::vector<FieldSpec>& images_fields();
const std::vector<FieldSpec>& replicas_fields();
const std::vector<FieldSpec>& vars_fields();  // where $(VAR) is replaced

struct NameReference {
  FieldSpec target;               // what is referred to
  std::vector<FieldSpec> fields;  // by these fields
};
const std::vector<NameReference>& name_references();

}  // namespace slipway::render::kustomize
