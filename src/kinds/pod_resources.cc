#include "kinds/pod_resources.h"

namespace slipway::kinds {

namespace {

void raise(Resources& to, const Resources& least) {
  for (const auto& [name, amount] : least) {
    auto [there, added] = to.try_emplace(name, amount);
    if (!added && amount.nano > there->second.nano) there->second = amount;
  }
}

}  // namespace

Resources resources_of(const Value& list) {
  Resources all;
  for (const auto& [key, text] : list.members())
    if (auto amount = Quantity::parse(text.as_string())) all.emplace(key.str(), *amount);
  return all;
}

void add(Resources& to, const Resources& more) {
  for (const auto& [name, amount] : more) {
    auto [there, added] = to.try_emplace(name, amount);
    if (!added) there->second.nano += amount.nano;
  }
}

Resources pod_resources(const Value& pod, std::string_view member) {
  const Value& spec = pod["spec"];
  Resources all, sidecars, starting;
  for (const Value& container : spec["containers"].items()) add(all, resources_of(container["resources"][member]));
  for (const Value& container : spec["initContainers"].items()) {
    Resources own = resources_of(container["resources"][member]);
    if (container["restartPolicy"].as_string() == "Always") {
      add(all, own);
      add(sidecars, own);
      raise(starting, sidecars);
    } else {
      add(own, sidecars);
      raise(starting, own);
    }
  }
  raise(all, starting);
  for (auto& [name, amount] : resources_of(spec["resources"][member]))
    if (name == "cpu" || name == "memory") all.insert_or_assign(name, amount);
  return all;
}

std::string_view quality_of(const Value& pod) {
  bool any = false, guaranteed = true;
  auto judge = [&](const Value& resources) {
    Resources limits = resources_of(resources["limits"]), requests = resources_of(resources["requests"]);
    for (const char* name : {"cpu", "memory"}) {
      auto said = limits.find(name), asked = requests.find(name);
      __int128 limit = said == limits.end() ? 0 : said->second.nano;
      __int128 request = asked == requests.end() ? limit : asked->second.nano;
      any = any || limit != 0 || request != 0;
      guaranteed = guaranteed && limit != 0 && request == limit;
    }
  };
  const Value &spec = pod["spec"], &whole = spec["resources"];
  if (!whole["limits"].empty() || !whole["requests"].empty()) {  // what is said of the pod stands for its containers
    judge(whole);
  } else {
    for (const char* list : {"initContainers", "containers"})
      for (const Value& container : spec[list].items()) judge(container["resources"]);
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace slipway::kinds
