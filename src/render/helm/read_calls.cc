// What functions make of what they are given. Only those are told apart that hand on a part of it, or ask for less than
// all of it; any other reads its arguments whole.
#include <unordered_map>

#include "base/text.h"
#include "render/helm/read_walk.h"

namespace slipway::render::helm {

using namespace lang::gotemplate;

namespace {

constexpr size_t kTextsOfOneMax = 64;

enum class What {
  one_of,  // gives one of its arguments, or all in one list
  shape,   // asks whether it is empty, or what type it is
  length,  // asks for its keys
  keys,
  values,
  first,
  part,  // a list of some of its items
  append,
  get,
  index,
  has_key,
  pluck,
  dig,
  pick,
  set,
  dict,
  list,
  merge,
  include,
  tpl,
  join,
  format,
};

struct Function {
  What what;
  size_t needed;  // arguments: with fewer the call fails when it is made, and is like any other here
  std::string_view names;
};

constexpr Function kFunctions[] = {
    {What::one_of, 1,
     "default coalesce ternary and or required concat mustConcat compact mustCompact uniq mustUniq reverse mustReverse "
     "deepCopy mustDeepCopy omit unset without mustWithout toString"},
    {What::shape, 1, "not empty kindIs kindOf typeIs typeOf typeIsLike all any"},
    {What::length, 1, "len"},
    {What::keys, 1, "keys"},
    {What::values, 1, "values"},
    {What::first, 1, "first mustFirst last mustLast"},
    {What::part, 1, "rest mustRest initial mustInitial slice mustSlice"},
    {What::append, 2, "append mustAppend push mustPush prepend mustPrepend"},
    {What::get, 2, "get"},
    {What::index, 1, "index"},
    {What::has_key, 2, "hasKey"},
    {What::pluck, 2, "pluck"},
    {What::dig, 3, "dig"},
    {What::pick, 2, "pick"},
    {What::set, 3, "set"},
    {What::dict, 0, "dict"},
    {What::list, 0, "list tuple"},
    {What::merge, 1, "merge mustMerge mergeOverwrite mustMergeOverwrite"},
    {What::include, 2, "include"},
    {What::tpl, 2, "tpl"},
    {What::join, 1, "print cat"},
    {What::format, 1, "printf"},
};

const Function* function_of(std::string_view name) {
  static const auto table = [] {
    std::unordered_map<std::string_view, const Function*> all;
    for (const Function& one : kFunctions)
      for (std::string_view word : base::split(one.names, ' ')) all.emplace(word, &one);
    return all;
  }();
  auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

Things ReadWalk::make(Frame&, NodeId site) {
  // One for each call of each template as it was called.
  return {things_.made(walked_[now_].of->in, (uint64_t{now_} << 32) | site)};
}

Things ReadWalk::call(Frame& f, NodeId site, const std::string& name, Arguments a) {
  const Function* function = function_of(name);
  if (!function || a.size() < function->needed) return any_call(a);
  Things out;
  switch (function->what) {
    case What::one_of:
      for (const Things& one : a) {
        things_.test(one);
        add(out, one);
      }
      return out;
    case What::shape:
      for (const Things& one : a) things_.test(one);
      return {things_.other()};
    case What::length:
      things_.iterate(a[0]);
      return {things_.other()};
    case What::keys:
      out = make(f, site);
      for (const Things& one : a) {
        things_.iterate(one);
        things_.put(out, {}, things_.keys_of(one));
      }
      return out;
    case What::values:
      out = make(f, site);
      for (const Things& one : a) things_.put(out, {}, things_.elements(one));
      return out;
    case What::first:
      return things_.elements(a[0]);
    case What::part:
      out = make(f, site);
      things_.put(out, {}, things_.elements(a[0]));
      return out;
    case What::append:
      out = make(f, site);
      things_.put(out, {}, things_.elements(a[0]));
      things_.put(out, {}, a[1]);
      return out;
    case What::get:
      return things_.index(a[0], a[1]);
    case What::index:
      out = a[0];
      for (const Things& key : a.subspan(1)) out = things_.index(out, key);
      return out;
    case What::has_key:
      things_.index(a[0], a[1]);
      return {things_.other()};
    case What::pluck:
      out = make(f, site);
      for (const Things& table : a.subspan(1)) things_.put(out, {}, things_.index(table, a[0]));
      return out;
    case What::dig:
      out = a.back();
      for (const Things& key : a.first(a.size() - 2)) out = things_.index(out, key);
      things_.test(out);
      add(out, a[a.size() - 2]);
      return out;
    case What::pick:
      out = make(f, site);
      for (const Things& key : a.subspan(1)) things_.put(out, key, things_.index(a[0], key));
      return out;
    case What::set:
      things_.put(a[0], a[1], a[2]);
      return a[0];
    case What::dict:
      out = make(f, site);
      for (size_t i = 0; i + 1 < a.size(); i += 2) things_.put(out, a[i], a[i + 1]);
      return out;
    case What::list:
      out = make(f, site);
      for (size_t i = 0; i < a.size(); ++i) things_.put(out, {things_.text(std::to_string(i))}, a[i]);
      return out;
    case What::merge:
      for (const Things& more : a.subspan(1)) things_.merge(a[0], more);
      for (const Things& one : a) add(out, one);
      return out;
    case What::include:
      return include(a[0], a[1]);
    case What::tpl:
      return tpl(a[0], a[1]);
    case What::join:
      return joined(a);
    case What::format:
      return formatted(a);
  }
  return out;
}

// Its result carries what its arguments do; a text that is changed is known no more.
Things ReadWalk::any_call(Arguments arguments) {
  Things out = {things_.other()};
  for (const Things& one : arguments)
    for (ThingId id : things_.whole(one))
      add(out, {things_[id].kind == Thing::Kind::text ? things_.text(std::string("{{") + kUnknownPart) : id});
  return out;
}

// The texts that `pieces` may be, one behind the other.
Things ReadWalk::joined(Arguments arguments) {
  std::vector<std::string> texts = {""};
  Things out;
  for (const Things& one : arguments) {
    for (ThingId id : things_.whole(one))
      if (things_[id].kind == Thing::Kind::files) add(out, {id});
    std::set<std::string> pieces;
    for (ThingId id : one)
      pieces.insert(things_[id].kind == Thing::Kind::text ? things_[id].text : std::string(1, kUnknownPart));
    if (pieces.empty()) pieces.insert(std::string(1, kUnknownPart));
    if (pieces.size() * texts.size() > kTextsOfOneMax) return any_call(arguments);
    std::vector<std::string> longer;
    for (const std::string& text : texts)
      for (const std::string& piece : pieces) longer.push_back(text + piece);
    texts = std::move(longer);
  }
  for (const std::string& text : texts) add(out, {things_.text(text)});
  return out;
}

Things ReadWalk::formatted(Arguments arguments) {
  Things out;
  for (ThingId id : arguments[0]) {
    if (things_[id].kind != Thing::Kind::text) {
      add(out, any_call(arguments));
      continue;
    }
    std::string format = things_[id].text;
    std::vector<Things> pieces;
    std::string plain;
    size_t next = 1;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%' || i + 1 >= format.size()) {
        plain += format[i];
        continue;
      }
      if (format[++i] == '%') {
        plain += '%';
        continue;
      }
      bool simple = format[i] == 's' || format[i] == 'd' || format[i] == 'v';
      while (i < format.size() && !std::isalpha(static_cast<unsigned char>(format[i]))) ++i;
      pieces.push_back({things_.text(plain)});
      plain.clear();
      Things piece = next < arguments.size() ? arguments[next] : Things{things_.other()};
      ++next;
      if (!simple) {
        things_.whole(piece);
        piece = any_call(std::span(&piece, 1));
      }
      pieces.push_back(std::move(piece));
    }
    pieces.push_back({things_.text(plain)});
    for (; next < arguments.size(); ++next) things_.whole(arguments[next]);
    add(out, joined(pieces));
  }
  return arguments[0].empty() ? any_call(arguments) : out;
}

}  // namespace slipway::render::helm
