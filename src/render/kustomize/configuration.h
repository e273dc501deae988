// Which fields the transformers touch in one build: the built-in tables, and what `configurations` and `crds` add.
#pragma once

#include <vector>

#include "render/kustomize/field_tables.h"
#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"

namespace slipway::render::kustomize {

struct Configuration {
  std::vector<FieldSpec> name_prefix, name_suffix, namespaces, common_labels, labels, template_labels, claim_labels,
      annotations, vars, images, replicas;
  std::vector<NameReference> name_references;
  bool builtin = false, custom = false;  // the built-in tables are in it, something else is
  Result<> merge(const Configuration& other);
};
const Configuration& builtin_configuration();

// Appends what is not covered yet. Error: invalid when one field is to be made by one and not by the other.
Result<> add_fields(std::vector<FieldSpec>& to, const std::vector<FieldSpec>& from);

// The file of a `configurations` entry. Errors: as read_kustomization.
Result<Configuration> read_configuration(const Folder& folder, const Named& entry);

}  // namespace slipway::render::kustomize
