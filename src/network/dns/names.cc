// Which name holds what (<z>: the cluster's domain; E: an endpoint's hostname, or its address with dashes):
//
//   <svc>.<ns>.svc.<z>                 A: the ClusterIP; headless: of every ready endpoint; ExternalName: CNAME
//                                      SRV: all ports
//   <E>.<svc>.<ns>.svc.<z>             A
//   _<port>._<proto>.<svc>.<ns>.svc.<z>  SRV to the service, or to each endpoint of a headless one
//   a-b-c-d.<ns>.pod.<z>               A, when a pod of that namespace has the address
//   dns-version.<z>                    TXT
//   d.c.b.a.in-addr.arpa               PTR to the service, or to E.<svc>...
//
// Names in between exist without holding anything: NODATA, so that resolvers which ask level by level go on. A name
// that is not there is denied (NXDOMAIN) with the zone's SOA. A headless service without ready endpoints does not
// exist, as the schema wants it.
#include "network/dns/names.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::network::dns {

namespace {

constexpr uint32_t ttl_s = 5;

std::string with_dashes(uint32_t address) {
  return base::replace_all(format_ipv4(address), ".", "-");
}

bool is_headless(const Value& service) {
  return service["spec"]["clusterIP"].as_string() == "None";
}
bool is_external(const Value& service) {
  return service["spec"]["type"].as_string() == "ExternalName";
}

std::optional<uint32_t> cluster_address(const Value& service) {
  if (is_external(service)) return std::nullopt;
  return parse_ipv4(service["spec"]["clusterIP"].as_string());
}

bool is_of(std::string_view label, std::string_view name) {  // "_http" of "http"
  return label.size() > 1 && label[0] == '_' && label.substr(1) == base::to_lower(name);
}

template <class K>
void count(std::map<uint32_t, std::map<K, int>>& holders, uint32_t address, const K& holder, int by) {
  auto& of_address = holders[address];
  if ((of_address[holder] += by) <= 0) of_address.erase(holder);
  if (of_address.empty()) holders.erase(address);
}

// Which address a name below in-addr.arpa means; nothing unless it is whole.
std::optional<uint32_t> reversed_address(const Name& name) {
  if (name.labels.size() != 6) return std::nullopt;
  return parse_ipv4(fmt::format("{}.{}.{}.{}", name.labels[3], name.labels[2], name.labels[1], name.labels[0]));
}

Name reverse_zone(const Cidr& range) {
  Name zone;
  for (int octet = range.bits / 8 - 1; octet >= 0; --octet)
    zone.labels.push_back(std::to_string(range.base >> (24 - 8 * octet) & 255));
  return zone + Name{{"in-addr", "arpa"}};
}

}  // namespace

Names::Names(Name domain, uint32_t dns_address, std::vector<Cidr> ranges)
    : domain_(std::move(domain)), dns_address_(dns_address), ranges_(std::move(ranges)) {}

std::optional<Answer> Names::answer(const Question& question, uint64_t turn) const {
  const Name& name = question.name;
  if (!name.ends_with(domain_)) return reverse(question, turn);
  std::vector<std::string> labels;
  for (size_t i = 0; i < name.labels.size() - domain_.labels.size(); ++i)
    labels.push_back(base::to_lower(name.labels[i]));
  return finish(question, find(labels, name, turn), domain_);
}

Answer Names::finish(const Question& question, std::optional<Found> found, const Name& zone) const {
  Answer answer;
  if (!found) {
    answer.code = Code::no_name;
  } else {
    bool any = question.type == type_any, follows = found->alias && question.type != type_cname;
    for (Record& record : found->records) {
      if (record.type == question.type || any || (follows && record.type == type_cname))
        answer.answers.push_back(std::move(record));
    }
    if (question.type == type_srv) answer.additional = std::move(found->additional);
    if (follows && (question.type == type_a || question.type == type_aaaa)) answer.alias = std::move(found->alias);
  }
  if (answer.answers.empty()) answer.authority.push_back(authority_record(zone, ttl_s));
  return answer;
}

std::optional<Names::Found> Names::find(const std::vector<std::string>& labels, const Name& name, uint64_t turn) const {
  Name server = Name{{"ns", "dns"}} + domain_;
  if (labels.empty()) {
    Record ns = pointer_record(name, server, ttl_s);
    ns.type = type_ns;
    return Found{{authority_record(name, ttl_s), ns}, {}, {}};
  }
  const std::string& top = labels.back();
  std::vector<std::string> rest(labels.begin(), labels.end() - 1);
  if (top == "svc") return rest.empty() ? Found{} : find_service(rest, name, turn);
  if (top == "pod") {
    if (rest.empty()) return Found{};
    if (rest.size() == 1 && has_namespace(rest[0])) return Found{};
    auto address = rest.size() == 2 ? parse_ipv4(base::replace_all(rest[0], "-", ".")) : std::nullopt;
    auto holders = address ? pod_addresses_.find(*address) : pod_addresses_.end();
    if (holders == pod_addresses_.end() || !holders->second.contains(rest[1])) return std::nullopt;
    return Found{{address_record(name, *address, ttl_s)}, {}, {}};
  }
  if (top == "dns-version" && rest.empty()) return Found{{text_record(name, "1.1.0", ttl_s)}, {}, {}};
  if (top == "dns" && rest.empty()) return Found{};
  if (top == "dns" && rest.size() == 1 && rest[0] == "ns")
    return Found{{address_record(name, dns_address_, ttl_s)}, {}, {}};
  return std::nullopt;
}

