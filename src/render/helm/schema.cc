// Walks schema and value together; where references lead was found out before (SchemaDocuments). The order of faults is
// that of the keywords below and of the keys; Helm's own is random where Go's maps are.
#include "render/helm/schema.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/text.h"
#include "render/helm/formats.h"
#include "render/helm/go_json.h"
#include "render/helm/metaschemas.h"
#include "render/helm/schema_documents.h"
#include "render/helm/schema_faults.h"
#include "render/helm/schema_numbers.h"
#include "value/json.h"
#include "value/json_error.h"
#include "value/utf8.h"

namespace slipway::render::helm {

namespace {

constexpr int kDepthMax = 500;
constexpr uint64_t kStepsMax = 20'000'000;
constexpr size_t kFaultsMax = 2000;

std::string_view type_of(const Value& v) {
  return v.is_bool() ? "boolean" : json_word(v);
}

std::string count_text(size_t n) {
  return helm::count_text(static_cast<int64_t>(n));
}

// What additionalProperties and unevaluatedProperties must still look at.
struct Seen {
  std::set<std::string> properties;
  std::set<size_t> items;
  bool all_properties = false, all_items = false;
};

class Validator {
 public:
  // `judged`: the documents that the value is in, if it is a schema itself.
  explicit Validator(const SchemaDocuments& documents, const SchemaDocuments* judged = nullptr)
      : documents_(documents), checks_formats_(judged != nullptr), said_(&documents), got_(judged) {}

  Result<Faults> run(const SchemaAt& root, const Value& value) {
    draft_ = root.draft;
    Seen seen;
    auto fault = check(*root.schema, value, "", seen, 0);
    if (broken_) return std::move(*broken_);
    Faults out;
    if (!fault) return out;
    if (fault->group)
      out = std::move(fault->causes);
    else
      out.push_back(std::move(*fault));
    return out;
  }

 private:
  bool spent(int depth) {
    if (broken_) return true;
    if (depth > kDepthMax || ++steps_ > kStepsMax) {
      broken_ = fail(ErrorKind::too_large, "values.schema.json: checking takes too long or goes too deep");
      return true;
    }
    return false;
  }

  const re2::RE2* expression(const std::string& pattern) {
    auto& entry = expressions_[pattern];
    if (!entry) {
      re2::RE2::Options options;
      options.set_log_errors(false);
      entry = std::make_unique<re2::RE2>(pattern, options);
      if (!entry->ok() && !broken_) {
        broken_ = fail(ErrorKind::invalid, "values.schema.json: invalid regex {}: {}", quoted(pattern), entry->error());
      }
    }
    return entry->ok() ? entry.get() : nullptr;
  }
  bool matches(const std::string& pattern, std::string_view text) {
    const re2::RE2* e = expression(pattern);
    return !e || re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *e);
  }

  std::optional<Fault> check(const Value& schema, const Value& v, const std::string& at, Seen& seen, int depth) {
    if (spent(depth)) return std::nullopt;
    auto one = [&](std::string text) { return Fault{at, std::move(text), false, false, {}}; };
    if (schema.is_bool()) {
      if (schema.as_bool()) return std::nullopt;
      return one("false schema");
    }
    if (!schema.is_object()) return std::nullopt;
    bool only_ref = draft_ < 2019 && schema.has("$ref");
    if (!only_ref) {
      if (auto wrong = check_whole(schema, v)) return one(std::move(*wrong));
    }
    Faults all;
    active_.push_back({&schema, &v});
    struct Leaving {
      std::vector<std::pair<const Value*, const Value*>>& active;
      ~Leaving() { active.pop_back(); }
    } leaving{active_};
    if (const SchemaAt* target = documents_.target(&schema)) {
      if (auto fault = follow(*target, v, at, seen, depth)) {
        if (only_ref) return fault;
        all.push_back(std::move(*fault));
      }
    }
    if (only_ref) return std::nullopt;
    switch (v.type()) {
      case value::Type::object:
        check_object(schema, v, at, seen, depth, all);
        break;
      case value::Type::array:
        check_array(schema, v, at, seen, depth, all);
        break;
      case value::Type::string:
        check_string(schema, v, at, all);
        break;
      case value::Type::integer:
      case value::Type::real:
        check_number(schema, v, at, all);
        break;
      default:
        break;
    }
    if (const SchemaAt* target = draft_ >= 2019 ? documents_.dynamic(&schema) : nullptr)
      if (auto fault = follow(*target, v, at, seen, depth)) all.push_back(std::move(*fault));
    check_conditions(schema, v, at, seen, depth, all);
    if (draft_ >= 2019) check_unevaluated(schema, v, at, seen, depth, all);
    if (all.empty()) return std::nullopt;
    if (all.size() == 1) return std::move(all[0]);
    Fault group{at, "validation failed", true, false, std::move(all)};
    return group;
  }

