// What `kustomize edit set|add|remove` does to a kustomization's fields. Pure: the files that arguments name are looked
// up in a tree.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "render/kustomize/folder.h"
#include "value/value.h"

namespace slipway::render::kustomize {

struct EditRequest {
  std::string verb, what;  // "set", "image"
  std::vector<std::string> arguments;
  std::map<std::string, std::vector<std::string>> options;  // by name without dashes; a switch: "true"
  const sources::Tree* tree = nullptr;
  std::string folder;            // of the kustomization, a path of the tree
  std::string file;              // its name: never added to itself
  std::vector<std::string> log;  // filled: what was passed over
  const std::string* option(const std::string& name) const;
  bool flag(const std::string& name) const { return option(name) && *option(name) != "false"; }
};

// All that can be edited: "set image", "add resource", ...
const std::vector<std::string>& edits();

// What can be told without the kustomization: false when nothing would be done. Errors: as edit().
Result<bool> has_work(EditRequest& request);

// Whether `fields` changed so that they should be written. Errors: bad_request in kustomize's words; invalid.
Result<bool> edit(Value& fields, EditRequest& request);

// patchesJson6902 and patchesStrategicMerge become patches, commonLabels labels. Error: invalid when a label stands in
// both.
Result<> fix(Value& fields, const Folder& folder);

// Names that match a pattern (*, ?, [...]), as seen from the folder; hidden ones only when the pattern says so.
std::vector<std::string> glob(const sources::Tree& tree, const std::string& folder, const std::string& pattern);

// "a:b" each; text in double quotes loses them. Error: bad_request where there is no key.
Result<Value> pairs_from(const std::vector<std::string>& words, std::string_view kind);

}  // namespace slipway::render::kustomize
