// `kustomize localize`: a kustomization with all that it names, laid out anew so that nothing lies elsewhere: what is
// remote comes to stand below localized-files, paths are written anew. Pure: the files are given, not written.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "render/kustomize/folder.h"

namespace slipway::render::kustomize {

struct LocalizeRequest {
  std::shared_ptr<const sources::Tree> tree;
  std::string target;              // a folder of the tree, or a remote one
  std::string scope;               // of the tree, around the target: nothing outside of it is read
  RemoteBases* remotes = nullptr;  // while it wants some: fetch them, localize again
};
struct Localized {
  std::map<std::string, std::string> files;  // by path below the destination
  std::string target;                        // the kustomization's folder below the destination
};
// Errors: those of Folder; invalid in kustomize's words: outside of the scope, a remote root without a ref.
Result<Localized> localize(const LocalizeRequest& request);

// "localized-app", "localized-app-v1": where it is put when nobody says.
std::string localize_destination(std::string_view target);

}  // namespace slipway::render::kustomize
