// Label and field selectors, read and refused as apimachinery's labels and fields packages do.
#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "kinds/label_rules.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

// ---- words of a label selector
// ------------------------------------------------------------------------------------------

enum class Token {
  error,
  end,
  comma,
  open,
  close,
  word,
  in,
  not_in,
  exists_not,
  equals,
  double_equals,
  not_equals,
  greater,
  less
};
struct Word {
  Token token;
  std::string text;
};

bool is_symbol(char c) {
  return std::string_view("=!(),><").find(c) != std::string_view::npos;
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::vector<Word> scan(std::string_view text) {
  std::vector<Word> out;
  size_t at = 0;
  while (true) {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at == text.size()) {
      out.push_back({Token::end, ""});
      return out;
    }
    if (is_symbol(text[at])) {
      std::string_view two = text.substr(at, 2);
      Token token = two == "==" ? Token::double_equals : two == "!=" ? Token::not_equals : Token::error;
      size_t length = token == Token::error ? 1 : 2;
      if (length == 1) {
        constexpr std::pair<char, Token> single[] = {
            {'=', Token::equals}, {'!', Token::exists_not}, {'(', Token::open}, {')', Token::close},
            {',', Token::comma},  {'>', Token::greater},    {'<', Token::less}};
        for (auto [c, t] : single)
          if (c == text[at]) token = t;
      }
      out.push_back({token, std::string(text.substr(at, length))});
      at += length;
      continue;
    }
    size_t end = at;
    while (end < text.size() && !is_symbol(text[end]) && !is_space(text[end])) ++end;
    std::string word(text.substr(at, end - at));
    out.push_back({word == "in" ? Token::in : word == "notin" ? Token::not_in : Token::word, word});
    at = end;
  }
}

Error refuse(std::string message) {
  return Error(ErrorKind::bad_request, std::move(message));
}

bool as_number(std::string_view text, long long& out) {
  auto number = base::parse_int(text);
  if (number) out = *number;
  return number.has_value();
}

}  // namespace

Result<Selector> Selector::parse(std::string_view text) {
  using Op = Requirement::Op;
  Selector out;
  std::vector<Word> words = scan(text);
  size_t at = 0;
  auto peek = [&]() -> Word {  // where a value may stand, "in" and "notin" are words
    Word w = words[std::min(at, words.size() - 1)];
    if (w.token == Token::in || w.token == Token::not_in) w.token = Token::word;
    return w;
  };
  auto take = [&] {
    Word w = peek();
    ++at;
    return w;
  };
  auto requirement = [&]() -> Result<Requirement> {
    Requirement r;
    Word w = take();
    bool negated = w.token == Token::exists_not;
    if (negated) w = take();
    if (w.token != Token::word) return refuse(fmt::format("found '{}', expected: identifier", w.text));
    r.key = w.text;
    if (auto problems = label_key_problems(r.key); !problems.empty())
      return refuse(fmt::format("<nil>: Invalid value: \"{}\": {}", r.key, base::join(problems, "; ")));
    Token next = peek().token;
    if (negated || next == Token::end || next == Token::comma) {
      r.op = negated ? Op::not_exists : Op::exists;
      return r;
    }
    const Word& op = words[std::min(at++, words.size() - 1)];
    bool list = op.token == Token::in || op.token == Token::not_in;
    switch (op.token) {
      case Token::in:
      case Token::equals:
      case Token::double_equals:
        r.op = Op::in;
        break;
      case Token::not_in:
      case Token::not_equals:
        r.op = Op::not_in;
        break;
      case Token::greater:
        r.op = Op::greater;
        break;
      case Token::less:
        r.op = Op::less;
        break;
      default:
        return refuse(fmt::format("found '{}', expected: in, notin, =, ==, !=, gt, lt", op.text));
    }
    if (list) {
      Word open = take();
      if (open.token != Token::open) return refuse(fmt::format("found '{}' expected: '('", open.text));
      if (peek().token == Token::close) {
        r.values.emplace_back();
      } else {
        bool expect = true;  // a value; a missing one is ""
        while (true) {
          Word v = take();
          if (v.token == Token::word) {
            r.values.push_back(v.text);
            expect = false;
            Word after = peek();
            if (after.token != Token::comma && after.token != Token::close)
              return refuse(fmt::format("found '{}', expected: ',' or ')'", after.text));
          } else if (v.token == Token::comma) {
            if (expect) r.values.emplace_back();
            expect = true;
          } else if (v.token == Token::close) {
            if (expect) r.values.emplace_back();
            --at;
            break;
          } else {
            return refuse(fmt::format("found '{}', expected: ',', or identifier", v.text));
          }
        }
      }
      ++at;  // the closing one
    } else {
      Word v = peek();
      if (v.token == Token::end || v.token == Token::comma) {
        r.values.emplace_back();
      } else {
        ++at;
        if (v.token != Token::word) return refuse(fmt::format("found '{}', expected: identifier", v.text));
        r.values.push_back(v.text);
      }
    }
    std::ranges::sort(r.values);
    r.values.erase(std::ranges::unique(r.values).begin(), r.values.end());
    for (size_t i = 0; i < r.values.size(); ++i) {
      long long number;
      if ((r.op == Op::greater || r.op == Op::less) && !as_number(r.values[i], number))
        return refuse(
            fmt::format("values[{}][{}]: Invalid value: \"{}\": for 'Gt', 'Lt' operators, the value must be an integer",
                        i, r.key, r.values[i]));
      if (auto problems = label_value_problems(r.values[i]); !problems.empty())
        return refuse(fmt::format("values[{}][{}]: Invalid value: \"{}\": {}", i, r.key, r.values[i],
                                  base::join(problems, "; ")));
    }
    return r;
  };
  while (peek().token != Token::end) {
    Word first = peek();
    if (first.token != Token::word && first.token != Token::exists_not)
      return refuse(fmt::format("found '{}', expected: !, identifier, or 'end of string'", first.text));
    auto r = requirement();
    if (!r) return refuse("unable to parse requirement: " + r.error().message());
    out.requirements_.push_back(std::move(*r));
    Word after = take();
    if (after.token == Token::end) break;
    if (after.token != Token::comma)
      return refuse(fmt::format("found '{}', expected: ',' or 'end of string'", after.text));
    Word next = peek();
    if (next.token != Token::word && next.token != Token::exists_not)
      return refuse(fmt::format("found '{}', expected: identifier after ','", next.text));
  }
  std::ranges::stable_sort(out.requirements_, {}, [](const Requirement& r) { return std::tie(r.key, r.op); });
  return out;
}

