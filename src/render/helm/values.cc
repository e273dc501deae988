// Helm changes Go maps in place and shares them; here every step gives a new Value that shares what did not change. One
// trait of the sharing is visible in rendered charts and is kept: tables two levels below `global` are one and the same
// table in a chart and its sub-charts, so what a sub-chart puts there its parent sees, and all others below that
// (sub_charts()).
#include "render/helm/values.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/go_json.h"

namespace slipway::render::helm {

namespace {

constexpr std::string_view kGlobal = "global";

std::string joined(const std::string& prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : prefix + "." + std::string(key);
}

// %t of a value. `inside`: of a list or a table.
std::string bad_bool(const Value& v, bool inside = false) {
  if (v.is_null()) return inside ? "<nil>" : "%!t(<nil>)";
  if (v.is_bool()) return v.as_bool() ? "true" : "false";
  std::string out;
  if (v.is_array()) {
    for (const Value& item : v.items()) out += (out.empty() ? "" : " ") + bad_bool(item, true);
    return "[" + out + "]";
  }
  if (v.is_object()) {
    for (const value::Member& m : v.members())
      out += fmt::format("{}%!t(string={}):{}", out.empty() ? "" : " ", m.key.view(), bad_bool(m.value, true));
    return "map[" + out + "]";
  }
  return fmt::format("%!t({}={})", go_type(v), go_print(v));
}

// A table without the nulls in it and in the tables below it.
Value without_nulls(const Value& v) {
  if (!v.is_object()) return v;
  std::vector<value::Member> out;
  bool changed = false;
  for (const value::Member& m : v.members()) {
    if (m.value.is_null()) {
      changed = true;
      continue;
    }
    Value inner = without_nulls(m.value);
    changed = changed || (m.value.is_object() && !inner.same_node(m.value));
    out.push_back({m.key, std::move(inner)});
  }
  return changed ? Value::object(std::move(out)) : v;
}

// The values of a chart where `table` stands at global.OUTER.INNER, its own and those of the charts below it.
Value with_shared(const Chart& chart, Value values, std::string_view outer, std::string_view inner,
                  const Value& table) {
  const Value& there = values[kGlobal][outer];
  if (!there[inner].is_object()) return values;
  values = values.with_member(kGlobal, values[kGlobal].with_member(outer, there.with_member(inner, table)));
  for (const auto& child : chart.dependencies)
    if (const Value* its = values.find(child->name()); its && its->is_object())
      values = values.with_member(child->name(), with_shared(*child, *its, outer, inner, table));
  return values;
}

// Null, and what Go calls a nil map, count as no table.
bool is_table(const Value& v) {
  return v.is_object();
}

}  // namespace

Result<Value> Coalescer::coalesce(const Chart& chart, const Value& values) {
  return chart_values(chart, values.is_object() ? values : Value::object(), "", false);
}

Result<Value> Coalescer::merge(const Chart& chart, const Value& values) {
  return chart_values(chart, values.is_object() ? values : Value::object(), "", true);
}

Result<Value> Coalescer::chart_values(const Chart& chart, Value above, const std::string& prefix, bool merge) {
  return sub_charts(chart, own_values(chart, std::move(above), prefix, merge), prefix, merge);
}

Value Coalescer::own_values(const Chart& chart, Value above, const std::string& prefix, bool merge) {
  if (!chart.values.is_object() || chart.values.empty()) return above;
  std::string here = joined(prefix, chart.name());
  ObjectBuilder out;
  auto a = above.members();
  auto b = chart.values.members();
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
      out.set(a[i].key, a[i].value);
      ++i;
      continue;
    }
    if (i == a.size() || b[j].key < a[i].key) {
      // Helm 4.2 and later drop a chart's own nulls.
      const Value& fallback = b[j].value;
      if (compat_ == Compat::helm3 || merge)
        out.set(b[j].key, fallback);
      else if (!fallback.is_null())
        out.set(b[j].key, without_nulls(fallback));
      ++j;
      continue;
    }
    const Value& said = a[i].value;
    const Value& fallback = b[j].value;
    const value::Key& key = a[i].key;
    ++i;
    ++j;
    if (said.is_null() && !merge) continue;
    if (!is_table(said)) {
      out.set(key, said);
      continue;
    }
    if (!is_table(fallback)) {
      if (!fallback.is_null())
        warn(237, fmt::format("warning: skipped value for {}.{}: Not a table.", here, key.view()));
      out.set(key, said);
      continue;
    }
    bool is_child = std::ranges::any_of(chart.dependencies, [&](const auto& c) { return c->name() == key.view(); });
    bool keep_nulls = compat_ == Compat::helm3 || merge || is_child;
    out.set(key,
            tables(said, keep_nulls ? fallback : without_nulls(fallback), joined(here, key.view()), merge || is_child));
  }
  return out.build();
}

