// Where each field of a built resource came from: the file that it was read from, or the entry of a kustomization that
// wrote it last, and those before.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "render/kustomize/observer.h"
#include "render/kustomize/patch_source.h"

namespace slipway::render::kustomize {

// Follows all resources of one kind through a build.
class Explanation final : public Observer {
 public:
  explicit Explanation(std::string kind) : kind_(std::move(kind)) {}
  void begin() override;
  void after(ResourceSet& set, const Step& step) override;

  // Lines for people, of every resource that has or had this name; data of Secrets is not shown. Error: not_found, with
  // the nearest name.
  Result<std::string> tell(const std::string& name) const;

 private:
  // What wrote a value: steps by number, the last one won. Members and items as the value has them.
  struct Origin {
    std::vector<int> steps;
    std::map<std::string, Origin> members;
    std::vector<Origin> items;
  };
  struct Done {
    std::string what;                  // "namePrefix", "patches", "name hash"; "" a file of resources
    base::Place place;                 // of the entry
    std::vector<PatchSource> sources;  // what it was read from, for the lines of single fields
  };
  struct Followed {
    Value object;
    Origin origin;
    base::Place read;                // the document that it began as
    std::vector<std::string> names;  // the last is today's
  };

  static Origin made(const Value& v, int step);
  static Origin changed(const Value& before, const Origin& origin, const Value& now, int step);
  int note(const Step& step);
  void tell_one(const Followed& followed, std::string& out) const;
  void tell_value(const Value& whole, const Value& v, const Origin& origin, const std::vector<std::string>& path,
                  const Followed& followed, std::vector<std::pair<std::string, std::string>>& lines) const;
  std::string origin_words(const Value& whole, const Origin& origin, const std::vector<std::string>& path,
                           const Followed& followed) const;
  base::Place place_of(const Done& step, const Value& whole, const std::vector<std::string>& path,
                       const Followed& followed) const;

  std::string kind_;
  std::vector<Done> steps_;
  std::vector<Followed> followed_;  // by Resource::number - 1
  std::vector<uint32_t> finished_;  // what was built
};

}  // namespace slipway::render::kustomize
