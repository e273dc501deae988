// YAML to Value, when it is not all of the common kind (yaml_common.h): events (yaml_events.h) push values and members
// onto a TreeStack; no recursion, no second tree.
//
// Aliases share the anchored Value, so a billion laughs costs no memory here; but whoever writes the result out would
// pay, so nodes and text are counted as if expanded, and go-yaml's own rule on the share of aliases holds as well.
#include "value/yaml.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "value/json.h"
#include "value/note.h"
#include "value/number.h"
#include "value/tree_stack.h"
#include "value/utf8.h"
#include "value/yaml_common.h"
#include "value/yaml_events.h"
#include "value/yaml_folded.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

std::string valid_utf8(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    Rune r = decode_rune(s);
    append_rune(out, r.code);
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  return out;
}

class YamlReader {
 public:
  YamlReader(std::string_view text, std::string_view file, const YamlLimits& limits, DuplicateKeys duplicates)
      : events_(text, file, limits.rules), text_(text), file_(file), limits_(limits), duplicates_(duplicates) {}

  bool notes = false, unresolved = false;  // see note.h

  Result<std::vector<Document>> documents() {
    if (text_.size() > limits_.bytes_max)
      return fail(ErrorKind::too_large, "YAML of {} bytes is over the limit of {} bytes", text_.size(),
                  limits_.bytes_max)
          .at({std::string(file_), 0, 0});
    std::vector<Document> all;
    for (;;) {
      if (!events_.next()) return events_.error();
      switch (events_.kind()) {
        case Kind::stream_end:
          return all;
        case Kind::document_start:
          anchors_.clear();
          nodes_ = aliased_nodes_ = text_bytes_ = 0;
          break;
        case Kind::scalar:
        case Kind::alias:
        case Kind::mapping_start:
        case Kind::sequence_start: {
          int line = events_.place().line;
          bool empty = is_nothing();
          Value root;
          if (!tree(root)) return error_ ? std::move(*error_) : events_.error();
          if (!empty) all.push_back({std::move(root), line});
          if (limits_.first_only) {
            if (!events_.next()) return events_.error();  // what ends the document must be right, too
            return all;
          }
          break;
        }
        default:
          break;
      }
    }
  }

 private:
  using Kind = YamlEvent::Kind;
  enum class Expects : uint8_t { item, key, value, merge };
  struct Frame {
    Expects expects;
    size_t mark;         // where its items or members begin on the stack
    size_t merges_mark;  // where its merged mappings begin in merges_
    YamlPosition start;
    std::string anchor;
    size_t nodes_before, bytes_before;
    bool in_braces;
    std::vector<std::string> odd_keys = {};  // that are no texts
    bool object() const { return expects != Expects::item; }
  };
  struct Anchor {
    Value value;
    size_t nodes = 0, text_bytes = 0;
    bool open = true;  // its end has not come yet
  };

  // From the current event to the end of the node it begins.
  bool tree(Value& v) {
    for (;; v = Value()) {
      bool alias = false;
      switch (events_.kind()) {
        case Kind::mapping_start:
        case Kind::sequence_start:
          if (!open()) return false;
          if (!events_.next()) return false;
          continue;
        case Kind::scalar:
          if (!count(1, events_.event().text.size())) return false;
          if (!frames_.empty() && frames_.back().expects == Expects::key) {
            if (!key()) return false;
            if (!events_.next()) return false;
            continue;
          }
          if (!scalar(v)) return false;
          if (!events_.event().anchor.empty())
            anchors_[events_.event().anchor] = {v, 1, events_.event().text.size(), false};
          break;
        case Kind::alias:
          if (!this->alias(v)) return false;
          alias = true;
          if (!frames_.empty() && frames_.back().expects == Expects::key) {
            if (!key_of(v)) return false;
            if (!events_.next()) return false;
            continue;
          }
          break;
        case Kind::mapping_end:
        case Kind::sequence_end:
          if (!close(v)) return false;
          break;
        default:
          return wrong("this event does not belong here");
      }
      if (frames_.empty()) return true;
      Frame& f = frames_.back();
      switch (f.expects) {
        case Expects::item:
          stack_.values.push(std::move(v));
          break;
        case Expects::value:
          stack_.members.back().value = std::move(v);
          f.expects = Expects::key;
          break;
        case Expects::merge:
          if (!merge(v, alias)) return false;
          f.expects = Expects::key;
          break;
        case Expects::key:
          return wrong("a list or mapping cannot be a key");
      }
      if (!events_.next()) return false;
    }
  }

