// validate(): metadata by the rules all kinds share, then the tables' words, and where those do not suffice a function
// for the type (checks.h). Status is hardly looked at, as upstream.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

Problems name_problems(const Kind& kind, std::string_view name) {
  if (kind.name_rule == "dns-label") return dns_label_problems(name);
  if (kind.name_rule == "dns-1035") return dns_1035_label_problems(name);
  if (kind.name_rule == "path-segment") return path_segment_problems(name);
  return dns_subdomain_problems(name);
}

void check_owner_references(Checks& c, const Value& references, const Path& at) {
  std::string controller;
  for (const Value& r : references.items()) {
    if (c.full()) return;
    if (r["apiVersion"].as_string().empty())
      c.invalid(at / "apiVersion", r["apiVersion"].str(), "version must not be empty");
    for (std::string_view name : {"kind", "name", "uid"})
      if (r[name].as_string().empty()) c.invalid(at / name, r[name].str(), "must not be empty");
    if (r["apiVersion"].as_string() == "v1" && r["kind"].as_string() == "Event")
      c.invalid(at, r, "/v1, Kind=Event is disallowed from being an owner");
    if (!r["controller"].as_bool()) continue;
    std::string name = r["kind"].str() + "/" + r["name"].str();
    if (!controller.empty())
      c.invalid(
          at, references,
          fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
                      controller, name));
    else
      controller = name;
  }
}