Result<Selector> Selector::from_label_selector(const Value& s) {
  using Op = Requirement::Op;
  Selector out;
  if (s.is_null()) {
    out.nothing_ = true;
    return out;
  }
  for (const auto& member : s["matchLabels"].members())
    out.requirements_.push_back({member.key.str(), Op::in, {member.value.str()}});
  for (const Value& e : s["matchExpressions"].items()) {
    Requirement r;
    r.key = e["key"].str();
    std::string_view op = e["operator"].as_string();
    if (op == "In")
      r.op = Op::in;
    else if (op == "NotIn")
      r.op = Op::not_in;
    else if (op == "Exists")
      r.op = Op::exists;
    else if (op == "DoesNotExist")
      r.op = Op::not_exists;
    else
      return refuse(fmt::format("\"{}\" is not a valid label selector operator", op));
    for (const Value& v : e["values"].items()) r.values.push_back(v.str());
    bool list = r.op == Op::in || r.op == Op::not_in;
    if (list && r.values.empty())
      return refuse("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    if (!list && !r.values.empty())
      return refuse("values: Invalid value: values set must be empty for exists and does not exist");
    out.requirements_.push_back(std::move(r));
  }
  std::ranges::stable_sort(out.requirements_, {}, [](const Requirement& r) { return std::tie(r.key, r.op); });
  return out;
}

Selector Selector::from_map(const Value& match_labels) {
  Selector out;
  for (const auto& member : match_labels.members())
    out.requirements_.push_back({member.key.str(), Requirement::Op::in, {member.value.str()}});
  return out;
}

bool Selector::matches(const Value& labels) const {
  if (nothing_) return false;
  return std::ranges::all_of(requirements_, [&](const Requirement& r) {
    const Value* label = labels.find(r.key);
    auto among = [&] { return std::ranges::find(r.values, label->as_string()) != r.values.end(); };
    long long have, wanted;
    switch (r.op) {
      case Requirement::Op::in:
        return label && among();
      case Requirement::Op::not_in:
        return !label || !among();
      case Requirement::Op::exists:
        return label != nullptr;
      case Requirement::Op::not_exists:
        return label == nullptr;
      case Requirement::Op::greater:
        return label && as_number(label->as_string(), have) && as_number(r.values[0], wanted) && have > wanted;
      case Requirement::Op::less:
        return label && as_number(label->as_string(), have) && as_number(r.values[0], wanted) && have < wanted;
    }
    return false;
  });
}

std::optional<std::pair<std::string_view, std::span<const std::string>>> Selector::among() const {
  for (const Requirement& r : requirements_)
    if (r.op == Requirement::Op::in) return std::pair(std::string_view(r.key), std::span(r.values));
  return std::nullopt;
}

std::string Selector::str() const {
  std::vector<std::string> parts;
  for (const Requirement& r : requirements_) {
    bool one = r.values.size() == 1;
    std::string list = base::join(r.values, ",");
    switch (r.op) {
      case Requirement::Op::in:
        parts.push_back(one ? r.key + "=" + list : fmt::format("{} in ({})", r.key, list));
        break;
      case Requirement::Op::not_in:
        parts.push_back(one ? r.key + "!=" + list : fmt::format("{} notin ({})", r.key, list));
        break;
      case Requirement::Op::exists:
        parts.push_back(r.key);
        break;
      case Requirement::Op::not_exists:
        parts.push_back("!" + r.key);
        break;
      case Requirement::Op::greater:
        parts.push_back(r.key + ">" + list);
        break;
      case Requirement::Op::less:
        parts.push_back(r.key + "<" + list);
        break;
    }
  }
  return base::join(parts, ",");
}

// ---- field selectors
// ------------------------------------------------------------------------------------------------------

Result<FieldSelector> FieldSelector::parse(const Kind& kind, std::string_view text) {
  FieldSelector out;
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      parts.emplace_back();
      continue;
    }
    parts.back() += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) parts.back() += text[++i];
  }
  std::ranges::sort(parts);
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    size_t at = part.find_first_of("=!");
    while (at != part.npos && part[at] == '!' && part.substr(at, 2) != "!=") at = part.find_first_of("=!", at + 1);
    if (at == part.npos) return refuse(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
    bool equal = part[at] == '=';
    size_t length = equal && part.substr(at, 2) != "==" ? 1 : 2;
    Term term{part.substr(0, at), {}, equal};
    std::string_view value = std::string_view(part).substr(at + length);
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\') {
        if (i + 1 == value.size() || std::string_view("\\,=").find(value[i + 1]) == std::string_view::npos)
          return refuse(fmt::format("invalid field selector: invalid escape sequence: {}", value.substr(i, 2)));
        ++i;
      } else if (value[i] == '=') {
        return refuse(
            fmt::format("invalid field selector: unescaped character in value: {}", static_cast<int>(value[i])));
      }
      term.value += value[i];
    }
    const auto& own = kind.field_selectors;
    bool known = term.field == "metadata.name" ||
                 (term.field == "metadata.namespace" && (kind.namespaced || kind.builtin)) ||
                 std::ranges::find(own, term.field) != own.end();
    if (!known)
      return own.empty() ? refuse(fmt::format(
                               "\"{}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                               term.field))
                         : refuse("field label not supported: " + term.field);
    out.terms_.push_back(std::move(term));
  }
  return out;
}

