#include "render/helm/things.h"

#include <algorithm>

#include "render/helm/objects.h"

namespace slipway::render::helm {

namespace {

constexpr int kDepthMax = 16;  // of places: templates that call themselves go down for ever
constexpr size_t kTextMax = 4096;
constexpr size_t kThingsMax = 64;  // that one expression may be

// Whether templates can put something into it and find it again.
bool is_table(const Thing& thing) {
  return thing.kind == Thing::Kind::place || thing.kind == Thing::Kind::made;
}

bool is_known_text(const Thing& thing) {
  return thing.kind == Thing::Kind::text && !thing.text.contains(kUnknownPart);
}

}  // namespace

ThingTable::ThingTable() {
  all_.emplace_back();
}

ThingId ThingTable::text(std::string_view text) {
  if (text.size() > kTextMax || text == std::string_view(&kUnknownPart, 1)) return other();
  auto found = texts_.find(text);
  if (found != texts_.end()) return found->second;
  auto id = static_cast<ThingId>(all_.size());
  all_.push_back({.kind = Thing::Kind::text, .text = std::string(text)});
  texts_.emplace(std::string(text), id);
  return id;
}

ThingId ThingTable::files(uint32_t chart) {
  auto [at, fresh] = files_.try_emplace(chart, static_cast<ThingId>(all_.size()));
  if (fresh) all_.push_back({.kind = Thing::Kind::files, .files_of = chart});
  return at->second;
}

ThingId ThingTable::place(ReadPath& path) {
  auto [at, fresh] = places_.try_emplace(&path, static_cast<ThingId>(all_.size()));
  if (fresh) all_.push_back({.kind = Thing::Kind::place, .path = &path});
  return at->second;
}

ThingId ThingTable::made(const void* site, uint64_t context) {
  auto [at, fresh] = made_.try_emplace({site, context}, static_cast<ThingId>(all_.size()));
  if (fresh) all_.push_back({.kind = Thing::Kind::made});
  return at->second;
}

bool add(Things& to, const Things& more) {
  if (more.empty() || std::ranges::includes(to, more)) return false;
  Things both;
  both.reserve(to.size() + more.size());
  std::ranges::set_union(to, more, std::back_inserter(both));
  to = std::move(both);
  return true;
}

void ThingTable::keep(Things& to, const Things& more) {
  work += 1 + (to.size() + more.size()) / 8;
  if (to.size() > kThingsMax) {
    whole(more);
    return;
  }
  grew = add(to, more) || grew;
  if (to.size() > kThingsMax) whole(to);
}

void ThingTable::limit(Things& all) {
  work += all.size();
  if (all.size() <= kThingsMax) return;
  whole(all);
  all = {other()};
}

ThingId ThingTable::below(ThingId of, std::string_view key) {
  Thing& thing = all_[of];
  auto found = thing.places.find(key);
  if (found != thing.places.end()) return found->second;
  if (thing.depth >= kDepthMax) {
    thing.path->whole = true;
    return of;
  }
  grew = true;
  ThingId id = place(thing.path->at(key));
  all_[id].depth = std::max(all_[id].depth, thing.depth + 1);
  thing.places.emplace(std::string(key), id);
  return id;
}

void ThingTable::look(ThingId of, const std::string_view* key, Things& out, std::set<ThingId>& seen) {
  if (!seen.insert(of).second) return;
  Thing& thing = all_[of];
  switch (thing.kind) {
    case Thing::Kind::text:
      return;
    case Thing::Kind::other:
    case Thing::Kind::files:
      add(out, {of});
      return;
    case Thing::Kind::place:
      if (key && thing.is_root && is_values_method(*key)) {
        thing.path->whole = true;
        add(out, {of});
        return;
      }
      if (!key) thing.path->iterated = true;
      add(out, {below(of, key ? *key : "*")});
      break;
    case Thing::Kind::made:
      break;
  }
  if (!key) {
    for (const auto& [name, value] : thing.fields) add(out, value);
  } else if (auto found = thing.fields.find(*key); found != thing.fields.end()) {
    add(out, found->second);
  }
  add(out, thing.any);
  for (ThingId more : Things(thing.merged)) look(more, key, out, seen);
}

Things ThingTable::look(const Things& of, const std::string_view* key) {
  Things out;
  std::set<ThingId> seen;
  for (ThingId id : of) look(id, key, out, seen);
  work += seen.size();
  limit(out);
  return out;
}

Things ThingTable::field(const Things& of, std::string_view key) {
  return look(of, &key);
}

Things ThingTable::elements(const Things& of) {
  return look(of, nullptr);
}

Things ThingTable::keys_of(const Things& of) {
  Things out;
  for (ThingId id : of) {
    Thing& thing = all_[id];
    if (thing.kind != Thing::Kind::made || !thing.any.empty() || !thing.merged.empty()) add(out, {other()});
    std::vector<std::string> names;
    for (const auto& [key, value] : thing.fields) names.push_back(key);
    for (const std::string& name : names) add(out, {text(name)});
  }
  return out;
}

Things ThingTable::index(const Things& of, const Things& key) {
  Things out;
  bool known = !key.empty();
  for (ThingId id : key) {
    if (is_known_text(all_[id]))
      add(out, field(of, std::string(all_[id].text)));
    else
      known = false;
  }
  if (!known) add(out, elements(of));
  return out;
}

template <class F>
void ThingTable::each_place(const Things& all, F f) {
  std::set<ThingId> seen;
  Things left = all;
  while (!left.empty()) {
    ThingId id = left.back();
    left.pop_back();
    if (!seen.insert(id).second) continue;
    if (all_[id].kind == Thing::Kind::place) f(*all_[id].path);
    left.insert(left.end(), all_[id].merged.begin(), all_[id].merged.end());
  }
}

void ThingTable::test(const Things& all) {
  each_place(all, [](ReadPath& path) { path.tested = true; });
}

void ThingTable::iterate(const Things& all) {
  each_place(all, [](ReadPath& path) { path.iterated = true; });
}

void ThingTable::whole(ThingId id, Things& carried, std::set<ThingId>& seen) {
  if (!seen.insert(id).second) return;
  Thing& thing = all_[id];
  if (thing.kind == Thing::Kind::files ||
      (thing.kind == Thing::Kind::text && thing.text.find("{{") != std::string::npos))
    add(carried, {id});
  if (thing.kind == Thing::Kind::place) thing.path->whole = true;
  for (const auto& [key, value] : thing.fields)
    for (ThingId inner : value) whole(inner, carried, seen);
  for (ThingId inner : thing.any) whole(inner, carried, seen);
  for (ThingId inner : thing.merged) whole(inner, carried, seen);
}

Things ThingTable::whole(const Things& all) {
  Things carried;
  std::set<ThingId> seen;
  for (ThingId id : all) whole(id, carried, seen);
  work += seen.size();
  return carried;
}

bool ThingTable::holds(const Things& all) {
  return !all.empty() && std::ranges::all_of(all, [&](ThingId id) { return is_table(all_[id]); });
}

void ThingTable::put(const Things& into, const Things& key, const Things& value) {
  if (!holds(into)) whole(value);
  for (ThingId id : into) {
    Thing& thing = all_[id];
    if (!is_table(thing)) continue;
    bool known = !key.empty();
    for (ThingId k : key) {
      if (is_known_text(all_[k]))
        keep(thing.fields[all_[k].text], value);
      else
        known = false;
    }
    if (!known) keep(thing.any, value);
  }
}

void ThingTable::merge(const Things& into, const Things& more) {
  if (!holds(into)) whole(more);
  for (ThingId id : into) {
    Thing& thing = all_[id];
    if (!is_table(thing)) continue;
    Things others;
    for (ThingId one : more)
      if (one != id) others.push_back(one);
    keep(thing.merged, others);
  }
}

}  // namespace slipway::render::helm