void check_finalizers(Checks& c, const Value& finalizers, const Path& at) {
  bool orphan = false, foreground = false;
  for (const Value& f : finalizers.items()) {
    if (c.full()) return;
    c.invalid(at, f, label_key_problems(f.as_string()));
    orphan = orphan || f.as_string() == "orphan";
    foreground = foreground || f.as_string() == "foregroundDeletion";
  }
  if (orphan && foreground) c.invalid(at, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  if (!c.kind.builtin) return;
  for (size_t i = 0; i < finalizers.size() && !c.full(); ++i) {
    std::string_view f = finalizers[i].as_string();
    if (f.find('/') == f.npos && f != "kubernetes" && f != "orphan" && f != "foregroundDeletion")
      c.invalid(at[i], finalizers[i], "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void check_metadata(Checks& c) {
  const Value& meta = c.object["metadata"];
  Path at("metadata");
  if (std::string prefix = meta["generateName"].str(); !prefix.empty()) {
    std::string sample = prefix.size() > 1 && prefix.back() == '-' ? prefix.substr(0, prefix.size() - 1) + "a" : prefix;
    c.invalid(at / "generateName", prefix, name_problems(c.kind, sample));
  }
  if (meta["name"].as_string().empty())
    c.required(at / "name", "name or generateName is required");
  else
    c.invalid(at / "name", meta["name"], name_problems(c.kind, meta["name"].as_string()));
  c.labels(at / "labels", meta["labels"]);
  c.annotations(at / "annotations", meta["annotations"]);
  check_owner_references(c, meta["ownerReferences"], at / "ownerReferences");
  check_finalizers(c, meta["finalizers"], at / "finalizers");
  if (c.old && !(*c.old)["metadata"]["deletionTimestamp"].is_null()) {
    std::vector<std::string> added;
    std::set<std::string_view> before;
    for (const Value& f : (*c.old)["metadata"]["finalizers"].items()) before.insert(f.as_string());
    for (const Value& f : meta["finalizers"].items())
      if (!before.contains(f.as_string())) added.push_back(value::to_json(f));
    std::ranges::sort(added);
    if (!added.empty())
      c.forbidden(
          at / "finalizers",
          fmt::format(
              "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
              base::join(added, ", ")));
  }
}

// All that is looked at below was so when it was found right. Of the metadata the kinds' own steps read annotations.
bool was_judged(const Value& object, const Value* old) {
  return old && is_same_but_for(object, *old, {"metadata", "status"}) &&
         object["metadata"]["annotations"] == (*old)["metadata"]["annotations"];
}

}  // namespace

static std::vector<base::Cause> judge(const Kind& kind, const Value& object, const Value* old, bool with_status) {
  Checks c(kind, object, old);
  check_metadata(c);
  if (kind.type && !was_judged(object, old)) {
    if (CheckStep step = check_step(kind.type->name))
      step(c, object, old, Path());
    else
      c.fields(*kind.type, object, old, Path());
  }
  if (kind.type && with_status)
    if (CheckStep step = check_status_step(kind.type->name)) step(c, object["status"], nullptr, Path("status"));
  if (c.full())
    c.causes.push_back({"FieldValueTooMany", "Too many errors: there may be more, which were not looked for", "[]"});
  return std::move(c.causes);
}

std::vector<base::Cause> validate(const Kind& kind, const Value& object, const Value* old) {
  bool status_changed = old && object["status"] != (*old)["status"];
  auto causes = judge(kind, object, old, status_changed);
  if (!old || causes.empty()) return causes;
  // What an earlier version took, before it knew better, keeps nobody from changing something else.
  auto stood = judge(kind, *old, nullptr, status_changed);
  std::erase_if(causes, [&](const base::Cause& cause) {
    return std::ranges::any_of(stood, [&](const base::Cause& before) {
      return before.reason == cause.reason && before.field == cause.field && before.message == cause.message;
    });
  });
  return causes;
}

void Checks::fields(const Type& type, const Value& v, const Value* before, const Path& at) {
  bool root = at.str().empty();
  for (const Field& field : type.fields) {
    if (field.inlined && field.type.type) {
      fields(*field.type.type, v, before, at);
      continue;
    }
    if (root &&
        (field.name == "metadata" || field.name == "status" || field.name == "kind" || field.name == "apiVersion"))
      continue;
    const Value& now = v[field.name];
    const Value* was = before ? &(*before)[field.name] : nullptr;
    Path here = at / field.name;
    auto has = [&](std::string_view rule) { return std::ranges::find(field.rules, rule) != field.rules.end(); };
    if (field.required && !has("may-be-empty")) {
      bool missing = field.type.shape == Shape::string ? now.as_string().empty()
                     : field.pointer                   ? now.is_null()
                                                       : has("non-empty") && now.empty();
      if (missing) {
        required(here, has("non-empty") && field.name == "verbs" ? "verbs must contain at least one value" : "");
        continue;
      }
    }
    for (const std::string& rule : field.rules) {
      if (now.is_null()) break;
      if (rule == "min=0")
        not_negative(here, now);
      else if (rule == "min=1" && now.as_int() < 1)
        invalid(here, now, "must be greater than 0");
      else if (rule == "port")
        port_number(here, now);
      else if (rule == "dns-label")
        invalid(here, now, dns_label_problems(now.as_string()));
    }
    if (field.immutable && was) unchanged(here, now, *was);
    // What is still the stored one was found right before.
    if (!now.is_null() && !(was && now.same_node(*was))) value(field.type, now, was, here);
  }
}

void Checks::value(const FieldType& type, const Value& v, const Value* before, const Path& at) {
  if (full()) return;
  switch (type.shape) {
    case Shape::string:
      if (type.named && !type.named->values.empty() && !v.as_string().empty() &&
          std::ranges::find(type.named->values, v.as_string()) == type.named->values.end())
        not_supported(at, v, type.named->values);
      break;
    case Shape::object:
      if (CheckStep step = check_step(type.type->name))
        step(*this, v, before, at);
      else
        fields(*type.type, v, before, at);
      break;
    case Shape::list:
      for (size_t i = 0; i < v.size(); ++i) value(*type.element, v[i], nullptr, at[i]);
      break;
    case Shape::map:
      for (const auto& member : v.members()) value(*type.element, member.value, nullptr, at.key(member.key.view()));
      break;
    default:
      break;
  }
}

// ---- the ways to be wrong
// -----------------------------------------------------------------------------------------------

void Checks::add(base::Cause cause) {
  if (full()) return;
  bytes_ += cause.message.size() + cause.field.size();
  causes.push_back(std::move(cause));
}
void Checks::required(const Path& at, std::string_view detail) {
  add({"FieldValueRequired", detail.empty() ? "Required value" : fmt::format("Required value: {}", detail), at.str()});
}
void Checks::invalid(const Path& at, const Value& value, std::string_view detail) {
  if (!full())
    add({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value::to_json(value), detail), at.str()});
}
void Checks::invalid(const Path& at, std::string_view detail) {
  add({"FieldValueInvalid", fmt::format("Invalid value: {}", detail), at.str()});
}
void Checks::invalid_printed(const Path& at, std::string_view value, std::string_view detail) {
  if (!full()) add({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, detail), at.str()});
}
void Checks::forbidden(const Path& at, std::string_view detail) {
  add({"FieldValueForbidden", fmt::format("Forbidden: {}", detail), at.str()});
}
void Checks::duplicate(const Path& at, const Value& value) {
  if (!full()) add({"FieldValueDuplicate", "Duplicate value: " + value::to_json(value), at.str()});
}
void Checks::not_found(const Path& at, const Value& value, std::string_view detail) {
  if (full()) return;
  std::string_view separator = detail.empty() ? "" : ": ";
  add({"FieldValueNotFound", fmt::format("Not found: {}{}{}", value::to_json(value), separator, detail), at.str()});
}
void Checks::not_supported(const Path& at, const Value& value, const std::vector<std::string>& supported) {
  if (full()) return;
  std::vector<std::string> quoted;
  for (const std::string& s : supported) quoted.push_back('"' + s + '"');
  add({"FieldValueNotSupported",
       fmt::format("Unsupported value: {}: supported values: {}", value::to_json(value), base::join(quoted, ", ")),
       at.str()});
}
void Checks::too_long(const Path& at, size_t bytes_max) {
  add({"FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", bytes_max),
       at.str().empty() ? "[]" : at.str()});
}