  // By which keywords the schema active_[index] was reached.
  std::string way_to(size_t index) const {
    std::string way;
    for (size_t i = 0; i < index; ++i) way += step(*active_[i].first, active_[i + 1].first);
    return way;
  }
  std::string step(const Value& from, const Value* to) const {
    auto leads = [to](const SchemaAt* target) { return target != nullptr && target->schema == to; };
    if (leads(documents_.target(&from))) return "/$ref";
    if (leads(documents_.dynamic(&from))) return from.has("$recursiveRef") ? "/$recursiveRef" : "/$dynamicRef";
    for (const value::Member& keyword : from.members()) {
      std::string at = below("", keyword.key.view());
      if (&keyword.value == to) return at;
      for (const value::Member& m : keyword.value.members())
        if (&m.value == to) return below(at, m.key.view());
      for (size_t i = 0; i < keyword.value.size() && keyword.value.is_array(); ++i)
        if (&keyword.value[i] == to) return fmt::format("{}/{}", at, i);
    }
    return {};
  }

  std::optional<Fault> follow(const SchemaAt& target, const Value& v, const std::string& at, Seen& seen, int depth) {
    // Around in a circle, and still at the same value.
    for (size_t i = active_.size(); i > 0 && active_[i - 1].second == &v; --i) {
      if (active_[i - 1].first != target.schema) continue;
      std::string text = fmt::format("both {}/$ref and {} resolve to \"{}\" causing reference cycle",
                                     way_to(active_.size() - 1), way_to(i - 1), target.address);
      return Fault{at, std::move(text), false, false, {}};
    }
    int draft = std::exchange(draft_, target.draft);
    auto fault = check(*target.schema, v, at, seen, depth + 1);
    draft_ = draft;
    if (!fault) return std::nullopt;
    Fault out{at, "validation failed", false, true, {}};
    if (fault->group)
      out.causes = std::move(fault->causes);
    else
      out.causes.push_back(std::move(*fault));
    return out;
  }

  std::optional<std::string> check_whole(const Value& schema, const Value& v) {
    if (const Value* type = schema.find("type")) {
      std::vector<std::string> wanted;
      if (type->is_string()) wanted.push_back(type->str());
      for (const Value& item : type->items()) wanted.push_back(item.str());
      // told in a fixed order
      static constexpr std::string_view order[] = {"null", "boolean", "number", "integer", "string", "array", "object"};
      bool fits = wanted.empty();
      std::vector<std::string> words;
      for (std::string_view name : order) {
        if (std::ranges::find(wanted, name) == wanted.end()) continue;
        words.emplace_back(name);
        fits = fits || type_of(v) == name || (name == "integer" && v.is_number() && got_.is_integer(v));
      }
      if (!fits) return fmt::format("got {}, want {}", type_of(v), base::join(words, " or "));
    }
    if (const Value* constant = schema.find("const"); constant && draft_ >= 6 && !equal(said_, *constant, got_, v)) {
      if (constant->is_array() || constant->is_object()) return "'const' failed";
      return "value must be " + shown(*constant);
    }
    if (const Value& choices = schema["enum"]; choices.is_array()) {
      bool among = std::ranges::any_of(choices.items(), [&](const Value& c) { return equal(said_, c, got_, v); });
      if (!among) {
        std::string words;
        for (const Value& c : choices.items()) {
          if (c.is_array() || c.is_object()) return "'enum' failed";
          words += (words.empty() ? "" : ", ") + shown(c);
        }
        return (choices.size() == 1 ? "value must be " : "value must be one of ") + words;
      }
    }
    if (const Value& format = schema["format"];
        format.is_string() && (draft_ < 2019 || checks_formats_) && v.is_string()) {
      if (auto wrong = format_fault(format.as_string(), v.as_string()))
        return fmt::format("{} is not valid {}: {}", quoted(v.as_string()), format.as_string(), *wrong);
    }
    return std::nullopt;
  }

