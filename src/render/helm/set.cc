// A recursive descent along the keys that gives every level back changed: what Go does with maps in place.
#include "render/helm/set.h"

#include <algorithm>

#include "base/text.h"
#include "lang/gotemplate/quote.h"
#include "render/helm/go_json.h"
#include "render/helm/manifest.h"
#include "value/json.h"
#include "value/number.h"
#include "value/utf8.h"

namespace slipway::render::helm {

namespace {

constexpr int kIndexMax = 65536;
constexpr int kDepthMax = 30;

enum class End { more, finished };  // Go: nil, io.EOF

class Setter {
 public:
  enum class Style { typed, strings, json, literal, files };
  Setter(std::string_view text, Style style, Compat compat, SetKeys* keys, SetBudget* budget,
         const std::function<Result<Value>(std::string)>* read = nullptr)
      : rest_(text), style_(style), compat_(compat), keys_(keys), budget_(budget ? *budget : own_), read_(read) {}

  Result<> run(Value& values) {
    for (;;) {
      key_ = rest_.data();
      End end = OR_RETURN(key(values, 0));
      if (end == End::finished) return {};
    }
  }

 private:
  struct Word {
    std::string text;
    char32_t last = 0;
    bool ended = false;  // by the end of the text, not by a stop
  };

  bool literal() const { return style_ == Style::literal; }

  char32_t take_rune() {
    value::Rune r = value::decode_rune(rest_);
    rest_.remove_prefix(static_cast<size_t>(r.length));
    return r.code;
  }

  Word until(std::string_view stops) {
    Word w;
    while (!rest_.empty()) {
      char32_t rune = take_rune();
      if (rune < 128 && stops.find(static_cast<char>(rune)) != stops.npos) {
        w.last = rune;
        return w;
      }
      if (rune == '\\' && !literal()) {
        if (rest_.empty()) break;
        rune = take_rune();
      }
      value::append_rune(w.text, rune);
    }
    w.ended = true;
    return w;
  }

  // Where the = behind a whole key was just taken.
  void note_key() const {
    if (keys_ == nullptr) return;
    std::string written(key_, rest_.data() - 1);
    if (literal()) written = base::replace_all(std::move(written), "\\", "\\\\");  // which mean nothing there
    keys_->push_back(std::move(written));
  }

  Result<> take(uint64_t copied, uint64_t grown) {
    if (copied > budget_.copied || grown > budget_.grown)
      return fail(ErrorKind::too_large, "it fills and changes lists and tables of more items than are taken here");
    budget_.copied -= copied;
    budget_.grown -= grown;
    return {};
  }

  Result<> put(Value& data, const std::string& key, Value v) {
    if (key.empty()) return {};
    OR_RETURN(take(data.members().size(), 0));
    data = data.with_member(key, std::move(v));
    return {};
  }

  // %q of a []rune.
  static std::string quoted_runes(std::string_view text) {
    std::string out = "[";
    while (!text.empty()) {
      value::Rune r = value::decode_rune(text);
      out += out.size() > 1 ? " '" : "'";
      lang::gotemplate::append_escaped(out, r.code, true, 0, '\'', false);
      out += '\'';
      text.remove_prefix(static_cast<size_t>(r.length));
    }
    return out + "]";
  }

  static Error conversion(const Value& v, const char* wanted) {
    return fail(ErrorKind::invalid, "unable to parse key: interface conversion: interface {{}} is {}, not {}",
                v.is_null() ? "nil" : go_type(v), wanted);
  }

  Result<End> key(Value& data, int depth) {
    Word w = until(literal() ? "=[." : "=[,.");
    if (w.ended) {
      if (w.text.empty()) return End::finished;
      return fail(ErrorKind::invalid, "key {} has no value", go_quote(w.text));
    }
    const std::string& k = w.text;
    switch (w.last) {
      case '[': {
        auto index = OR_RETURN(key_index());
        if (!index) return End::finished;
        Value list = Value::array();
        if (const Value* there = data.find(k)) {
          if (!there->is_array()) return conversion(*there, "[]interface {}");
          list = *there;
        }
        auto end = list_item(list, *index, depth);
        if (!end) return end;
        OR_RETURN(put(data, k, std::move(list)));
        return end;
      }
      case '=':
        return value_of(data, k);
      case ',':
        return fail(ErrorKind::invalid, "key {} has no value (cannot end with ,)", go_quote(k));
      default: {
        if (depth + 1 > kDepthMax) {
          return fail(ErrorKind::invalid,
                      "value name nested level is greater than maximum supported nested level of {}", kDepthMax);
        }
        Value inner = Value::object();
        if (const Value* there = data.find(k)) {
          if (!there->is_object()) return conversion(*there, "map[string]interface {}");
          inner = *there;
        }
        End end = OR_RETURN(key(inner, depth + 1));
        if (end == End::more && inner.empty()) return fail(ErrorKind::invalid, "key map {} has no value", go_quote(k));
        if (!inner.empty()) OR_RETURN(put(data, k, std::move(inner)));
        return end;
      }
    }
  }