  bool open() {
    const YamlEvent& e = events_.event();
    bool object = e.kind == Kind::mapping_start;
    if (!frames_.empty() && frames_.back().expects == Expects::key)
      return wrong("a {} cannot be a key: expected text", object ? "mapping" : "list");
    if (static_cast<int>(frames_.size()) >= limits_.depth_max)
      return too_large("YAML is nested deeper than {} levels", limits_.depth_max);
    if (!count(1, 0)) return false;
    frames_.push_back({object ? Expects::key : Expects::item, object ? stack_.members.size() : stack_.values.size(),
                       merges_.size(), e.start, e.anchor, nodes_ - 1, text_bytes_, e.flow});
    if (!frames_.back().anchor.empty()) anchors_[frames_.back().anchor] = {};
    return true;
  }

  bool close(Value& v) {
    Frame f = std::move(frames_.back());
    frames_.pop_back();
    if (f.object()) {
      std::optional<std::string> twice;
      std::vector<Member> later;
      if (duplicates_ == DuplicateKeys::as_nodes) later = take_repeats(f);
      v = stack_.close_object(f.mark, [&twice](const Key& key) {
        if (!twice) twice = key.str();
      });
      if (twice && duplicates_ == DuplicateKeys::refuse) return duplicate(f.start, *twice);
      if (!later.empty()) v = v.with_member(repeated_keys, Value::object(std::move(later)));
      if (merges_.size() > f.merges_mark) add_merged(v, f.merges_mark);
    } else {
      v = stack_.close_array(f.mark);
    }
    if (notes && f.in_braces) v = noted(std::move(v), Note::braces);
    if (!f.anchor.empty()) anchors_[f.anchor] = {v, nodes_ - f.nodes_before, text_bytes_ - f.bytes_before, false};
    return true;
  }

  // Turns the members of a mapping around, so that the first of equal ones wins; the others of these by their key.
  std::vector<Member> take_repeats(const Frame& f) {
    Member* from = stack_.members.data() + f.mark;
    Member* to = stack_.members.data() + stack_.members.size();
    std::map<std::string_view, std::vector<Value>> repeats;
    for (const std::string& key : f.odd_keys) repeats[key];
    std::unordered_set<std::string_view> seen;
    for (Member* m = from; m != to; ++m)
      if (!seen.insert(m->key.view()).second) repeats[m->key.view()].push_back(m->value);
    std::vector<Member> out;
    for (auto& [key, values] : repeats) out.push_back({Key(key), Value::array(std::move(values))});
    std::reverse(from, to);
    return out;
  }

  bool alias(Value& v) {
    const std::string& name = events_.event().anchor;
    auto found = anchors_.find(name);
    if (found == anchors_.end()) return wrong("unknown anchor '{}' referenced", name);
    const Anchor& a = found->second;
    if (a.open) return wrong("anchor '{}' value contains itself", name);
    if (stays_unresolved() && frames_.back().expects == Expects::value) {
      v = noted(Value(name), Note::alias);
      return true;
    }
    if (!count(1 + a.nodes, a.text_bytes)) return false;
    aliased_nodes_ += a.nodes;
    // go-yaml's rule: 99 % of up to 400,000 nodes may come from aliases, falling to 10 % of 4 million and more
    double seen = static_cast<double>(nodes_), share = 0.99;
    if (seen >= 4e6)
      share = 0.10;
    else if (seen > 4e5)
      share = 0.99 - 0.89 * ((seen - 4e5) / 3.6e6);
    if (aliased_nodes_ > 100 && nodes_ > 1000 && static_cast<double>(aliased_nodes_) / seen > share)
      return too_large("document contains excessive aliasing ({} of {} nodes come from aliases)", aliased_nodes_,
                       nodes_);
    v = a.value;
    return true;
  }

  bool stays_unresolved() const {
    return unresolved && !frames_.empty() && std::ranges::all_of(frames_, &Frame::object);
  }

