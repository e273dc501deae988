// The text of a patch as a person wrote it, and where in which file its parts stand.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"

namespace slipway::render::kustomize {

struct PatchSource {
  std::shared_ptr<const std::string> text;
  std::string file;
  int lines_before = 0;    // of the file, before the text
  bool one_place = false;  // the text stands on one line of the file, wherever in it
  base::Place entry;       // the patch in its kustomization

  // Line 0 where that cannot be told.
  base::Place place(std::string_view pointer, size_t document = 0) const;
  // What is wrong with the text from its line `skipped` on, by the lines of the file. An error that has a file stays.
  Error placed(Error error, int skipped = 0) const;
};
// A text that stands within a kustomization.
PatchSource text_within(const Spot& spot, std::string text);
// Nothing when its file cannot be read: the build says so.
std::optional<PatchSource> find_patch_source(const Patch& patch, const Folder& folder);
// An entry of patchesStrategicMerge: a file, or the patch itself.
std::optional<PatchSource> find_patch_source(const Named& patch, const Folder& folder);

}  // namespace slipway::render::kustomize
