// The kinds of a remote cluster, from its discovery.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kinds/kind.h"

namespace slipway::cluster {

class DiscoveredCatalog final : public kinds::Catalog {
 public:
  // `lists`: an APIResourceList of each group version.
  void replace(const std::vector<Value>& lists);

  const kinds::Kind* find(const kinds::GroupVersionKind& id) const override;
  const kinds::Kind* find_resource(std::string_view group, std::string_view version,
                                   std::string_view plural) const override;
  const kinds::Kind* find_kind(std::string_view group, std::string_view kind) const override;
  const kinds::Kind* find_word(std::string_view word) const override;
  std::vector<const kinds::Kind*> all() const override;
  uint64_t generation() const override { return generation_; }

 private:
  // Kinds are never freed: callers keep pointers. There are as many as a server ever offered, not as it was asked.
  std::vector<std::unique_ptr<kinds::Kind>> kinds_;
  std::map<kinds::GroupVersionKind, const kinds::Kind*> by_id_;
  uint64_t generation_ = 0;
};

}  // namespace slipway::cluster
