// LimitRanges: resources by their names, and amounts that do not contradict one another.
#include <map>
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"
#include "kinds/resource_names.h"

namespace slipway::kinds {

namespace {

// What one resource may not be more than another member's, and how it is said. The value shown and where are those of
// upstream, which shows the other amount for limits.
struct Order {
  std::string_view less, more, at, shown, words;
};
constexpr Order orders[] = {
    {"min", "max", "min", "min", "min value {} is greater than max value {}"},
    {"min", "defaultRequest", "defaultRequest", "defaultRequest",
     "min value {} is greater than default request value {}"},
    {"defaultRequest", "max", "defaultRequest", "defaultRequest",
     "default request value {} is greater than max value {}"},
    {"defaultRequest", "default", "defaultRequest", "defaultRequest",
     "default request value {} is greater than default limit value {}"},
    {"min", "default", "default", "min", "min value {} is greater than default value {}"},
    {"default", "max", "default", "max", "default value {} is greater than max value {}"},
};

void check_names(Checks& c, const Value& amounts, bool of_containers, const Path& at) {
  for (const auto& [key, amount] : amounts.members())
    c.invalid(at.key(key.view()), Value(key),
              of_containers ? container_resource_problems(key.view()) : resource_problems(key.view()));
}

void check_ratio(Checks& c, const Value& item, std::string_view name, const Path& at) {
  const Value& ratio = item["maxLimitRequestRatio"][name];
  auto most = Quantity::parse(ratio.as_string());
  if (!most) return;
  if (most->nano < 1'000'000'000) c.invalid(at, ratio, fmt::format("ratio {} is less than 1", most->canonical()));
  auto least = Quantity::parse(item["min"][name].as_string()),
       greatest = Quantity::parse(item["max"][name].as_string());
  if (!least || !greatest || least->nano == 0) return;
  double possible = static_cast<double>(greatest->nano) / static_cast<double>(least->nano);
  if (static_cast<double>(most->nano) / 1e9 > possible)
    c.invalid(at, ratio, fmt::format("ratio {} is greater than max/min = {:f}", most->canonical(), possible));
}

void check_amounts(Checks& c, const Value& item, std::string_view name, const Path& at) {
  auto amount = [&](std::string_view member) { return Quantity::parse(item[member][name].as_string()); };
  for (const Order& order : orders) {
    auto less = amount(order.less), more = amount(order.more);
    if (less && more && less->nano > more->nano)
      c.invalid((at / order.at).key(name), item[order.shown][name],
                fmt::format(fmt::runtime(order.words), less->canonical(), more->canonical()));
  }
  check_ratio(c, item, name, (at / "maxLimitRequestRatio").key(name));
  auto limit = amount("default"), request = amount("defaultRequest");
  if (!may_be_overcommitted(name) && limit && request && limit->nano != request->nano)
    c.invalid((at / "defaultRequest").key(name), item["defaultRequest"][name],
              fmt::format("default value {} must equal to defaultRequest value {} in {}", limit->canonical(),
                          request->canonical(), name));
}

void check_type(Checks& c, const std::string& type, const Path& at) {
  Problems problems = label_key_problems(type);
  if (problems.empty() && type.find('/') == type.npos && type != "Pod" && type != "Container" &&
      type != "PersistentVolumeClaim")
    problems.emplace_back("must be a standard limit type or fully qualified");
  c.invalid(at, type, problems);
}

}  // namespace

void check_limit_range_spec(Checks& c, const Value& spec, const Value*, const Path& at) {
  std::set<std::string> types;
  const Value& limits = spec["limits"];
  for (size_t i = 0; i < limits.size() && !c.full(); ++i) {
    Path here = (at / "limits")[i];
    Value item = limits[i];
    std::string type = item["type"].str();
    bool pod = type == "Pod", of_containers = pod || type == "Container";
    check_type(c, type, here / "type");
    if (!types.insert(type).second) c.duplicate(here / "type", type);
    for (std::string_view name : {"max", "min"}) check_names(c, item[name], of_containers, here / name);
    for (std::string_view name : {"default", "defaultRequest"}) {
      if (!pod) {
        check_names(c, item[name], of_containers, here / name);
      } else if (!item[name].empty()) {
        c.forbidden(here / name, "may not be specified when `type` is 'Pod'");
        item = item.without_member(name);
      }
    }
    if (type == "PersistentVolumeClaim" && !item["min"].has("storage") && !item["max"].has("storage"))
      c.required(here / "limits", "either minimum or maximum storage value is required, but neither was provided");
    check_names(c, item["maxLimitRequestRatio"], of_containers, here / "maxLimitRequestRatio");
    std::set<std::string> names;
    for (std::string_view member : {"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"})
      for (const auto& [key, amount] : item[member].members()) names.insert(key.str());
    for (const std::string& name : names) check_amounts(c, item, name, here);
  }
}

}  // namespace slipway::kinds