  bool count(size_t nodes, size_t bytes) {
    nodes_ += nodes;
    text_bytes_ += bytes;
    if (nodes_ > limits_.nodes_max)
      return too_large("YAML has more than {} nodes, aliases expanded", limits_.nodes_max);
    if (text_bytes_ > limits_.expanded_bytes_max)
      return too_large("YAML has more than {} bytes of text, aliases expanded", limits_.expanded_bytes_max);
    return true;
  }

  // go-yaml v3 passes over `!` alone, for v2 it makes a text.
  std::string_view tag_of(const YamlEvent& scalar) const {
    bool passed_over = limits_.rules == YamlRules::kustomize && scalar.tag == "!";
    return passed_over ? std::string_view() : scalar.tag;
  }

  bool key() {
    const YamlEvent& s = events_.event();
    std::string_view text = s.text;
    bool plain = s.style == YamlScalarStyle::plain;
    if (tag_of(s).empty() && (!plain || resolve_plain(text, limits_.rules).kind == Scalar::Kind::string)) {
      if (!s.anchor.empty()) anchors_[s.anchor] = {Value(text), 1, text.size(), false};
      return put_key(text);
    }
    if (text == "<<" && (s.implicit || s.tag == "tag:yaml.org,2002:merge")) {
      if (stays_unresolved()) return put_key(text);
      frames_.back().expects = Expects::merge;
      return true;
    }
    Value v;
    real_key_.reset();
    if (!scalar(v, true)) return false;
    if (!s.anchor.empty()) anchors_[s.anchor] = {v, 1, text.size(), false};
    bool time = tag_of(s).empty() ? plain : s.tag == "tag:yaml.org,2002:timestamp";
    if (limits_.rules == YamlRules::kustomize && time && is_timestamp(text)) return odd_key("time", text);
    return key_of(v);
  }

  // What is no text in truth: kept where nodes are (it may go away again).
  bool odd_key(std::string_view what, std::string_view text) {
    if (duplicates_ != DuplicateKeys::as_nodes) return wrong("a key must be text, found a {}: quote it", what);
    frames_.back().odd_keys.emplace_back(text);
    return put_key(text);
  }

  bool key_of(const Value& v) {
    if (limits_.rules == YamlRules::kustomize && !v.is_string()) {
      if (v.is_object() || v.is_array()) return wrong("a key must be text, found a {}: quote it", to_string(v.type()));
      return odd_key(to_string(v.type()), events_.kind() == Kind::scalar ? events_.event().text : to_json(v));
    }
    switch (v.type()) {
      case Type::string:
        return put_key(v.as_string());
      case Type::boolean:
        return put_key(v.as_bool() ? "true" : "false");
      case Type::integer:
        return put_key(real_key_ ? go_format_g(*std::exchange(real_key_, {}), true) : std::to_string(v.as_int()));
      case Type::real:
        return put_key(go_format_g(v.as_double(), true));
      case Type::null:
        return wrong("null cannot be a key: expected text (quote it to mean the word)");
      case Type::array:
      case Type::object:
        break;
    }
    return wrong("a {} cannot be a key: expected text", v.is_array() ? "list" : "mapping");
  }

  bool put_key(std::string_view text) {
    stack_.members.push(Key(text), Value());
    frames_.back().expects = Expects::value;
    return true;
  }

  bool scalar(Value& v, bool as_key = false) {
    if (read_scalar(v, as_key)) return true;
    if (duplicates_ != DuplicateKeys::as_nodes || !notes || as_key) return false;
    error_.reset();
    v = noted(Value(events_.event().text), Note::unreadable);
    return true;
  }