// `labels` end in the namespace.
std::optional<Names::Found> Names::find_service(const std::vector<std::string>& labels, const Name& name,
                                                uint64_t turn) const {
  size_t n = labels.size();
  if (n == 1) return has_namespace(labels[0]) ? std::optional(Found{}) : std::nullopt;
  Key key{labels[n - 1], labels[n - 2]};
  auto at = services_.find(key);
  if (n > 4 || at == services_.end() || at->second.object.is_null()) return std::nullopt;
  const Service& service = at->second;
  if (n == 4) return find_ports(service, key, labels[0], labels[1], name, turn);

  Found found;
  if (n == 3) {
    if (labels[0][0] == '_') {  // exists when something below it does
      auto below = find_ports(service, key, {}, labels[0], name, turn);
      return below && !below->records.empty() ? std::optional(Found{}) : std::nullopt;
    }
    for (const Backend& backend : backends(service)) {
      if (backend.name == labels[0] && backend.ready)
        found.records.push_back(address_record(name, backend.address, ttl_s));
    }
    return found.records.empty() ? std::nullopt : std::optional(found);
  }

  if (is_external(service.object)) {
    auto target = Name::parse(service.object["spec"]["externalName"].as_string());
    if (!target || target->labels.empty()) return std::nullopt;
    return Found{{alias_record(name, *target, ttl_s)}, {}, target};
  }
  if (auto address = cluster_address(service.object)) {
    found.records.push_back(address_record(name, *address, ttl_s));
  } else {
    for (const Backend& backend : backends(service)) {
      if (backend.ready) found.records.push_back(address_record(name, backend.address, ttl_s));
    }
    auto same = [](const Record& a, const Record& b) { return a.data == b.data; };
    auto less = [](const Record& a, const Record& b) { return a.data < b.data; };
    std::sort(found.records.begin(), found.records.end(), less);
    found.records.erase(std::unique(found.records.begin(), found.records.end(), same), found.records.end());
    if (found.records.empty()) return std::nullopt;
    std::rotate(found.records.begin(), found.records.begin() + static_cast<long>(turn % found.records.size()),
                found.records.end());
  }
  if (auto ports = find_ports(service, key, {}, {}, name, turn)) {
    for (Record& record : ports->records) found.records.push_back(std::move(record));
    found.additional = std::move(ports->additional);
  }
  return found;
}

// SRV records of the ports that match; empty patterns match all.
std::optional<Names::Found> Names::find_ports(const Service& service, const Key& key, std::string_view port,
                                              std::string_view protocol, const Name& name, uint64_t turn) const {
  struct Target {
    Name name;
    uint32_t address;
    uint16_t port;
  };
  auto matches = [&](const Value& p) {
    return (port.empty() || is_of(port, p["name"].as_string())) &&
           (protocol.empty() || is_of(protocol, p["protocol"].as_string("TCP")));
  };
  std::vector<Target> targets;
  if (auto address = cluster_address(service.object)) {
    for (const Value& p : service.object["spec"]["ports"].items()) {
      if (matches(p)) targets.push_back({name_of(key), *address, static_cast<uint16_t>(p["port"].as_int())});
    }
  } else if (is_headless(service.object)) {
    for (const Backend& backend : backends(service)) {
      if (!backend.ready) continue;
      for (const Value& p : backend.ports->items()) {
        if (matches(p))
          targets.push_back(
              {Name{{backend.name}} + name_of(key), backend.address, static_cast<uint16_t>(p["port"].as_int())});
      }
    }
  }
  if (targets.empty()) return std::nullopt;
  std::rotate(targets.begin(), targets.begin() + static_cast<long>(turn % targets.size()), targets.end());
  Found found;
  auto weight = static_cast<uint16_t>(std::max<size_t>(1, 100 / targets.size()));
  for (const Target& target : targets) {
    found.records.push_back(service_record(name, 0, weight, target.port, target.name, ttl_s));
    Record address = address_record(target.name, target.address, ttl_s);
    bool told = std::any_of(found.additional.begin(), found.additional.end(), [&](const Record& record) {
      return record.data == address.data && record.name == address.name;
    });
    if (!told) found.additional.push_back(std::move(address));
  }
  return found;
}

