// What every store must do, wherever it keeps its objects. Run by store_test.cc on memory and on disk.
#pragma once

#include <string_view>
#include <vector>

#include "store/store.h"

namespace slipway::store {

struct ContractCase {
  std::string_view name;
  Task<void> (*run)(World& world, Store& store);  // on an empty store, which it may leave as it likes
  StoreOptions options = {};                      // the path is filled in
};
const std::vector<ContractCase>& store_contract();

// {"metadata": {"name": ..., "namespace": ...}, "text": ...}
Value sample(const Key& key, std::string_view text);
Change put(std::string_view resource, std::string_view place, std::string_view text,
           std::optional<Revision> expected = std::nullopt, Durability durability = Durability::disk);
Change removal(std::string_view resource, std::string_view place, std::optional<Revision> expected = std::nullopt);
// "ns/a=1 ns/b=2": the places and texts of the listed objects.
std::string texts(const Listing& listing);

}  // namespace slipway::store