  bool read_scalar(Value& v, bool as_key) {
    const YamlEvent& s = events_.event();
    std::string_view text = s.text;
    if (tag_of(s).empty()) {
      if (s.style != YamlScalarStyle::plain) {
        v = Value(text);
        if (notes && !as_key)
          v = noted(s.style == YamlScalarStyle::folded ? Value(folded_anew(text)) : v, Note::quoted);
        return true;
      }
      if (!scalar_of(v, resolve_plain(text, limits_.rules), text, as_key)) return false;
      if (!notes || as_key) return true;
      v = with_spelling(v, text);
      return true;
    }
    std::string_view tag = s.tag;
    if (!tag.starts_with(kLongTagPrefix)) {
      v = Value(text);
      return true;
    }
    tag.remove_prefix(kLongTagPrefix.size());
    if (tag == "binary") {
      bool blank = text.find_first_of(" \t") != text.npos;
      auto bytes = base::base64_decode(text);
      if (blank || !bytes) return wrong("!!binary value contains invalid base64 data");
      v = Value(valid_utf8(*bytes));
      return true;
    }
    if (tag == "bool" || tag == "int" || tag == "float" || tag == "null" || tag == "timestamp") {
      Scalar found = resolve_plain(text, limits_.rules);
      if (tag == "timestamp" && is_timestamp(text)) found.kind = Scalar::Kind::timestamp;
      if (tag == "float" && found.kind == Scalar::Kind::integer)
        found = {.kind = Scalar::Kind::real, .real = static_cast<double>(found.integer)};
      if (tag_name(found.kind) != tag)
        return wrong("cannot decode !!{} `{}` as a !!{}", tag_name(found.kind), text, tag);
      if (!scalar_of(v, found, text, as_key)) return false;
      if (notes && !as_key && v.is_null()) v = text.empty() ? noted(v, Note::tag_alone) : with_spelling(v, text);
      return true;
    }
    v = Value(text);
    return true;
  }

  bool scalar_of(Value& v, const Scalar& s, std::string_view text, bool as_key) {
    switch (s.kind) {
      case Scalar::Kind::null:
        v = nullptr;
        return true;
      case Scalar::Kind::boolean:
        v = s.boolean;
        return true;
      case Scalar::Kind::integer:
        if (limits_.reals && !as_key)
          v = static_cast<double>(s.integer);
        else
          v = s.integer;
        return true;
      case Scalar::Kind::large:
        if (as_key) return wrong("the number {} is too large for a key: quote it", text);
        if (limits_.reals)
          v = static_cast<double>(s.large);
        else
          v = s.large;
        return true;
      case Scalar::Kind::real:
        if (as_key) real_key_ = s.real;
        if (!std::isfinite(s.real)) {
          v = s.real;
          return as_key || wrong("{} has no JSON: expected a finite number, or quotes around it", text);
        }
        // through JSON text 1.0 becomes 1 (from 2^53 on its digits are not those of the integer)
        if (s.real == std::trunc(s.real) && std::fabs(s.real) < 0x1p53 && (as_key || !limits_.reals))
          v = static_cast<int64_t>(s.real);
        else
          v = s.real;
        return true;
      case Scalar::Kind::timestamp: {
        std::string rfc3339;
        is_timestamp(text, &rfc3339);
        v = limits_.rules == YamlRules::kustomize ? Value(rfc3339) : Value(text);
        return true;
      }
      case Scalar::Kind::merge:
      case Scalar::Kind::string:
        v = Value(text);
        return true;
    }
    return true;
  }

  bool merge(const Value& v, bool alias) {
    auto take = [this](const Value& mapping) {
      if (!mapping.is_object()) return wrong("map merge requires map or sequence of maps as the value");
      if (duplicates_ != DuplicateKeys::last_wins) {
        merges_.push_back(mapping);
      } else {
        for (const Member& m : mapping.members()) stack_.members.push(m);
      }
      return true;
    };
    if (v.is_array() && !alias) {  // earlier mappings win
      auto all = v.items();
      for (size_t i = 0; i < all.size(); ++i)
        if (!take(all[duplicates_ != DuplicateKeys::last_wins ? i : all.size() - 1 - i])) return false;
      return true;
    }
    return take(v);
  }

  // What the mapping does not say itself, from the mappings merged into it; the first that says it counts.
  void add_merged(Value& v, size_t from) {
    std::vector<Member> all;
    for (size_t i = merges_.size(); i > from; --i)
      all.insert(all.end(), merges_[i - 1].members().begin(), merges_[i - 1].members().end());
    all.insert(all.end(), v.members().begin(), v.members().end());
    merges_.resize(from);
    v = Value::object(std::move(all));
  }

  // Only now the places matter: read again up to the second of the two keys.
  bool duplicate(const YamlPosition& mapping, const std::string& name) {
    YamlReader again(text_, file_, limits_, DuplicateKeys::last_wins);
    error_ = again.find_duplicate(mapping.at, name);
    return false;
  }

