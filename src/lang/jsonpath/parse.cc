// Templates to programs. The grammar is the one client-go's parser happens to have: it looks at a character, takes what
// that begins, and goes on; brackets end at the first ']', unions split at every comma, filters at their operator, and
// each piece is parsed as an action of its own.
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "lang/jsonpath/jsonpath.h"
#include "lang/jsonpath/program.h"

namespace slipway::lang::jsonpath {

namespace {

constexpr size_t kLengthMax = 64 << 10;
constexpr int kDepthMax = 50;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Letters, digits and '_'; beyond ASCII everything counts as a letter.
bool is_word(char c) {
  return c == '_' || is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80) != 0;
}
bool is_terminator(char c) {
  return std::string_view(" \t\r\n.,[]$@{}").find(c) != std::string_view::npos;
}

Error wrong(std::string text) {
  return Error(ErrorKind::bad_request, std::move(text));
}

class Parser {
 public:
  Parser(std::string_view text, int depth) : text_(text), depth_(depth) {}

  Result<std::vector<Node>> parse() {
    if (depth_ > kDepthMax) return fail(ErrorKind::too_large, "JSONPath is nested deeper than {} levels", kDepthMax);
    std::vector<Node> root;
    while (at_ < text_.size()) {
      size_t open = std::min(text_.find('{', at_), text_.size());
      if (open > at_) root.push_back({.kind = Node::Kind::constant, .constant = text_.substr(at_, open - at_)});
      at_ = open;
      if (at_ == text_.size()) break;
      ++at_;
      root.push_back({});
      OR_RETURN(action(root.back().nodes));
    }
    return root;
  }