  std::string shown(const Value& v) const {
    if (v.is_string()) return quoted(v.as_string());
    if (v.is_number()) return documents_.spelling(v);
    return go_print(v);
  }

  static std::string below(const std::string& at, std::string_view key) {
    return at + "/" + value::pointer_escape(key);
  }

  static std::vector<std::string> texts(const Value& list) {
    std::vector<std::string> out;
    for (const Value& item : list.items())
      if (item.is_string()) out.push_back(item.str());
    return out;
  }

  static std::vector<std::string> missing(const Value& object, const Value& names) {
    std::vector<std::string> out;
    for (std::string& name : texts(names))
      if (!object.has(name)) out.push_back(std::move(name));
    return out;
  }

  void add(Faults& all, const std::string& at, std::string text, Faults causes = {}) {
    if (all.size() < kFaultsMax) all.push_back({at, std::move(text), false, false, std::move(causes)});
  }
  void descend(const Value& schema, const Value& v, const std::string& at, int depth, Faults& all) {
    Seen inner;
    if (auto fault = check(schema, v, at, inner, depth + 1)) all.push_back(std::move(*fault));
  }

  static bool below(size_t n, int64_t least) { return static_cast<int64_t>(n) < least; }
  static bool above(size_t n, int64_t most) { return static_cast<int64_t>(n) > most; }
  void check_object(const Value& schema, const Value& v, const std::string& at, Seen& seen, int depth, Faults& all) {
    if (auto n = said_.count(schema["minProperties"]); n && below(v.size(), *n))
      add(all, at, fmt::format("minProperties: got {}, want {}", count_text(v.size()), helm::count_text(*n)));
    if (auto n = said_.count(schema["maxProperties"]); n && above(v.size(), *n))
      add(all, at, fmt::format("maxProperties: got {}, want {}", count_text(v.size()), helm::count_text(*n)));
    if (auto lacking = missing(v, schema["required"]); !lacking.empty())
      add(all, at, (lacking.size() == 1 ? "missing property " : "missing properties ") + all_quoted(lacking));
    for (const value::Member& d : schema["dependencies"].members()) {
      if (!v.has(d.key.view())) continue;
      if (d.value.is_array()) {
        if (auto lacking = missing(v, d.value); !lacking.empty())
          add(all, at, fmt::format("properties {} required, if {} exists", all_quoted(lacking), quoted(d.key.view())));
      } else if (auto fault = check(d.value, v, at, seen, depth + 1)) {
        all.push_back(std::move(*fault));
      }
    }
    const Value& properties = schema["properties"];
    const Value& patterns = schema["patternProperties"];
    const Value* additional = schema.find("additionalProperties");
    std::vector<std::string> not_allowed;
    for (const value::Member& m : v.members()) {
      std::string key = m.key.str();
      bool evaluated = false;
      if (const Value* its = properties.find(key)) {
        evaluated = true;
        descend(*its, m.value, below(at, key), depth, all);
      }
      for (const value::Member& p : patterns.members()) {
        if (!matches(p.key.str(), key)) continue;
        evaluated = true;
        descend(p.value, m.value, below(at, key), depth, all);
      }
      if (!evaluated && additional) {
        evaluated = true;
        if (!additional->is_bool())
          descend(*additional, m.value, below(at, key), depth, all);
        else if (!additional->as_bool())
          not_allowed.push_back(key);
      }
      if (evaluated) seen.properties.insert(key);
    }
    if (!not_allowed.empty())
      add(all, at, fmt::format("additional properties {} not allowed", all_quoted(not_allowed)));
    if (draft_ == 4) return;
    if (const Value* names = schema.find("propertyNames")) {
      for (const value::Member& m : v.members()) {
        Seen inner;
        auto fault = check(*names, Value(m.key.view()), "", inner, depth + 1);
        if (!fault) continue;
        Faults causes;
        if (fault->group)
          causes = std::move(fault->causes);
        else
          causes.push_back(std::move(*fault));
        add(all, at, "invalid propertyName " + quoted(m.key.view()), std::move(causes));
      }
    }
    if (draft_ < 2019) return;
    for (const value::Member& d : schema["dependentSchemas"].members()) {
      if (!v.has(d.key.view())) continue;
      if (auto fault = check(d.value, v, at, seen, depth + 1)) all.push_back(std::move(*fault));
    }
    for (const value::Member& d : schema["dependentRequired"].members()) {
      if (!v.has(d.key.view())) continue;
      if (auto lacking = missing(v, d.value); !lacking.empty())
        add(all, at, fmt::format("properties {} required, if {} exists", all_quoted(lacking), quoted(d.key.view())));
    }
  }