  Error find_duplicate(size_t mapping, const std::string& name) {
    size_t depth = 0, target = 0;
    bool key = false;
    std::optional<base::Place> first;
    while (events_.next() && events_.kind() != Kind::stream_end) {
      bool starts = events_.kind() == Kind::mapping_start || events_.kind() == Kind::sequence_start;
      bool ends = events_.kind() == Kind::mapping_end || events_.kind() == Kind::sequence_end;
      if (ends && depth-- == target && target != 0) break;
      if (target != 0 && depth == target && !ends) {
        if (key && events_.kind() == Kind::scalar && says(name)) {
          if (first)
            return fail(ErrorKind::bad_request, "mapping key \"{}\" already defined at line {}", name, first->line)
                .at(events_.place());
          first = events_.place();
        }
        key = !key;
      }
      if (starts) {
        ++depth;
        if (events_.event().start.at == mapping && events_.kind() == Kind::mapping_start) {
          target = depth;
          key = true;
        }
      }
    }
    return fail(ErrorKind::bad_request, "mapping key \"{}\" is defined twice", name)
        .at(first.value_or(base::Place{std::string(file_), 0, 0}));
  }

  // Whether the scalar key here has this name.
  bool says(const std::string& name) {
    frames_.push_back({Expects::key, 0, 0, {}, {}, 0, 0});
    size_t before = stack_.members.size();
    bool same = key() && stack_.members.size() > before && stack_.members.back().key.view() == name;
    frames_.clear();
    return same;
  }

  bool is_nothing() const {
    if (events_.kind() != Kind::scalar) return false;
    const YamlEvent& s = events_.event();
    return s.text.empty() && s.implicit && s.tag.empty() && s.anchor.empty();
  }

  template <class... A>
  bool wrong(fmt::format_string<A...> format, A&&... args) {
    error_ = fail(ErrorKind::bad_request, format, std::forward<A>(args)...).at(events_.place());
    return false;
  }
  template <class... A>
  bool too_large(fmt::format_string<A...> format, A&&... args) {
    error_ = fail(ErrorKind::too_large, format, std::forward<A>(args)...).at(events_.place());
    return false;
  }

  YamlEvents events_;
  std::string_view text_, file_;
  YamlLimits limits_;
  DuplicateKeys duplicates_;
  TreeStack stack_;
  std::vector<Frame> frames_;
  std::vector<Value> merges_;  // mappings merged into the open ones, when a mapping's own keys win
  std::unordered_map<std::string, Anchor> anchors_;
  size_t nodes_ = 0, aliased_nodes_ = 0, text_bytes_ = 0;
  std::optional<double> real_key_;  // a key such as 1.0 or .inf, before it became a Value
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<Document>> read_any_yaml(std::string_view text, std::string_view file, const YamlLimits& limits,
                                            DuplicateKeys duplicates, bool notes) {
  YamlReader reader(text, file, limits, duplicates);
  reader.notes = notes;
  return reader.documents();
}

static Result<std::vector<Document>> read(std::string_view text, std::string_view file, const YamlLimits& limits,
                                          DuplicateKeys duplicates, bool notes) {
  if (auto all = read_common_yaml(text, limits, duplicates, notes)) return std::move(*all);
  return read_any_yaml(text, file, limits, duplicates, notes);
}

Result<std::vector<Document>> parse_yaml_documents(std::string_view text, std::string_view file, YamlLimits limits,
                                                   DuplicateKeys duplicates) {
  return read(text, file, limits, duplicates, false);
}

Result<std::vector<Document>> parse_yaml_unresolved(std::string_view text, std::string_view file, YamlLimits limits) {
  limits.rules = YamlRules::kustomize;
  YamlReader reader(text, file, limits, DuplicateKeys::as_nodes);
  reader.notes = reader.unresolved = true;
  return reader.documents();
}

Result<std::vector<Document>> parse_yaml_noted(std::string_view text, std::string_view file, YamlLimits limits,
                                               DuplicateKeys duplicates) {
  limits.rules = YamlRules::kustomize;
  return read(text, file, limits, duplicates, true);
}

Result<Value> parse_yaml(std::string_view text, std::string_view file, YamlLimits limits) {
  std::vector<Document> all = OR_RETURN(parse_yaml_documents(text, file, limits));
  if (all.size() > 1)
    return fail(ErrorKind::bad_request, "expected one YAML document, found {}", all.size())
        .at({std::string(file), all[1].line, 1});
  return all.empty() ? Value() : std::move(all[0].value);
}

}  // namespace slipway::value
