// Index: what is stored now, by resource and key, in the order of etcd's keys ("ns/name" as text), and by the object
// that controls it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "store/store.h"

namespace slipway::store {

struct Entry {
  Value object;
  Revision revision = 0;
  int64_t row = 0;  // its row on the disk, kept for life; given also to those that never get there
  Durability durability = Durability::disk;
};

// The part of a key after the resource: "ns/name", or "name" for the cluster-scoped.
std::string place_of(const Key& key);
Key key_of(std::string_view resource, std::string_view place);

class Index {
 public:
  using Objects = std::map<std::string, Entry, std::less<>>;
  using Places = std::set<std::string_view>;

  const Entry* find(const Key& key) const;  // null: not there
  void put(const Key& key, Entry entry);
  void erase(const Key& key);
  const Objects& objects(std::string_view resource) const;  // empty when there are none
  // Places of those that this uid controls; "": of those that nobody controls.
  const Places& controlled_by(std::string_view resource, std::string_view uid) const;
  std::vector<std::string> resources() const;  // those that have objects

 private:
  struct Resource {
    Objects objects;
    std::map<std::string, Places, std::less<>> by_controller;  // views into the keys of `objects`
    void leave(std::string_view controller, std::string_view place);
  };
  std::map<std::string, Resource, std::less<>> resources_;
};

}  // namespace slipway::store