 private:
  // Behind '{', to behind its '}'.
  Result<> action(std::vector<Node>& nodes) {
    for (;;) {
      if (take("}")) return {};
      if (take("[?(")) {
        OR_RETURN(filter(nodes));
        continue;
      }
      if (take("..")) {
        if (!nodes.empty() && nodes.back().kind == Node::Kind::recursive)
          return wrong("invalid multiple recursive descent");
        nodes.push_back({.kind = Node::Kind::recursive});
        if (at_ < text_.size() && is_word(text_[at_])) field(nodes);
        continue;
      }
      if (at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r') return wrong("unclosed action");
      char c = text_[at_];
      if (c == ' ' || c == '@' || c == '$') {
        ++at_;
      } else if (c == '[') {
        OR_RETURN(array(nodes));
      } else if (c == '"' || c == '\'') {
        OR_RETURN(quote(nodes));
      } else if (c == '.') {
        ++at_;
        field(nodes);
      } else if (c == '+' || c == '-' || is_digit(c)) {
        OR_RETURN(number(nodes));
      } else if (is_word(c)) {
        identifier(nodes);
      } else {
        return wrong(fmt::format("unrecognized character in action: U+{:04X} '{}'", static_cast<unsigned char>(c), c));
      }
    }
  }

  bool take(std::string_view prefix) {
    if (!text_.substr(at_).starts_with(prefix)) return false;
    at_ += prefix.size();
    return true;
  }

  // To the next terminator; a backslash takes the character behind it along, and goes.
  void field(std::vector<Node>& nodes) {
    std::string name;
    for (; at_ < text_.size() && !is_terminator(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      if (text_[at_] != '\\') name += text_[at_];
    }
    if (name == "*")
      nodes.push_back({.kind = Node::Kind::wildcard});
    else
      nodes.push_back({.kind = Node::Kind::field, .text = std::move(name)});
  }

  void identifier(std::vector<Node>& nodes) {
    size_t from = at_;
    while (at_ < text_.size() && !is_terminator(text_[at_])) ++at_;
    std::string_view word = text_.substr(from, at_ - from);
    if (word == "true" || word == "false")
      nodes.push_back({.kind = Node::Kind::constant, .constant = word == "true"});
    else
      nodes.push_back({.kind = Node::Kind::identifier, .text = std::string(word)});
  }

  Result<> number(std::vector<Node>& nodes) {
    size_t from = at_;
    if (text_[at_] == '+' || text_[at_] == '-') ++at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
    std::string all(text_.substr(from, at_ - from));
    std::string_view digits = all;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    if (auto n = base::parse_int(digits)) {
      nodes.push_back({.kind = Node::Kind::constant, .constant = *n});
      return {};
    }
    double d = 0;
    auto r = std::from_chars(digits.data(), digits.data() + digits.size(), d);
    if (r.ec != std::errc() || r.ptr != digits.data() + digits.size()) return wrong("cannot parse number " + all);
    nodes.push_back({.kind = Node::Kind::constant, .constant = d});
    return {};
  }

  Result<> array(std::vector<Node>& nodes) {
    size_t close = text_.find_first_of("]\n", at_);
    if (close == text_.npos || text_[close] == '\n') return wrong("unterminated array");
    std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    if (inside.find(',') != inside.npos) {
      Node node{.kind = Node::Kind::union_of};
      for (std::string_view part : base::split(inside, ',')) {
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        node.nodes.push_back(OR_RETURN(piece(fmt::format("[{}]", part))));
      }
      nodes.push_back(std::move(node));
      return {};
    }
    if (inside.size() >= 2 && inside.front() == '\'' && inside.find('\'', 1) == inside.size() - 1) {
      Node key = OR_RETURN(piece("." + std::string(inside.substr(1, inside.size() - 2))));
      for (Node& node : key.nodes) nodes.push_back(std::move(node));
      return {};
    }
    Node node{.kind = Node::Kind::array};
    OR_RETURN(bounds(inside == "*" ? ":" : inside, node.bounds));
    nodes.push_back(std::move(node));
    return {};
  }

  // -?digits, then up to twice ':' -?digits, all digits optional.
  static Result<> bounds(std::string_view inside, std::array<Bound, 3>& bounds) {
    std::vector<std::string_view> parts = base::split(inside, ':');
    auto well_formed = [](std::string_view s) {
      if (s.starts_with('-')) s.remove_prefix(1);
      return s.find_first_not_of("0123456789") == s.npos;
    };
    for (std::string_view part : parts)
      if (parts.size() > 3 || !well_formed(part)) return wrong(fmt::format("invalid array index {}", inside));
    for (size_t i = 0; i < 3; ++i) {
      std::string_view part = i < parts.size() ? parts[i] : std::string_view();
      if (!part.empty()) {
        auto n = base::parse_int(part);
        if (!n) return wrong(fmt::format("array index {} is not a number", part));
        bounds[i] = {*n, true, false};
      } else if (i == 1 && parts.size() == 1) {
        bounds[i] = {bounds[0].value + 1, true, true};
      }
    }
    return {};
  }

  Result<> filter(std::vector<Node>& nodes) {
    size_t from = at_;
    bool begun = false, ended = false;
    char pair = 0;
    for (;; ++at_) {
      if (at_ == text_.size() || text_[at_] == '\n') return wrong("unterminated filter");
      char c = text_[at_];
      if (c == '"' || c == '\'') {
        if (!begun) {
          begun = true;
          pair = c;
        } else if (text_[at_ - 1] != '\\' && c == pair) {
          ended = true;
        }
      } else if (c == ')' && begun == ended) {
        break;
      }
    }
    std::string_view inside = text_.substr(from, at_ - from);
    ++at_;
    if (!take("]")) return wrong("unclosed array expect ]");
    Node node{.kind = Node::Kind::filter, .text = "exists"};
    size_t left = std::min(inside.find_first_of("!<>="), inside.size());
    size_t right = std::min(inside.find_first_not_of("!<>=", left), inside.size());
    if (right == inside.size() && right > left + 1) --right;  // something must stand on the right
    if (left == 0 || right >= inside.size() || right == left) {
      node.nodes.push_back(OR_RETURN(piece(inside)));
      node.nodes.push_back({});
    } else {
      node.text = inside.substr(left, right - left);
      node.nodes.push_back(OR_RETURN(piece(inside.substr(0, left))));
      node.nodes.push_back(OR_RETURN(piece(inside.substr(right))));
    }
    nodes.push_back(std::move(node));
    return {};
  }

  // A piece of text as an action of its own.
  Result<Node> piece(std::string_view text) const {
    std::string action = fmt::format("{{{}}}", text);
    std::vector<Node> nodes = OR_RETURN(Parser(action, depth_ + 1).parse());
    return std::move(nodes[0]);
  }

  Result<> quote(std::vector<Node>& nodes) {
    size_t from = at_;
    char end = text_[at_];
    for (++at_;; ++at_) {
      if (at_ == text_.size() || text_[at_] == '\n') return wrong("unterminated quoted string");
      if (text_[at_] == end && text_[at_ - 1] != '\\') break;
    }
    ++at_;
    std::string_view quoted = text_.substr(from, at_ - from);
    auto text = unquoted(quoted.substr(1, quoted.size() - 2), end);
    if (!text) return wrong(fmt::format("unquote string {} error invalid syntax", quoted));
    nodes.push_back({.kind = Node::Kind::constant, .constant = *text});
    return {};
  }

  // Go's escapes in strings; only the quote in use may be escaped.
  static std::optional<std::string> unquoted(std::string_view s, char quote) {
    static constexpr std::string_view names = "abfnrtv\\", meanings = "\a\b\f\n\r\t\v\\";
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] == quote) return {};
      if (s[i] != '\\') {
        out += s[i];
        continue;
      }
      if (++i == s.size()) return {};
      char c = s[i];
      if (size_t k = names.find(c); k != names.npos) {
        out += meanings[k];
      } else if (c == quote) {
        out += c;
      } else if (c == 'x' || c == 'u' || c == 'U') {
        size_t n = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        unsigned code = 0;
        if (s.size() - i - 1 < n) return {};
        auto r = std::from_chars(s.data() + i + 1, s.data() + i + 1 + n, code, 16);
        if (r.ec != std::errc() || r.ptr != s.data() + i + 1 + n) return {};
        if (c == 'x')
          out += static_cast<char>(code);
        else if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
          return {};
        else
          append_utf8(out, code);
        i += n;
      } else if (c >= '0' && c <= '7') {
        unsigned code = 0;
        if (s.size() - i < 3) return {};
        auto r = std::from_chars(s.data() + i, s.data() + i + 3, code, 8);
        if (r.ec != std::errc() || r.ptr != s.data() + i + 3 || code > 255) return {};
        out += static_cast<char>(code);
        i += 2;
      } else {
        return {};
      }
    }
    return out;
  }