  void check_array(const Value& schema, const Value& v, const std::string& at, Seen& seen, int depth, Faults& all) {
    size_t size = v.size();
    if (auto n = said_.count(schema["minItems"]); n && below(size, *n))
      add(all, at, fmt::format("minItems: got {}, want {}", count_text(size), helm::count_text(*n)));
    if (auto n = said_.count(schema["maxItems"]); n && above(size, *n))
      add(all, at, fmt::format("maxItems: got {}, want {}", count_text(size), helm::count_text(*n)));
    if (schema["uniqueItems"].as_bool()) {
      bool found = false;
      bool hashes = size > 20;
      for (size_t j = 0; j < size && !found; ++j) {
        if (hashes && got_.has_unreadable(v[j])) return unreadable();
        for (size_t i = 0; i < j && !found; ++i) {
          if (spent(depth)) return;
          if (!equal(got_, v[i], got_, v[j])) continue;
          add(all, at, fmt::format("items at {} and {} are equal", count_text(i), count_text(j)));
          found = true;
        }
      }
    }
    auto item_at = [&](size_t i) { return at + "/" + std::to_string(i); };
    size_t done = 0;
    const Value* items = schema.find("items");
    const Value* first = draft_ >= 2020 ? schema.find("prefixItems") : items;
    if (first && first->is_array()) {
      done = std::min(size, first->size());
      for (size_t i = 0; i < done; ++i) descend((*first)[i], v[i], item_at(i), depth, all);
    }
    const Value* rest = draft_ >= 2020 || (items && !items->is_array()) ? items : schema.find("additionalItems");
    if (rest && (draft_ >= 2020 || !items || !items->is_array() || rest != items)) {
      bool is_additional = draft_ < 2020 && items && items->is_array();
      if (draft_ < 2020 && !items) rest = nullptr;
      if (rest && is_additional && rest->is_bool()) {
        if (!rest->as_bool() && done != size)
          add(all, at, fmt::format("last {} additionalItem(s) not allowed", count_text(size - done)));
        done = size;
      } else if (rest) {
        for (size_t i = done; i < size; ++i) descend(*rest, v[i], item_at(i), depth, all);
        done = size;
      }
    }
    for (size_t i = 0; i < done; ++i) seen.items.insert(i);
    const Value* wanted = draft_ >= 6 ? schema.find("contains") : nullptr;
    if (!wanted) return;
    Faults errors;
    std::vector<std::string> matched;
    for (size_t i = 0; i < size; ++i) {
      Seen inner;
      if (auto fault = check(*wanted, v[i], item_at(i), inner, depth + 1)) {
        errors.push_back(std::move(*fault));
      } else {
        matched.push_back(std::to_string(i));
        if (draft_ >= 2020) seen.items.insert(i);
      }
    }
    auto low = draft_ >= 2019 ? said_.count(schema["minContains"]) : std::nullopt;
    auto high = draft_ >= 2019 ? said_.count(schema["maxContains"]) : std::nullopt;
    if (low && below(matched.size(), *low)) {
      add(all, at,
          matched.empty()
              ? fmt::format("min {} items required to match contains schema, but none matched", helm::count_text(*low))
              : fmt::format("min {} items required to match contains schema, but matched {} items at {}",
                            helm::count_text(*low), count_text(matched.size()), base::join(matched, " ")),
          std::move(errors));
    } else if (!low && matched.empty()) {
      add(all, at, "no items match contains schema", std::move(errors));
    }
    if (high && above(matched.size(), *high))
      add(all, at,
          fmt::format("max {} items required to match contains schema, but matched {} items at {}",
                      helm::count_text(*high), count_text(matched.size()), base::join(matched, " ")));
  }