  Result<End> value_of(Value& data, const std::string& k) {
    note_key();
    if (literal()) {
      OR_RETURN(put(data, k, Value(std::string(rest_))));
      rest_ = {};
      return End::more;
    }
    if (style_ == Style::json) {
      Value v = OR_RETURN(json_value());
      OR_RETURN(put(data, k, std::move(v)));
      return End::more;
    }
    if (rest_.empty()) {
      OR_RETURN(put(data, k, ""));
      return End::finished;
    }
    if (rest_[0] == '{') {
      OR_RETURN(put(data, k, OR_RETURN(list_value())));
      return End::more;
    }
    Word w = until(",");
    OR_RETURN(put(data, k, OR_RETURN(read(w.text))));
    return End::more;
  }

  // Nothing: the text ends before the `]`, which ends all for Helm 4, as what it wraps is the end.
  Result<std::optional<int64_t>> key_index() {
    Word w = until("]");
    if (w.ended && compat_ == Compat::helm4) return std::optional<int64_t>();
    if (w.ended) return fail(ErrorKind::invalid, "error parsing index: EOF");
    auto n = value::go_atoi(w.text);
    if (!n)
      return fail(ErrorKind::invalid, "error parsing index: strconv.Atoi: parsing {}: invalid syntax",
                  go_quote(w.text));
    return std::optional<int64_t>(*n);
  }

  Result<> set_index(Value& list, int64_t index, Value v) {
    if (index < 0) return fail(ErrorKind::invalid, "negative {} index not allowed", index);
    if (index > kIndexMax)
      return fail(ErrorKind::invalid, "index of {} is greater than maximum supported index of {}", index, kIndexMax);
    auto i = static_cast<size_t>(index);
    OR_RETURN(take(list.size(), i < list.size() ? 0 : i + 1 - list.size()));
    if (i < list.size()) {
      list = list.with_item(i, std::move(v));
      return {};
    }
    std::vector<Value> items(list.items().begin(), list.items().end());
    items.resize(i + 1);
    items[i] = std::move(v);
    list = Value::array(std::move(items));
    return {};
  }

  Result<End> list_item(Value& list, int64_t index, int depth) {
    if (index < 0) return fail(ErrorKind::invalid, "negative {} index not allowed", index);
    Word w = until("[.=");
    if (!w.text.empty())
      return fail(ErrorKind::invalid, "unexpected data at end of array index: {}", quoted_runes(w.text));
    if (w.ended) return End::finished;
    auto at = static_cast<size_t>(index);
    if (w.last == '=') {
      note_key();
      Value v;
      if (literal()) {
        v = std::string(rest_);
        rest_ = {};
      } else if (style_ == Style::json) {
        v = OR_RETURN(json_value());
      } else if (rest_.empty()) {
        v = "";
      } else if (rest_[0] == '{') {
        v = OR_RETURN(list_value());
      } else {
        v = OR_RETURN(read(until(",").text));
      }
      OR_RETURN(set_index(list, index, std::move(v)));
      return End::more;
    }
    if (w.last == '[') {
      auto next = OR_RETURN(key_index());
      if (!next) return End::finished;
      Value inner = Value::array();
      if (at < list.size() && !list[at].is_null()) {
        if (!list[at].is_array()) return conversion(list[at], "[]interface {}");
        inner = list[at];
      }
      End end = OR_RETURN(list_item(inner, *next, depth));
      if (end == End::finished) return end;
      OR_RETURN(set_index(list, index, std::move(inner)));
      return End::more;
    }
    Value inner = at < list.size() && list[at].is_object() ? list[at] : Value::object();
    End end = OR_RETURN(key(inner, depth));
    if (end == End::finished) {  // "a[0].": Go changed the element in place already
      if (at < list.size()) OR_RETURN(set_index(list, index, std::move(inner)));
      return end;
    }
    OR_RETURN(set_index(list, index, std::move(inner)));
    return end;
  }

