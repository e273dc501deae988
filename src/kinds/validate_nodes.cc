// Nodes: the ranges of their pods, taints, and what never changes once it is set.
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "value/json.h"

namespace slipway::kinds {

namespace {

constexpr std::string_view range_text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

bool is_range(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == text.npos || !is_ip_address(text.substr(0, slash))) return false;
  std::string_view digits = text.substr(slash + 1);
  auto bits = base::parse_int(digits);
  return bits && digits.find_first_not_of("0123456789") == digits.npos && digits.size() <= 3 &&
         *bits <= (text.find(':') == text.npos ? 32 : 128);
}

void check_ranges(Checks& c, const Value& ranges, const Path& at) {
  bool families[2] = {false, false};
  std::string wrong;
  for (size_t i = 0; i < ranges.size(); ++i) {
    std::string text = ranges[i].str();
    if (!is_range(text)) {
      c.invalid(at[i], text, range_text);
      if (wrong.empty()) wrong = fmt::format("invalid CIDR[{}]: <nil> (invalid CIDR address: {})", i, text);
    } else {
      families[text.find(':') != text.npos] = true;
    }
  }
  if (ranges.size() < 2) return;
  if (!wrong.empty())
    c.add({"InternalError", "Internal error: invalid PodCIDRs. failed to check with dual stack with error:" + wrong,
           at.str()});
  if (!wrong.empty() || !families[0] || !families[1] || ranges.size() > 2)
    c.invalid(at, ranges, "may specify no more than one CIDR for each IP family");
}

void check_taints(Checks& c, const Value& taints, const Path& at) {
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < taints.size() && !c.full(); ++i) {
    const Value& taint = taints[i];
    std::string key = taint["key"].str(), value = taint["value"].str(), effect = taint["effect"].str();
    c.invalid(at[i] / "key", key, label_key_problems(key));
    if (auto problems = label_value_problems(value); !problems.empty())
      c.invalid(at[i] / "value", value, base::join(problems, ";"));
    if (effect.empty())
      c.required(at[i] / "effect");
    else if (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute")
      c.not_supported(at[i] / "effect", effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    if (seen.insert({effect, key}).second) continue;
    // Go prints its struct.
    c.add({"FieldValueDuplicate",
           fmt::format("Duplicate value: {{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":{}}}: taints must be "
                       "unique by key and effect pair",
                       value::to_json(Value(key)), value::to_json(Value(value)), value::to_json(Value(effect)),
                       value::to_json(taint["timeAdded"])),
           at[i].str()});
  }
}

}  // namespace

void check_node(Checks& c, const Value& node, const Value* before, const Path&) {
  const Value& spec = node["spec"];
  Path at("spec"), taints_at("metadata.taints");  // where upstream says that they stand
  check_taints(c, spec["taints"], taints_at);
  check_ranges(c, spec["podCIDRs"], at / "podCIDRs");
  if (!before) return;
  const Value& old = (*before)["spec"];
  if (const Value& ranges = old["podCIDRs"]; !ranges.empty()) {
    constexpr std::string_view text = "node updates may not change podCIDR except from \"\" to valid";
    if (ranges.size() != spec["podCIDRs"].size()) c.forbidden(at / "podCIDRs", text);
    for (size_t i = 0; i < ranges.size() && ranges.size() == spec["podCIDRs"].size(); ++i)
      if (ranges[i] != spec["podCIDRs"][i]) c.forbidden(at / "podCIDRs", text);
  }
  if (std::string provider = old["providerID"].str(); !provider.empty() && spec["providerID"].as_string() != provider)
    c.forbidden(at / "providerID", "node updates may not change providerID except from \"\" to valid");
  check_taints(c, spec["taints"], taints_at);  // an update is judged as an object, then as an update
  if (spec["externalID"].as_string() != old["externalID"].as_string())
    c.forbidden(at / "externalID", "may not be updated");
}

}  // namespace slipway::kinds
