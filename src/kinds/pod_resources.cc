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

}  // namespace slipway::kinds