void Checks::too_many(const Path& at, size_t there, size_t max) {
  add({"FieldValueTooMany", fmt::format("Too many: {}: must have at most {} items", there, max), at.str()});
}

void Checks::not_negative(const Path& at, const Value& number) {
  if (number.as_int() < 0) invalid(at, number, "must be greater than or equal to 0");
}
void Checks::domain_prefixed_path(const Path& at, const Value& path) {
  constexpr std::string_view more = "-._~%!$&'()*+,;=:/";
  std::string_view text = path.as_string();
  if (text.empty()) return required(at);
  size_t slash = text.find('/');
  if (slash == text.npos || slash == 0 || slash + 1 == text.size())
    return invalid(at, path, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  std::string_view domain = text.substr(0, slash), rest = text.substr(slash + 1);
  invalid(at, Value(domain), dns_subdomain_problems(domain));
  auto may_stand = [&](char ch) {
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || more.contains(ch);
  };
  if (!std::ranges::all_of(rest, may_stand))
    invalid(at, Value(rest), "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}
void Checks::port_number(const Path& at, const Value& number) {
  if (number.as_int() < 1 || number.as_int() > 65535)
    invalid(at, number.is_null() ? Value(0) : number, port_number_text);
}
void Checks::port_number_or_name(const Path& at, const Value& port) {
  if (port.is_string())
    invalid(at, port, port_name_problems(port.as_string()));
  else
    port_number(at, port);
}
void Checks::labels(const Path& at, const Value& labels) {
  for (const auto& member : labels.members()) {
    invalid(at, Value(member.key), label_key_problems(member.key.view()));
    invalid(at, member.value, label_value_problems(member.value.as_string()));
  }
}
void Checks::annotations(const Path& at, const Value& annotations) {
  size_t bytes = 0;
  for (const auto& member : annotations.members()) {
    invalid(at, Value(member.key), label_key_problems(base::to_lower(member.key.view())));
    bytes += member.key.view().size() + member.value.as_string().size();
  }
  if (bytes > 256 << 10) too_long(at, 256 << 10);
}
void Checks::label_selector(const Path& at, const Value& selector) {
  labels(at / "matchLabels", selector["matchLabels"]);
  const Value& expressions = selector["matchExpressions"];
  for (size_t i = 0; i < expressions.size(); ++i) {
    const Value& e = expressions[i];
    Path here = (at / "matchExpressions")[i];
    std::string_view op = e["operator"].as_string();
    if (op == "In" || op == "NotIn") {
      if (e["values"].empty()) required(here / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!e["values"].empty())
        forbidden(here / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      invalid(here / "operator", e["operator"].str(), "not a valid selector operator");
    }
    invalid(here / "key", e["key"].str(), label_key_problems(e["key"].as_string()));
    for (size_t j = 0; j < e["values"].size(); ++j)
      invalid((here / "values")[j], e["values"][j], label_value_problems(e["values"][j].as_string()));
  }
}
void Checks::unchanged(const Path& at, const Value& now, const Value& before) {
  if (now != before) invalid(at, now, "field is immutable");
}

const Type& type_named(std::string_view name) {
  return *builtin_type(fmt::format("io.k8s.api.{}", name));
}

static std::string in_go(const Field& field, const FieldType& type, const Value& v) {
  if (type.shape == Shape::list) {
    if (v.is_null()) return "null";
    std::vector<std::string> items;
    for (const Value& item : v.items()) items.push_back(in_go(field, *type.element, item));
    return fmt::format("[{}]", base::join(items, ","));
  }
  if (v.is_null() && field.pointer) return "null";
  if (type.shape == Shape::object) return in_go(*type.type, v);
  return value::to_json(type.shape == Shape::string ? Value(v.as_string()) : v);
}

std::string in_go(const Type& type, const Value& v) {
  if (v.is_null()) return "null";
  std::string all;
  for (const Field& field : type.fields) {
    std::string name = field.name;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    all += fmt::format("{}\"{}\":{}", all.empty() ? "" : ",", name, in_go(field, field.type, v[field.name]));
  }
  return "{" + all + "}";
}

}  // namespace slipway::kinds
