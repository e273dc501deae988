// Walking a program over a document: every node turns a list of values into another. As in client-go, a node that fails
// still leaves values behind (its input, mostly), which `[?(...)]` without an operator looks at.
#include <optional>

#include "base/text.h"
#include "lang/jsonpath/jsonpath.h"
#include "lang/jsonpath/program.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/number.h"

namespace slipway::lang::jsonpath {

namespace {

constexpr size_t kStepsMax = 1'000'000;
constexpr int kRangeDepthMax = 100;

using Values = std::vector<Value>;

using value::go_print;
using value::go_type;

void children(const Value& v, Values& out) {
  for (const Value& item : v.items()) out.push_back(item);
  for (const value::Member& m : v.members()) out.push_back(m.value);
  for (char c : v.as_string()) out.push_back(static_cast<unsigned char>(c));  // Go sees the bytes of a string
}

class Evaluator {
 public:
  Evaluator(const std::vector<Node>& nodes, Missing missing) : nodes_(nodes), missing_(missing) {}

  Result<std::vector<Values>> run(const Value& document) {
    std::vector<Values> results;
    if (!run_from(0, document, results, 0)) return std::move(*error_);
    return results;
  }

 private:
  // From node `first` to the end, or to the {end} of the range this runs in.
  bool run_from(size_t first, const Value& document, std::vector<Values>& results, int depth) {
    if (depth > kRangeDepthMax) return too_large("JSONPath ranges are nested deeper than {} levels", kRangeDepthMax);
    for (size_t i = first; i < nodes_.size(); ++i) {
      Values found = {document};
      if (!walk(nodes_[i], found)) return false;
      if (ends_ > 0 && ends_ <= in_range_) {
        --ends_;
        last_end_ = i;
        break;
      }
      if (begins_ > 0) {
        --begins_;
        ++in_range_;
        for (const Value& v : found)
          if (!run_from(i + 1, v, results, depth + 1)) return false;
        if (found.empty()) {  // once for nothing, to learn where the range ends
          std::vector<Values> unused;
          if (!run_from(i + 1, Value(), unused, depth + 1)) return false;
        }
        --in_range_;
        if (last_end_ != kNone && last_end_ > i) i = last_end_;
        continue;
      }
      results.push_back(std::move(found));
    }
    return true;
  }

  // False: error_ is set, and `values` is what client-go would have left.
  bool walk(const Node& node, Values& values) {
    steps_ += 1 + values.size();
    if (steps_ > kStepsMax) return too_large("JSONPath takes more than {} steps on this document", kStepsMax);
    switch (node.kind) {
      case Node::Kind::list:
        for (const Node& n : node.nodes)
          if (!walk(n, values)) return false;
        return true;
      case Node::Kind::constant:
        if (node.constant.is_string())
          values = {node.constant};
        else
          values.assign(values.size(), node.constant);
        return true;
      case Node::Kind::field:
        return field(node, values);
      case Node::Kind::array:
        return array(node, values);
      case Node::Kind::wildcard: {
        Values found;
        for (const Value& v : values) children(v, found);
        values = std::move(found);
        return true;
      }
      case Node::Kind::recursive:
        return recursive(values);
      case Node::Kind::union_of: {
        Values found;
        for (const Node& n : node.nodes) {
          Values part = values;
          if (!walk(n, part)) return false;
          found.insert(found.end(), part.begin(), part.end());
        }
        values = std::move(found);
        return true;
      }
      case Node::Kind::filter:
        return filter(node, values);
      case Node::Kind::identifier:
        if (node.text == "range") {
          ++begins_;
          return true;
        }
        if (node.text != "end") return wrong("unrecognized identifier {}", node.text);
        values.clear();
        if (in_range_ == 0) return wrong("not in range, nothing to end");
        ++ends_;
        return true;
    }
    return true;
  }

  bool field(const Node& node, Values& values) {
    if (values.empty()) return true;
    Values found;
    for (const Value& v : values)
      if (const Value* member = v.find(node.text)) found.push_back(*member);
    values = std::move(found);
    return !values.empty() || missing_ == Missing::allow || wrong("{} is not found", node.text);
  }

  bool array(const Node& node, Values& values) {
    Values found;
    for (const Value& v : values) {
      if (v.is_null()) continue;
      if (!v.is_array()) return wrong("{} is not array or slice", go_type(v));
      auto length = static_cast<int64_t>(v.size());
      int64_t begin = node.bounds[0].known ? node.bounds[0].value : 0;
      int64_t end = node.bounds[1].known ? node.bounds[1].value : length;
      if (begin < 0) begin += length;
      if (node.bounds[1].known && (end < 0 || (end == 0 && node.bounds[1].derived))) end += length;
      if (begin == end) break;  // client-go leaves the other inputs out as well
      if (begin >= length || begin < 0) return wrong("array index out of bounds: index {}, length {}", begin, length);
      if (end > length || end < 0) return wrong("array index out of bounds: index {}, length {}", end - 1, length);
      if (begin > end) return wrong("starting index {} is greater than ending index {}", begin, end);
      int64_t step = node.bounds[2].known ? node.bounds[2].value : 1;
      if (step <= 0) return wrong("step must be > 0");
      for (int64_t i = begin; i < end; i = step < end - i ? i + step : end) found.push_back(v[static_cast<size_t>(i)]);
    }
    values = std::move(found);
    return true;
  }

