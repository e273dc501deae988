// The names of a cluster: what services, their endpoints and pods are called (the Kubernetes DNS schema 1.1.0). Fed
// object by object; answers from memory, without I/O. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "network/cidr.h"
#include "network/dns/message.h"
#include "value/value.h"

namespace slipway::network::dns {

struct Answer {
  Code code = Code::ok;
  std::vector<Record> answers, authority, additional;
  std::optional<Name> alias;  // the answers end in a CNAME to a name outside of the cluster: look it up yourself
};

class Names {
 public:
  // `ranges`: addresses whose reverse names are ours to deny.
  Names(Name domain, uint32_t dns_address, std::vector<Cidr> ranges);

  // Null for `before`: it is new; for `after`: it is gone.
  void set_service(const Value& before, const Value& after);
  void set_endpoint_slice(const Value& before, const Value& after);
  void set_pod(const Value& before, const Value& after);
  void clear();

  // The answer with authority, or nothing when the name is not ours to answer. `turn` counts the questions: several
  // addresses of one name begin at another one each time.
  std::optional<Answer> answer(const Question& question, uint64_t turn) const;

 private:
  using Key = std::pair<std::string, std::string>;  // namespace, name
  struct Service {
    Value object;                         // null while only endpoints are known
    std::map<std::string, Value> slices;  // by name
  };
  struct Backend {
    uint32_t address;
    std::string name;    // hostname, or the address with dashes
    const Value* ports;  // of its slice
    bool ready;
  };
  struct Found {  // what a name holds, whatever was asked; nullopt around it: there is no such name
    std::vector<Record> records, additional;
    std::optional<Name> alias;
  };

  std::optional<Found> find(const std::vector<std::string>& labels, const Name& name, uint64_t turn) const;
  std::optional<Found> find_service(const std::vector<std::string>& labels, const Name& name, uint64_t turn) const;
  std::optional<Found> find_ports(const Service& service, const Key& key, std::string_view port,
                                  std::string_view protocol, const Name& name, uint64_t turn) const;
  std::optional<Answer> reverse(const Question& question, uint64_t turn) const;
  std::vector<Backend> backends(const Service& service) const;
  Name name_of(const Key& key) const;
  bool has_namespace(const std::string& ns) const;
  Answer finish(const Question& question, std::optional<Found> found, const Name& zone) const;

  Name domain_;
  uint32_t dns_address_;
  std::vector<Cidr> ranges_;
  std::map<Key, Service> services_;
  // Reverse: who holds an address, and how many times.
  std::map<uint32_t, std::map<Key, int>> cluster_addresses_, endpoint_addresses_;
  std::map<uint32_t, std::map<std::string, int>> pod_addresses_;  // to namespaces
};

}  // namespace slipway::network::dns