std::optional<Answer> Names::reverse(const Question& question, uint64_t turn) const {
  static const Name all{{"in-addr", "arpa"}};
  const Name& name = question.name;
  if (!name.ends_with(all)) return std::nullopt;
  auto address = reversed_address(name);
  const Cidr* range = nullptr;
  Name zone = all;
  for (const Cidr& one : ranges_) {
    bool within = address ? one.contains(*address) : one.bits % 8 == 0 && name.ends_with(reverse_zone(one));
    if (!within) continue;
    range = &one;
    zone = reverse_zone(one);
  }
  if (!address) return range ? std::optional(finish(question, Found{}, zone)) : std::nullopt;

  Found found;
  if (auto at = cluster_addresses_.find(*address); at != cluster_addresses_.end()) {
    for (const auto& [key, times] : at->second) found.records.push_back(pointer_record(name, name_of(key), ttl_s));
  } else if (auto at = endpoint_addresses_.find(*address); at != endpoint_addresses_.end()) {
    for (const auto& [key, times] : at->second) {
      auto service = services_.find(key);
      if (service == services_.end() || service->second.object.is_null()) continue;
      for (const Backend& backend : backends(service->second)) {
        if (backend.address != *address) continue;
        found.records.push_back(pointer_record(name, Name{{backend.name}} + name_of(key), ttl_s));
        break;
      }
    }
  }
  if (found.records.empty()) return range ? std::optional(finish(question, std::nullopt, zone)) : std::nullopt;
  return finish(question, std::move(found), zone);
}

std::vector<Names::Backend> Names::backends(const Service& service) const {
  std::vector<Backend> found;
  bool all = service.object["spec"]["publishNotReadyAddresses"].as_bool();
  for (const auto& [name, slice] : service.slices) {
    for (const Value& endpoint : slice["endpoints"].items()) {
      auto address = parse_ipv4(endpoint["addresses"][0].as_string());
      if (!address) continue;
      std::string host = base::to_lower(endpoint["hostname"].str());
      found.push_back({*address, host.empty() ? with_dashes(*address) : host, &slice["ports"],
                       all || endpoint["conditions"]["ready"].as_bool(true)});
    }
  }
  return found;
}

Name Names::name_of(const Key& key) const {
  return Name{{key.second, key.first, "svc"}} + domain_;
}

bool Names::has_namespace(const std::string& ns) const {
  auto at = services_.lower_bound(Key{ns, ""});
  return at != services_.end() && at->first.first == ns;
}

void Names::clear() {
  services_.clear();
  cluster_addresses_.clear();
  endpoint_addresses_.clear();
  pod_addresses_.clear();
}

void Names::set_service(const Value& before, const Value& after) {
  const Value& object = after.is_null() ? before : after;
  Key key{std::string(kinds::namespace_of(object)), std::string(kinds::name_of(object))};
  if (auto address = cluster_address(before)) count(cluster_addresses_, *address, key, -1);
  if (auto address = cluster_address(after)) count(cluster_addresses_, *address, key, 1);
  services_[key].object = after;
  if (after.is_null() && services_[key].slices.empty()) services_.erase(key);
}

void Names::set_endpoint_slice(const Value& before, const Value& after) {
  auto take = [this](const Value& slice, bool add) {
    if (slice.is_null() || slice["addressType"].as_string("IPv4") != "IPv4") return;
    Key key{std::string(kinds::namespace_of(slice)), slice["metadata"]["labels"]["kubernetes.io/service-name"].str()};
    if (key.second.empty()) return;
    for (const Value& endpoint : slice["endpoints"].items()) {
      if (auto address = parse_ipv4(endpoint["addresses"][0].as_string()))
        count(endpoint_addresses_, *address, key, add ? 1 : -1);
    }
    Service& service = services_[key];
    if (add) {
      service.slices[std::string(kinds::name_of(slice))] = slice;
    } else {
      service.slices.erase(std::string(kinds::name_of(slice)));
      if (service.slices.empty() && service.object.is_null()) services_.erase(key);
    }
  };
  take(before, false);
  take(after, true);
}

void Names::set_pod(const Value& before, const Value& after) {
  auto take = [this](const Value& pod, int by) {
    auto phase = pod["status"]["phase"].as_string();
    auto address = parse_ipv4(pod["status"]["podIP"].as_string());
    if (!address || phase == "Succeeded" || phase == "Failed" || pod["spec"]["hostNetwork"].as_bool()) return;
    count(pod_addresses_, *address, std::string(kinds::namespace_of(pod)), by);
  };
  take(before, -1);
  take(after, 1);
}

}  // namespace slipway::network::dns