  void check_string(const Value& schema, const Value& v, const std::string& at, Faults& all) {
    size_t length = 0;
    for_each_rune(v.as_string(), [&](uint32_t, std::string_view) { ++length; });
    if (auto n = said_.count(schema["minLength"]); n && below(length, *n))
      add(all, at, fmt::format("minLength: got {}, want {}", count_text(length), helm::count_text(*n)));
    if (auto n = said_.count(schema["maxLength"]); n && above(length, *n))
      add(all, at, fmt::format("maxLength: got {}, want {}", count_text(length), helm::count_text(*n)));
    if (const Value& pattern = schema["pattern"]; pattern.is_string() && !matches(pattern.str(), v.as_string()))
      add(all, at, fmt::format("{} does not match pattern {}", quoted(v.as_string()), quoted(pattern.as_string())));
  }

  // As Go's validator dies of a number that its arithmetic cannot read.
  void unreadable() {
    if (!broken_)
      broken_ = fail(ErrorKind::invalid,
                     "unable to validate schema: runtime error: invalid memory address or nil pointer dereference");
  }

  void check_number(const Value& schema, const Value& v, const std::string& at, Faults& all) {
    // Nothing: that word bounds nothing.
    auto side = [&](const Value& edge) -> std::optional<std::strong_ordering> {
      if (!edge.is_number()) return std::nullopt;
      auto order = compare(got_, v, said_, edge);
      if (!order && said_.of(edge)) unreadable();
      return order;
    };
    auto told = [&](const char* word, const Value& want) {
      add(all, at,
          fmt::format("{}: got {}, want {}", word, number_text(got_.nearest(v)), number_text(said_.nearest(want))));
    };
    auto is_set = [&](const char* word) { return schema[word].is_bool() && schema[word].as_bool(); };
    const Value &least = schema["minimum"], &most = schema["maximum"];
    if (auto order = side(least); order && *order < 0 && !is_set("exclusiveMinimum")) told("minimum", least);
    if (auto order = side(most); order && *order > 0 && !is_set("exclusiveMaximum")) told("maximum", most);
    const Value& above = is_set("exclusiveMinimum") ? least : schema["exclusiveMinimum"];
    if (auto order = side(above); order && *order <= 0) told("exclusiveMinimum", above);
    const Value& below = is_set("exclusiveMaximum") ? most : schema["exclusiveMaximum"];
    if (auto order = side(below); order && *order >= 0) told("exclusiveMaximum", below);
    const Value& step = schema["multipleOf"];
    if (!step.is_number()) return;
    const Divisor* divisor = said_.divisor(step);
    if (divisor == nullptr) return;
    if (const auto& exact = got_.of(v); !exact)
      unreadable();
    else if (!divisor->divides(*exact))
      told("multipleOf", step);
  }