  bool recursive(Values& values) {
    Values found, open(values.rbegin(), values.rend());
    while (!open.empty()) {
      Value v = std::move(open.back());
      open.pop_back();
      size_t below = v.is_string() ? v.as_string().size() : v.size();
      if (below == 0) continue;
      steps_ += below;
      if (steps_ > kStepsMax) return too_large("JSONPath takes more than {} steps on this document", kStepsMax);
      for (size_t i = v.items().size(); i > 0; --i) open.push_back(v.items()[i - 1]);
      for (size_t i = v.members().size(); i > 0; --i) open.push_back(v.members()[i - 1].value);
      found.push_back(std::move(v));
    }
    values = std::move(found);
    return true;
  }

  bool filter(const Node& node, Values& values) {
    Values found;
    for (const Value& v : values) {
      if (!v.is_array()) return wrong("{} is not array or slice and cannot be filtered", go_print(v));
      for (const Value& item : v.items()) {
        Values left = {item};
        bool good = walk(node.nodes[0], left);
        if (node.text == "exists") {
          if (too_large_) return false;
          if (!left.empty()) found.push_back(item);
          error_.reset();
          continue;
        }
        if (!good) return false;
        if (left.empty()) continue;
        if (left.size() > 1) return wrong("can only compare one element at a time");
        Values right = {item};
        if (!walk(node.nodes[1], right)) return false;
        if (right.empty()) continue;
        if (right.size() > 1) return wrong("can only compare one element at a time");
        bool pass = false;
        if (!compare(left[0], node.text, right[0], pass)) {
          values = std::move(found);
          return false;
        }
        if (pass) found.push_back(item);
      }
    }
    values = std::move(found);
    return true;
  }

  bool compare(const Value& a, std::string_view op, const Value& b, bool& pass) {
    if (op != "<" && op != ">" && op != "==" && op != "!=" && op != "<=" && op != ">=")
      return wrong("unrecognized filter operator {}", op);
    auto basic = [](const Value& v) { return v.is_bool() || v.is_number() || v.is_string(); };
    if (!basic(a) || !basic(b)) return wrong("invalid type for comparison");
    if (a.type() != b.type()) return wrong("incompatible types for comparison");
    bool ordered = op != "==" && op != "!=";
    if (ordered && a.is_bool()) return wrong("invalid type for comparison");
    bool equal = a == b;
    bool less = a.is_string() ? a.as_string() < b.as_string()
                : a.is_int()  ? a.as_int() < b.as_int()
                              : a.as_double() < b.as_double();
    if (op == "==") pass = equal;
    if (op == "!=") pass = !equal;
    if (op == "<") pass = less;
    if (op == "<=") pass = less || equal;
    if (op == ">") pass = !less && !equal;
    if (op == ">=") pass = !less;
    return true;
  }

  template <class... A>
  bool wrong(fmt::format_string<A...> format, A&&... args) {
    error_ = fail(ErrorKind::bad_request, format, std::forward<A>(args)...);
    return false;
  }
  template <class... A>
  bool too_large(fmt::format_string<A...> format, A&&... args) {
    too_large_ = true;
    error_ = fail(ErrorKind::too_large, format, std::forward<A>(args)...);
    return false;
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);
  const std::vector<Node>& nodes_;
  Missing missing_;
  int begins_ = 0, in_range_ = 0, ends_ = 0;  // {range} and {end} met and not yet acted upon; ranges we are in
  size_t last_end_ = kNone;
  size_t steps_ = 0;
  bool too_large_ = false;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<std::vector<Value>>> evaluate(const Path& path, const Value& document, Missing missing) {
  return Evaluator(path.program().nodes, missing).run(document);
}

std::vector<Value> find(const Path& path, const Value& document) {
  auto results = evaluate(path, document);
  return results && !results->empty() ? std::move((*results)[0]) : std::vector<Value>();
}

Result<std::string> render(const Path& path, const Value& document, Missing missing) {
  std::string out;
  for (const Values& values : OR_RETURN(evaluate(path, document, missing)))
    for (size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : " ") + print(values[i]);
  return out;
}

Result<std::string> render_json(const Path& path, const Value& document, Missing missing) {
  std::string out;
  for (Values& values : OR_RETURN(evaluate(path, document, missing)))
    out += value::escaped_for_html(value::to_json_pretty(Value::array(std::move(values)), 4)) + "\n";
  return out;
}

std::string print(const Value& v) {
  switch (v.type()) {
    case value::Type::null:
      return "null";
    case value::Type::boolean:
      return v.as_bool() ? "true" : "false";
    case value::Type::integer:
      return std::to_string(v.as_int());
    case value::Type::real:
      return value::go_format_g(v.as_double());
    case value::Type::string:
      return v.str();
    case value::Type::array:
    case value::Type::object:
      return value::escaped_for_html(value::to_json(v));
  }
  return "";
}

}  // namespace slipway::lang::jsonpath