Result<Value> Coalescer::sub_charts(const Chart& chart, Value values, const std::string& prefix, bool merge) {
  for (const auto& child : chart.dependencies) {
    const Value* its = values.find(child->name());
    if (its && !is_table(*its))
      return fail(ErrorKind::invalid, "type mismatch on {}: {}", child->name(), bad_bool(*its));
    Value table = its ? *its : Value::object();
    std::string here = joined(prefix, chart.name());
    table = globals(table, values, here);
    table = OR_RETURN(chart_values(*child, std::move(table), here, merge));
    // Shared from the second level on: what the sub-chart added there, this chart has too.
    const Value mine = values[kGlobal];
    const Value& theirs = table[kGlobal];
    if (is_table(mine) && is_table(theirs)) {
      Value changed = mine;
      for (const value::Member& m : mine.members()) {
        const Value& other = theirs[m.key.view()];
        if (!is_table(m.value) || !is_table(other)) continue;
        Value inner = m.value;
        for (const value::Member& n : m.value.members()) {
          const Value& same = other[n.key.view()];
          if (!is_table(n.value) || !is_table(same) || same.same_node(n.value)) continue;
          inner = inner.with_member(n.key.view(), same);
          for (const auto& before : chart.dependencies) {
            if (before == child) break;
            Value its = values[before->name()];
            values = values.with_member(before->name(),
                                        with_shared(*before, std::move(its), m.key.view(), n.key.view(), same));
          }
        }
        if (!inner.same_node(m.value)) changed = changed.with_member(m.key.view(), inner);
      }
      if (!changed.same_node(mine)) values = values.with_member(kGlobal, changed);
    }
    values = values.with_member(child->name(), std::move(table));
  }
  return values;
}

// The sub-chart's values with the globals of the chart above in them; those above win.
Value Coalescer::globals(const Value& below, const Value& above, const std::string& prefix) {
  const Value* mine = below.find(kGlobal);
  if (mine && !is_table(*mine)) {
    warn(138, "warning: skipping globals because destination global is not a table.");
    return below;
  }
  const Value* theirs = above.find(kGlobal);
  if (theirs && !is_table(*theirs)) {
    warn(145, "warning: skipping globals because source global is not a table.");
    return below;
  }
  Value out = mine ? *mine : Value::object();
  if (theirs) {
    for (const value::Member& m : theirs->members()) {
      std::string_view key = m.key.view();
      const Value* existing = out.find(key);
      if (is_table(m.value)) {
        if (!existing)
          out = out.with_member(key, m.value);
        else if (!is_table(*existing))
          warn(161, fmt::format("Conflict: cannot merge map onto non-map for {}. Skipping.", go_quote(key)));
        else
          out = out.with_member(key, tables(m.value, *existing, joined(prefix, key), true));
      } else if (existing && is_table(*existing)) {
        warn(175, fmt::format("key {} is table. Skipping", key));
      } else {
        out = out.with_member(key, m.value);
      }
    }
  }
  return below.with_member(kGlobal, std::move(out));
}

Value Coalescer::tables(const Value& above, const Value& below, const std::string& prefix, bool merge) {
  auto a = above.members();
  auto b = below.members();
  if (b.empty() || above.same_node(below)) return above;
  std::vector<value::Member> out;
  out.reserve(a.size() + b.size());
  bool changed = false;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
      out.push_back(a[i++]);
      continue;
    }
    if (i == a.size() || b[j].key < a[i].key) {
      changed = true;
      out.push_back(b[j++]);
      continue;
    }
    const Value& said = a[i].value;
    const Value& fallback = b[j].value;
    const value::Key& key = a[i].key;
    ++i;
    ++j;
    if (said.is_null()) {
      if (!merge && !fallback.is_null())
        changed = true;  // a null of the user deletes a default
      else
        out.push_back({key, said});
      continue;
    }
    if (is_table(fallback)) {
      std::string here = joined(prefix, key.view());
      if (is_table(said)) {
        Value both = tables(said, fallback, here, merge);
        changed = changed || !both.same_node(said);
        out.push_back({key, std::move(both)});
        continue;
      }
      warn(316, fmt::format("warning: cannot overwrite table with non table for {} ({})", here, go_print(fallback)));
    } else if (is_table(said) && !fallback.is_null()) {
      warn(319, fmt::format("warning: destination for {} is a table. Ignoring non-table value ({})",
                            joined(prefix, key.view()), go_print(fallback)));
    }
    out.push_back({key, said});
  }
  return changed ? Value::object(std::move(out)) : above;
}

void Coalescer::warn(int line, std::string message) {
  if (warnings_.size() < 1000) warnings_.push_back(fmt::format("coalesce.go:{}: {}", line, message));
}

Value merge_files(const Value& below, const Value& above) {
  auto a = above.members(), b = below.members();  // both by name
  if (a.empty()) return below.is_object() ? below : Value::object();
  std::vector<value::Member> out;
  out.reserve(a.size() + b.size());
  size_t j = 0;
  for (const value::Member& said : a) {
    while (j < b.size() && b[j].key < said.key) out.push_back(b[j++]);
    const Value* there = j < b.size() && b[j].key == said.key ? &b[j++].value : nullptr;
    bool both = said.value.is_object() && there && there->is_object();
    out.push_back(both ? value::Member{said.key, merge_files(*there, said.value)} : said);
  }
  out.insert(out.end(), b.begin() + static_cast<ptrdiff_t>(j), b.end());
  return Value::object(std::move(out));
}

const Value* table_at(const Value& values, std::string_view path, std::string* missing) {
  const Value* here = &values;
  for (std::string_view part : base::split(path, '.')) {
    here = here->find(part);
    if (!here || !here->is_object()) {
      if (missing) *missing = part;
      return nullptr;
    }
  }
  return here;
}

}  // namespace slipway::render::helm