  Result<Value> list_value() {
    rest_.remove_prefix(1);
    std::vector<Value> items;
    for (;;) {
      Word w = until(",}");
      if (w.ended) return fail(ErrorKind::invalid, "list must terminate with '}}'");
      items.push_back(OR_RETURN(read(w.text)));
      if (w.last == '}') {
        if (rest_.starts_with(',')) rest_.remove_prefix(1);
        return Value::array(std::move(items));
      }
    }
  }

  Result<Value> read(const std::string& word) {
    if (style_ == Style::files) return (*read_)(word);
    if (style_ == Style::strings) return Value(word);
    std::string lower = base::to_lower(word);
    if (lower == "true") return Value(true);
    if (lower == "false") return Value(false);
    if (lower == "null") return Value();
    if (word == "0") return Value(int64_t{0});
    if (!word.empty() && word[0] != '0') {
      std::string_view digits = word;
      if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-' && digits[1] != '+') digits.remove_prefix(1);
      if (auto n = base::parse_int(digits)) return Value(static_cast<int64_t>(*n));
    }
    return Value(word);
  }

  // The JSON value here, the comma behind it taken away. Nothing there: null.
  Result<Value> json_value() {
    if (ended()) return Value();
    Value v = OR_RETURN(value::parse_json_prefix(rest_, {.reals = true}));
    ended();
    return v;
  }

  // Skips blanks and the comma behind them; whether nothing or a comma was there.
  bool ended() {
    rest_ = trim_left(rest_);
    if (!rest_.empty() && rest_.front() != ',') return false;
    rest_.remove_prefix(rest_.empty() ? 0 : 1);
    return true;
  }

  std::string_view rest_;
  const char* key_ = nullptr;  // where in the text the key begins that is being read
  Style style_;
  Compat compat_;
  SetKeys* keys_;  // null: nobody asks
  SetBudget own_;
  SetBudget& budget_;
  const std::function<Result<Value>(std::string)>* read_;
};

}  // namespace

Result<> set_typed(Value& values, std::string_view text, Compat compat, SetKeys* keys, SetBudget* budget) {
  return Setter(text, Setter::Style::typed, compat, keys, budget).run(values);
}
Result<> set_strings(Value& values, std::string_view text, Compat compat, SetKeys* keys, SetBudget* budget) {
  return Setter(text, Setter::Style::strings, compat, keys, budget).run(values);
}
Result<> set_json(Value& values, std::string_view text, Compat compat, SetKeys* keys, SetBudget* budget) {
  std::string_view object = trim_space(text);
  if (compat == Compat::helm3 || !object.starts_with('{')) {
    if (Setter(text, Setter::Style::json, compat, keys, budget).run(values)) return {};
    return fail(ErrorKind::invalid, "{}", text);
  }
  auto said = value::parse_json(object, {.reals = true});
  if (!said) return fail(ErrorKind::invalid, "JSON: {}", text);
  values = merge_files(values, *said);
  return {};
}
Result<> set_literal(Value& values, std::string_view text, Compat compat, SetKeys* keys, SetBudget* budget) {
  return Setter(text, Setter::Style::literal, compat, keys, budget).run(values);
}
Result<> set_files(Value& values, std::string_view text, const std::function<Result<Value>(std::string)>& read,
                   Compat compat, SetKeys* keys, SetBudget* budget) {
  return Setter(text, Setter::Style::files, compat, keys, budget, &read).run(values);
}

Value with_reals(const Value& v) {
  switch (v.type()) {
    case value::Type::integer:
      return static_cast<double>(v.as_int());
    case value::Type::array: {
      std::vector<Value> items;
      for (const Value& item : v.items()) items.push_back(with_reals(item));
      return Value::array(std::move(items));
    }
    case value::Type::object: {
      std::vector<value::Member> members;
      for (const value::Member& m : v.members()) members.push_back({m.key, with_reals(m.value)});
      return Value::object(std::move(members));
    }
    default:
      return v;
  }
}

}  // namespace slipway::render::helm