  static void append_utf8(std::string& out, unsigned c) {
    if (c >= 0x80) {
      int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
      out += static_cast<char>((more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0) | c >> (6 * more));
      while (more-- > 0) out += static_cast<char>(0x80 | (c >> (6 * more) & 0x3F));
    } else {
      out += static_cast<char>(c);
    }
  }

  std::string_view text_;
  int depth_;
  size_t at_ = 0;
};

}  // namespace

Result<Path> compile(std::string_view text) {
  if (text.size() > kLengthMax)
    return fail(ErrorKind::too_large, "JSONPath of {} bytes is over the limit of {} bytes", text.size(), kLengthMax);
  Program program{OR_RETURN(Parser(text, 0).parse())};
  return Path(std::make_shared<const Program>(std::move(program)));
}

Result<Path> compile_column(std::string_view path) {
  return compile(fmt::format("{{{}}}", path));
}

Result<std::string> relaxed(std::string_view expression) {
  if (expression.empty()) return std::string();
  std::string_view s = expression;
  if (s.starts_with('{') && s.ends_with('}')) s = s.substr(1, s.size() - 2);
  if (s.size() > 1 && s.starts_with('.')) s.remove_prefix(1);
  if (s.empty() || s.find_first_of("{}") != s.npos)
    return wrong(
        "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
  return fmt::format("{{.{}}}", s);
}

}  // namespace slipway::lang::jsonpath
