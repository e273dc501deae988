// What a kustomization says and hardly means, seen while it is built: patches and replacements that select nothing,
// images that nobody uses, indexes that hit a neighbour, labels that change immutable selectors, pointers and documents
// of which a part is never looked at, fields that are deprecated, vars that nothing reads.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "render/kustomize/observer.h"
#include "render/kustomize/patch_source.h"
#include "render/render.h"

namespace slipway::render::kustomize {

class HazardObserver final : public Observer {
 public:
  explicit HazardObserver(std::vector<Hazard>* found) : found_(*found) {}
  void begin() override;
  void loaded(const Kustomization& kustomization) override;
  void before(ResourceSet& set, const Step& step) override;
  void after(ResourceSet& set, const Step& step) override;
  // Takes those of a build's warnings out that have a place: they are hazards then.
  void place(std::vector<std::string>& warnings);

 private:
  void look_at_documents(const Kustomization& kustomization);
  void look_at_patch(ResourceSet& set, const Patch& patch, const Folder& folder);
  void look_at_pointers(const Value& operations, const Patch& patch, const Folder& folder);
  void look_at_indexes(ResourceSet& set, const Patch& patch, const Folder& folder, const std::vector<size_t>& targets);
  void add_in_patch(const Patch& patch, const Folder& folder, const std::string& pointer, Hazard hazard);
  void look_at_replacements(ResourceSet& set, const Step& step);
  void look_at_image(ResourceSet& set, const Step& step);
  void look_at_selectors(const ResourceSet& set, const Step& step);
  void add(Hazard hazard);
  std::vector<Hazard>& found_;
  std::set<std::pair<std::string, std::string>> known_;  // rule and place of each, which is told once
  std::vector<Value> before_;
  size_t compared_ = 0;               // names, for the nearest
  std::vector<Named> warned_, vars_;  // of the kustomizations that were read
};

}  // namespace slipway::render::kustomize
