// Where each field of a built resource came from: the file that it was read from, or the entry of a kustomization that
// wrote it last, and those before.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "render/kustomize/observer.h"
#include "render/kustomize/writer.h"

namespace slipway::render::kustomize {

// Writes down what the resources of a build become; what that says of single fields is worked out when it is asked for.
class Explanation final : public Observer {
 public:
  explicit Explanation(std::string kind = {}) : kind_(std::move(kind)) {}
  void begin() override;
  void before(ResourceSet& set, const Step& step) override;
  void after(ResourceSet& set, const Step& step) override;
  void finished(ResourceSet& set) override;

  // Lines for people, of every resource of the kind that has or had this name; data of Secrets is not shown. Error:
  // not_found, with the nearest name.
  Result<std::string> tell(const std::string& name) const;
  // Of the resource with this place in what was built: who wrote the field, or what is there of the way to it, last.
  base::Place place_of(size_t resource, const std::vector<std::string>& path) const;

 private:
  // Who wrote a value, the last one last. Members and items as the value has them.
  struct Origin {
    std::vector<Writing> writings;
    std::map<std::string, Origin> members;
    std::vector<Origin> items;
  };
  struct State {
    size_t writer;
    Value object;
  };
  struct Followed {
    base::Place read;  // the document that it began as
    std::vector<State> states;
  };
  class Replay;

  size_t writer_for(const Step& step);
  void write_down(size_t writer);
  std::string origin_words(const Followed& followed, const Origin& origin) const;
  void tell_one(const Followed& followed, std::string& out) const;
  void tell_value(const Followed& followed, const Value& v, const Origin& origin, const std::string& field,
                  std::vector<std::pair<std::string, std::string>>& lines) const;
  base::Place field_place(const Followed& followed, const Writing& writing) const;

  std::string kind_;
  std::vector<Writer> writers_;
  std::vector<Followed> followed_;  // by Resource::number - 1
  std::vector<uint32_t> finished_;  // what was built
  History history_;                 // since the last step
};

}  // namespace slipway::render::kustomize