  void check_conditions(const Value& schema, const Value& v, const std::string& at, Seen& seen, int depth,
                        Faults& all) {
    if (const Value* no = schema.find("not")) {
      Seen inner;
      if (!check(*no, v, at, inner, depth + 1)) add(all, at, "'not' failed");
    }
    auto each = [&](const char* word) { return schema[word].items(); };
    if (!each("allOf").empty()) {
      Faults errors;
      for (const Value& one : each("allOf"))
        if (auto fault = check(one, v, at, seen, depth + 1)) errors.push_back(std::move(*fault));
      if (!errors.empty()) add(all, at, "'allOf' failed", std::move(errors));
    }
    if (!each("anyOf").empty()) {
      Faults errors;
      bool matched = false;
      for (const Value& one : each("anyOf")) {
        Seen inner;
        if (auto fault = check(one, v, at, inner, depth + 1)) {
          errors.push_back(std::move(*fault));
        } else {
          matched = true;
          seen.properties.merge(inner.properties);
          seen.items.merge(inner.items);
          if (draft_ < 2019) break;
        }
      }
      if (!matched) add(all, at, "'anyOf' failed", std::move(errors));
    }
    if (!each("oneOf").empty()) {
      Faults errors;
      int matched = -1, i = -1;
      for (const Value& one : each("oneOf")) {
        ++i;
        Seen inner;
        auto fault = check(one, v, at, inner, depth + 1);
        if (fault) {
          if (matched < 0) errors.push_back(std::move(*fault));
          continue;
        }
        seen.properties.merge(inner.properties);
        seen.items.merge(inner.items);
        if (matched < 0) {
          matched = i;
        } else {
          add(all, at,
              fmt::format("'oneOf' failed, subschemas {}, {} matched", count_text(static_cast<size_t>(matched)),
                          count_text(static_cast<size_t>(i))));
          break;
        }
      }
      if (matched < 0) add(all, at, "'oneOf' failed, none matched", std::move(errors));
    }
    if (const Value* condition = schema.find("if"); condition && draft_ >= 7) {
      Seen inner;
      bool holds = !check(*condition, v, at, inner, depth + 1);
      if (holds) {
        seen.properties.merge(inner.properties);
        seen.items.merge(inner.items);
      }
      if (const Value* then = schema.find(holds ? "then" : "else"))
        if (auto fault = check(*then, v, at, seen, depth + 1)) all.push_back(std::move(*fault));
    }
  }

  void check_unevaluated(const Value& schema, const Value& v, const std::string& at, Seen& seen, int depth,
                         Faults& all) {
    if (const Value* rest = schema.find("unevaluatedProperties"); rest && v.is_object()) {
      for (const value::Member& m : v.members()) {
        if (seen.properties.contains(m.key.str())) continue;
        descend(*rest, m.value, below(at, m.key.view()), depth, all);
        seen.properties.insert(m.key.str());
      }
    }
    if (const Value* rest = schema.find("unevaluatedItems"); rest && v.is_array()) {
      for (size_t i = 0; i < v.size(); ++i) {
        if (seen.items.contains(i)) continue;
        descend(*rest, v[i], at + "/" + std::to_string(i), depth, all);
        seen.items.insert(i);
      }
    }
  }

