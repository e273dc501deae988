// Who looks on while a kustomization is built: told before and after each step, so that what a step did can be seen by
// comparing objects - by identity, for what no step touched is shared - or, by who gave resources a History, in what
// they became. Nothing is built twice. A build that nobody looks at pays nothing.
#pragma once

#include <string>

#include "render/kustomize/configuration.h"
#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

struct Step {
  const char* field;      // of the kustomization: "patches", "namePrefix"; "" for what happens at the end of a build
  size_t entry = 0;       // of that field, when it is a list
  const char* what = "";  // in words, where the field does not say it: "name hashes"
  const Kustomization* kustomization = nullptr;
  const Folder* folder = nullptr;
  const Configuration* configuration = nullptr;
  // What resources were read from; null for other steps.
  std::shared_ptr<const std::string> text = nullptr;
  const Spot* spot = nullptr;  // of the entry; null: that of the field
  const Replacement* replacement = nullptr;
  base::Place place = {};                  // of a plugin
  const std::vector<Var>* vars = nullptr;  // of all kustomizations, when they are resolved
  size_t fresh_from = SIZE_MAX;            // resources from this one on may be new: nobody was told of them
  bool is(std::string_view name) const { return name == field; }
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void begin() {}                       // of a build; also of the next one
  virtual void loaded(const Kustomization&) {}  // once for each that is read
  virtual void before(ResourceSet&, const Step&) {}
  virtual void after(ResourceSet&, const Step&) {}
  virtual void finished(ResourceSet&) {}  // what is built, in its order
};

// Several, one after the other.
class Observers final : public Observer {
 public:
  explicit Observers(std::vector<Observer*> all) : all_(std::move(all)) {}
  void begin() override {
    for (Observer* one : all_) one->begin();
  }
  void loaded(const Kustomization& kustomization) override {
    for (Observer* one : all_) one->loaded(kustomization);
  }
  void before(ResourceSet& set, const Step& step) override {
    for (Observer* one : all_) one->before(set, step);
  }
  void after(ResourceSet& set, const Step& step) override {
    for (Observer* one : all_) one->after(set, step);
  }
  void finished(ResourceSet& set) override {
    for (Observer* one : all_) one->finished(set);
  }

 private:
  std::vector<Observer*> all_;
};

}  // namespace slipway::render::kustomize
