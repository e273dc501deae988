// What functions make of what they are given. Only those are told apart that hand on a part of it, or ask for less than
// all of it; any other reads its arguments whole.
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

const std::unordered_map<std::string_view, What>& functions() {
  static const std::unordered_map<std::string_view, What> table = {{"default", What::one_of},
                                                                   {"coalesce", What::one_of},
                                                                   {"ternary", What::one_of},
                                                                   {"and", What::one_of},
                                                                   {"or", What::one_of},
                                                                   {"required", What::one_of},
                                                                   {"concat", What::one_of},
                                                                   {"mustConcat", What::one_of},
                                                                   {"compact", What::one_of},
                                                                   {"mustCompact", What::one_of},
                                                                   {"uniq", What::one_of},
                                                                   {"mustUniq", What::one_of},
                                                                   {"reverse", What::one_of},
                                                                   {"mustReverse", What::one_of},
                                                                   {"deepCopy", What::one_of},
                                                                   {"mustDeepCopy", What::one_of},
                                                                   {"omit", What::one_of},
                                                                   {"unset", What::one_of},
                                                                   {"without", What::one_of},
                                                                   {"mustWithout", What::one_of},
                                                                   {"toString", What::one_of},
                                                                   {"not", What::shape},
                                                                   {"empty", What::shape},
                                                                   {"kindIs", What::shape},
                                                                   {"kindOf", What::shape},
                                                                   {"typeIs", What::shape},
                                                                   {"typeOf", What::shape},
                                                                   {"typeIsLike", What::shape},
                                                                   {"all", What::shape},
                                                                   {"any", What::shape},
                                                                   {"len", What::length},
                                                                   {"keys", What::keys},
                                                                   {"values", What::values},
                                                                   {"first", What::first},
                                                                   {"mustFirst", What::first},
                                                                   {"last", What::first},
                                                                   {"mustLast", What::first},
                                                                   {"rest", What::part},
                                                                   {"mustRest", What::part},
                                                                   {"initial", What::part},
                                                                   {"mustInitial", What::part},
                                                                   {"slice", What::part},
                                                                   {"mustSlice", What::part},
                                                                   {"append", What::append},
                                                                   {"mustAppend", What::append},
                                                                   {"push", What::append},
                                                                   {"mustPush", What::append},
                                                                   {"prepend", What::append},
                                                                   {"mustPrepend", What::append},
                                                                   {"get", What::get},
                                                                   {"index", What::index},
                                                                   {"hasKey", What::has_key},
                                                                   {"pluck", What::pluck},
                                                                   {"dig", What::dig},
                                                                   {"pick", What::pick},
                                                                   {"set", What::set},
                                                                   {"dict", What::dict},
                                                                   {"list", What::list},
                                                                   {"tuple", What::list},
                                                                   {"merge", What::merge},
                                                                   {"mustMerge", What::merge},
                                                                   {"mergeOverwrite", What::merge},
                                                                   {"mustMergeOverwrite", What::merge},
                                                                   {"include", What::include},
                                                                   {"tpl", What::tpl},
                                                                   {"print", What::join},
                                                                   {"cat", What::join},
                                                                   {"printf", What::format}};
  return table;
}

}  // namespace

Things ReadWalk::make(Frame&, NodeId site) {
  // One for each call of each template as it was called.
  return {things_.made(walked_[now_].of->in, (uint64_t{now_} << 32) | site)};
}

Things ReadWalk::call(Frame& f, NodeId site, const std::string& name, Arguments a) {
  auto found = functions().find(name);
  size_t needed = 1;
  if (found != functions().end()) {
    switch (found->second) {
      case What::get:
      case What::has_key:
      case What::append:
      case What::include:
      case What::tpl:
      case What::pick:
      case What::pluck:
        needed = 2;
        break;
      case What::set:
      case What::dig:
        needed = 3;
        break;
      case What::dict:
      case What::list:
        needed = 0;
        break;
      default:
        break;
    }
  }
  if (found == functions().end() || a.size() < needed) return any_call(a);
  Things out;
  switch (found->second) {
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
