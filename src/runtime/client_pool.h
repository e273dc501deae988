// The idle connections of an HttpClient, by "scheme://authority". Shared with the bodies being read, which give their
// connection back at the end.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/h1_client.h"

namespace slipway::runtime {

class ClientPool {
 public:
  ClientPool(World& world, size_t idle_max) : world_(world), idle_max_(idle_max) {}
  // The one used last, or null.
  std::unique_ptr<H1ClientConnection> take(const std::string& key);
  void give(const std::string& key, std::unique_ptr<H1ClientConnection> connection);
  void close() { closed_ = true, idle_.clear(); }

 private:
  World& world_;
  size_t idle_max_;
  bool closed_ = false;
  std::map<std::string, std::vector<std::unique_ptr<H1ClientConnection>>> idle_;
};

// The body of an answer on `connection`, which goes back to the pool at the body's end when `head` allows it.
std::unique_ptr<Body> pooled_body(std::shared_ptr<ClientPool> pool, std::string key,
                                  std::unique_ptr<H1ClientConnection> connection, const H1ResponseHead& head);

}  // namespace slipway::runtime