  const SchemaDocuments& documents_;
  const bool checks_formats_;  // whatever the draft says of them
  Numbers said_, got_;         // of the schemas, of the value
  int draft_ = 2020;
  std::vector<std::pair<const Value*, const Value*>> active_;  // schemas being checked, and at which value
  std::map<std::string, std::unique_ptr<re2::RE2>> expressions_;
  std::optional<Error> broken_;
  uint64_t steps_ = 0;
};

// Whether a schema is one. Error: invalid, with what is wrong.
Result<> check_schema(int draft, const Value& schema, const std::string& where, const SchemaDocuments& documents) {
  if (is_surely_schema(schema, draft)) return {};
  struct Compiled {
    FetchedSchemas none;
    std::vector<std::string> unsaid;
    SchemaDocuments documents{none, nullptr, unsaid};
    SchemaAt root;
  };
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<Compiled>> all;
  const Compiled* metaschema = nullptr;
  {
    std::lock_guard lock(mutex);
    std::unique_ptr<Compiled>& one = all[draft];
    if (!one) {
      one = std::make_unique<Compiled>();
      one->root = one->documents.add_metaschema(draft).value();
    }
    metaschema = one.get();
  }
  Faults faults = OR_RETURN(Validator(metaschema->documents, &documents).run(metaschema->root, schema));
  if (faults.empty()) return {};
  return fail(ErrorKind::invalid, "{} is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
              where, metaschema_address(draft), printed(faults));
}

Result<std::string> check_chart(const Chart& chart, const Value& values, const FetchedSchemas& elsewhere,
                                std::vector<std::string>& warnings) {
  std::string out;
  if (chart.schema) {
    auto faults = schema_faults(*chart.schema, values, elsewhere, warnings);
    if (!faults) {
      if (faults.failed_with(ErrorKind::too_large)) return faults;
      out += chart.name() + ":\n" + faults.error().message();
    } else if (!faults->empty()) {
      out += chart.name() + ":\n" + *faults;
    }
  }
  for (const auto& child : chart.dependencies) {
    const Value& its = values[child->name()];
    if (its.is_null()) continue;
    if (!its.is_object()) {
      out += fmt::format("{}:\ninvalid type for values: expected object (map), got {}\n", child->name(), go_type(its));
      continue;
    }
    out += OR_RETURN(check_chart(*child, its, elsewhere, warnings));
  }
  return out;
}

}  // namespace

void log_schemas(const Chart& chart, std::vector<std::string>& out) {
  if (chart.schema) {
    out.push_back(log_line("DEBUG", {{"msg", "chart name"}, {"chart-name", chart.name()}}));
    if (value::parse_json(*chart.schema, {.any_number = true}))
      out.push_back(log_line("DEBUG", {{"msg", "unmarshalled JSON schema"}, {"schema", *chart.schema}}));
  }
  out.push_back(log_line("DEBUG", {{"msg", "number of dependencies in the chart"},
                                   {"chart", chart.name()},
                                   {"dependencies", std::to_string(chart.dependencies.size())}}));
  for (const auto& child : chart.dependencies) log_schemas(*child, out);
}

Result<> check_schemas(const Chart& chart, const Value& values, const FetchedSchemas& elsewhere,
                       std::vector<std::string>& warnings) {
  std::string faults = OR_RETURN(check_chart(chart, values, elsewhere, warnings));
  if (faults.empty()) return {};
  return fail(ErrorKind::invalid,
              "values don't meet the specifications of the schema(s) in the following chart(s):\n{}", faults);
}

Result<std::string> schema_faults(std::string_view schema_json, const Value& values, const FetchedSchemas& elsewhere,
                                  std::vector<std::string>& warnings) {
  auto schema = value::parse_json(schema_json, {.any_number = true});
  if (!schema) {
    std::string words = value::go_json_error(schema_json).value_or(schema.error().message());
    // It is read as a stream there.
    if (words.ends_with(" after top-level value")) words = "invalid character after top-level value";
    if (base::trim(schema_json).empty()) return fail(ErrorKind::invalid, "EOF");
    return fail(ErrorKind::invalid, "{}", words == "unexpected end of JSON input" ? "unexpected EOF" : words);
  }
  SchemaDocuments documents(elsewhere, check_schema, warnings);
  SchemaAt root = OR_RETURN(documents.add("file:///values.schema.json", std::move(*schema), schema_json));
  std::string out = printed(OR_RETURN(Validator(documents).run(root, values)));
  if (!out.empty()) out += '\n';
  return out;
}

}  // namespace slipway::render::helm