bool FieldSelector::matches(const Value& object) const {
  for (const Term& term : terms_) {
    const Value* at = &object;
    for (std::string_view key : base::split(term.field, '.')) at = &(*at)[key];
    std::string text;
    if (at->is_string())
      text = at->str();
    else if (at->is_bool())
      text = at->as_bool() ? "true" : "false";
    else if (at->is_int())
      text = std::to_string(at->as_int());
    // What is absent reads as its zero value; fields that are no text have another zero than "".
    if (at->is_null() && (term.field == "spec.unschedulable" || term.field == "spec.hostNetwork")) text = "false";
    if (at->is_null() && (term.field == "status.replicas" || term.field == "status.successful")) text = "0";
    if (term.field == "status.successful") text = std::to_string(object["status"]["succeeded"].as_int());
    if (term.field == "source") text = object["source"]["component"].str(object["reportingComponent"].as_string());
    if (term.field == "status.podIPs") text = object["status"]["podIPs"][0]["ip"].str();
    if ((text == term.value) != term.equal) return false;
  }
  return true;
}

std::optional<std::string> FieldSelector::exact(std::string_view field) const {
  for (const Term& term : terms_)
    if (term.field == field && term.equal) return term.value;
  return std::nullopt;
}

}  // namespace slipway::kinds
