// Regular expressions: RE2 is the same language as Go's; what is found one after another, and the words of its
// complaints, are put right here.
#include <re2/re2.h>

#include <list>
#include <memory>

#include "base/text.h"
#include "lang/gotemplate/format.h"
#include "lang/gotemplate/unicode.h"
#include "lang/sprig/families.h"
#include "lang/sprig/regex_error.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

std::string go_regex_error(const re2::RE2& re, std::string_view pattern) {
  std::string_view what;
  std::string arg(re.error_arg());
  switch (re.error_code()) {
    case re2::RE2::ErrorBadEscape:
      what = "invalid escape sequence";
      break;
    case re2::RE2::ErrorBadCharClass:
      what = "invalid character class";
      break;
    case re2::RE2::ErrorBadCharRange:
      what = "invalid character class range";
      break;
    case re2::RE2::ErrorMissingBracket:
      what = "missing closing ]";
      break;
    case re2::RE2::ErrorMissingParen:
      what = "missing closing )";
      arg = pattern;
      break;
    case re2::RE2::ErrorUnexpectedParen:
      what = "unexpected )";
      arg = pattern;
      break;
    case re2::RE2::ErrorTrailingBackslash:
      what = "trailing backslash at end of expression";
      arg.clear();
      break;
    case re2::RE2::ErrorRepeatArgument:
      what = "missing argument to repetition operator";
      break;
    case re2::RE2::ErrorRepeatSize:
      what = "invalid repeat count";
      break;
    case re2::RE2::ErrorRepeatOp:
      what = "invalid nested repetition operator";
      break;
    case re2::RE2::ErrorBadPerlOp:
      what = "invalid or unsupported Perl syntax";
      break;
    case re2::RE2::ErrorBadUTF8:
      what = "invalid UTF-8";
      arg = pattern;
      break;
    case re2::RE2::ErrorBadNamedCapture:
      what = "invalid named capture";
      break;
    case re2::RE2::ErrorPatternTooLarge:
      what = "expression too large";
      break;
    default:
      what = "internal error";
  }
  return fmt::format("error parsing regexp: {}: `{}`", what, arg);
}

namespace {

struct Compiled {
  std::string pattern;
  std::unique_ptr<re2::RE2> re;
  std::string error;  // "error parsing regexp: missing closing ): `(`"
};

// Go knows groups named (?<name>re), as other languages write them; RE2 of our day only (?P<name>re).
std::string with_named_groups(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    std::string_view rest = pattern.substr(i);
    if (rest.starts_with("\\Q") && !in_class) {
      size_t end = pattern.find("\\E", i);
      size_t size = end == pattern.npos ? rest.size() : end + 2 - i;
      out += rest.substr(0, size);
      i += size - 1;
      continue;
    }
    if (rest[0] == '\\' && rest.size() > 1) {
      out += rest.substr(0, 2);
      ++i;
      continue;
    }
    if (!in_class && rest.starts_with("(?<") && rest.size() > 3) {
      out += "(?P<";
      i += 2;
      continue;
    }
    if (rest[0] == '[' && !in_class) {  // a bracket that comes first in a class is one of its characters
      size_t first = rest.starts_with("[^") ? 2 : 1;
      size_t whole = first + (rest.size() > first && rest[first] == ']' ? 1 : 0);
      out += rest.substr(0, whole);
      i += whole - 1;
      in_class = true;
      continue;
    }
    if (rest[0] == ']') in_class = false;
    out += rest[0];
  }
  return out;
}

// The last few patterns stay compiled: charts use the same ones in every template.
const Compiled& compile(std::string_view pattern) {
  thread_local std::list<Compiled> recent;
  for (auto at = recent.begin(); at != recent.end(); ++at)
    if (at->pattern == pattern) {
      recent.splice(recent.begin(), recent, at);
      return recent.front();
    }
  if (recent.size() >= 64) recent.pop_back();
  re2::RE2::Options options;
  options.set_log_errors(false);
  bool named = pattern.find("(?<") != pattern.npos;
  std::string as_re2 = named ? with_named_groups(pattern) : std::string(pattern);
  Compiled c{std::string(pattern), std::make_unique<re2::RE2>(as_re2, options), {}};
  if (!c.re->ok()) {
    c.error = go_regex_error(*c.re, pattern);
    if (named) c.error = base::replace_all(std::move(c.error), "(?P<", "(?<");
    c.re.reset();
  }
  recent.push_front(std::move(c));
  return recent.front();
}

// What MustCompile panics with.
std::string panic(const Compiled& c) {
  std::string shown = c.pattern.find('`') == std::string::npos ? "`" + c.pattern + "`" : gotemplate::quote(c.pattern);
  return fmt::format("regexp: Compile({}): {}", shown, c.error);
}

// All matches from left to right, as Go counts them: an empty one right behind another is none. At most n; < 0: all.
// `each(groups)` gets the whole match and its groups. A match is a step; the call fails when they are too many.
template <class F>
void matches(Call& c, const re2::RE2& re, std::string_view s, int64_t n, bool groups, F&& each) {
  if (!c.spend(s.size() >> 4)) return;
  re2::StringPiece text(s.data(), s.size());
  std::vector<re2::StringPiece> found(static_cast<size_t>(groups ? re.NumberOfCapturingGroups() + 1 : 1));
  size_t at = 0;
  ptrdiff_t last_end = -1;
  for (int64_t count = 0; (n < 0 || count < n) && at <= s.size();) {
    if (!re.Match(text, at, s.size(), re2::RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) break;
    if (!c.spend(1) || c.failed()) return;
    ptrdiff_t begin = found[0].data() - s.data(), end = begin + static_cast<ptrdiff_t>(found[0].size());
    bool accept = true;
    if (end == static_cast<ptrdiff_t>(at)) {  // empty, here
      if (begin == last_end) accept = false;
      at += at < s.size() ? static_cast<size_t>(value::decode_rune(s.substr(at)).length) : 1;
    } else {
      at = static_cast<size_t>(end);
    }
    last_end = end;
    if (accept) {
      each(std::span<const re2::StringPiece>(found));
      ++count;
    }
  }
}

Any found_list(Call& c, std::vector<Any> items, bool is_nil) {
  if (is_nil) return Any(types::string_list, static_cast<gotemplate::Node*>(nullptr));
  if (!c.charge(items.size() * sizeof(Any))) return Any();
  return c.heap().list(std::move(items), types::string_list);
}

Any find_all(Call& c, const re2::RE2& re) {
  std::vector<Any> items;
  std::string_view s = c.text(1);
  matches(c, re, s, c.integer(2), false, [&](std::span<const re2::StringPiece> m) {
    if (c.charge(sizeof(Any) + m[0].size())) items.push_back(Any::of(std::string_view(m[0].data(), m[0].size())));
  });
  bool none = items.empty();
  return found_list(c, std::move(items), none);
}

Any find(Call& c, const re2::RE2& re) {
  std::string_view s = c.text(1);
  re2::StringPiece m;
  if (!re.Match({s.data(), s.size()}, 0, s.size(), re2::RE2::UNANCHORED, &m, 1)) return Any::of("");
  return Any::of(std::string_view(m.data(), m.size()));
}

// How long the run of letters, digits and underscores is that begins here.
size_t word_size(std::string_view s) {
  size_t n = 0;
  while (n < s.size()) {
    value::Rune r = value::decode_rune(s.substr(n));
    if (r.code != '_' && !gotemplate::is_letter(r.code) && !gotemplate::is_digit(r.code)) break;
    n += static_cast<size_t>(r.length);
  }
  return n;
}

// Go's Expand: $1, ${name}; a name is the longest run of letters, digits and underscores; "$$" is "$".
void expand(std::string& out, std::string_view t, const re2::RE2& re, std::span<const re2::StringPiece> groups) {
  while (!t.empty()) {
    size_t dollar = t.find('$');
    out += t.substr(0, dollar);
    if (dollar == t.npos) return;
    t.remove_prefix(dollar + 1);
    if (t.starts_with('$')) {
      out += '$';
      t.remove_prefix(1);
      continue;
    }
    bool brace = t.starts_with('{');
    std::string_view r = t.substr(brace ? 1 : 0);
    size_t n = word_size(r);
    std::string_view name = r.substr(0, n);
    if (n == 0 || (brace && (n >= r.size() || r[n] != '}'))) {
      out += '$';
      continue;
    }
    t = r.substr(n + (brace ? 1 : 0));
    size_t number = 0;
    bool is_number = true;
    for (char ch : name) {
      if (ch < '0' || ch > '9' || number > 100'000'000) is_number = false;
      if (is_number) number = number * 10 + static_cast<size_t>(ch - '0');
    }
    if (is_number && name.size() > 1 && name[0] == '0') is_number = false;
    if (!is_number) {
      auto at = re.NamedCapturingGroups().find(std::string(name));
      number = at == re.NamedCapturingGroups().end() ? SIZE_MAX : static_cast<size_t>(at->second);
    }
    if (number < groups.size()) out.append(groups[number].data() ? groups[number].data() : "", groups[number].size());
  }
}

Any replace(Call& c, const re2::RE2& re, bool literal) {
  std::string_view s = c.text(1), by = c.text(2);
  bool groups = !literal && by.find('$') != by.npos;
  std::string out;
  size_t from = 0;
  matches(c, re, s, -1, groups, [&](std::span<const re2::StringPiece> m) {
    auto begin = static_cast<size_t>(m[0].data() - s.data());
    out += s.substr(from, begin - from);
    if (groups)
      expand(out, by, re, m);
    else
      out += by;
    from = begin + m[0].size();
    if (out.size() > std::min(gotemplate::kPrintedMax, c.run().limits().value_bytes_max)) c.charge(SIZE_MAX);
  });
  if (c.failed()) return Any();
  out += s.substr(from);
  return counted(c, std::move(out));
}

Any split(Call& c, const re2::RE2& re) {
  std::string_view s = c.text(1);
  int64_t n = c.integer(2);
  if (n == 0) return found_list(c, {}, true);
  if (!re.pattern().empty() && s.empty()) return found_list(c, {Any::of("")}, false);
  std::vector<Any> parts;
  size_t begin = 0, end = 0;
  matches(c, re, s, n, false, [&](std::span<const re2::StringPiece> m) {
    if (!c.charge(sizeof(Any) + 16)) return;
    if (n > 0 && static_cast<int64_t>(parts.size()) == n - 1) return;
    end = static_cast<size_t>(m[0].data() - s.data());
    size_t after = end + m[0].size();
    if (after != 0) parts.push_back(Any::of(s.substr(begin, end - begin)));
    begin = after;
  });
  if (end != s.size()) parts.push_back(Any::of(s.substr(begin)));
  return found_list(c, std::move(parts), false);
}

// A function and its must form: one panics with Compile's text, the other gives the parser's.
void add(Functions& f, std::string name, std::string_view signature, Any (*run)(Call&, const re2::RE2&)) {
  f.add(name, signature, [run](Call& c) {
    const Compiled& r = compile(c.text(0));
    return r.re ? run(c, *r.re) : c.fail(panic(r));
  });
  name[0] = 'R';
  f.add("must" + name, signature, [run](Call& c) {
    const Compiled& r = compile(c.text(0));
    return r.re ? run(c, *r.re) : c.fail(r.error);
  });
}

bool is_match(Call& c, const re2::RE2& re) {
  std::string_view s = c.text(1);
  return re.Match({s.data(), s.size()}, 0, s.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

}  // namespace

void add_regex(Functions& f) {
  f.add("regexMatch", "(string, string) bool", [](Call& c) {
    const Compiled& r = compile(c.text(0));
    return Any::of(r.re != nullptr && is_match(c, *r.re));
  });
  f.add("mustRegexMatch", "(string, string) bool", [](Call& c) {
    const Compiled& r = compile(c.text(0));
    return r.re ? Any::of(is_match(c, *r.re)) : c.fail(r.error);
  });
  add(f, "regexFindAll", "(string, string, int) []string", find_all);
  add(f, "regexFind", "(string, string) string", find);
  add(f, "regexReplaceAll", "(string, string, string) string",
      [](Call& c, const re2::RE2& re) { return replace(c, re, false); });
  add(f, "regexReplaceAllLiteral", "(string, string, string) string",
      [](Call& c, const re2::RE2& re) { return replace(c, re, true); });
  add(f, "regexSplit", "(string, string, int) []string", split);
  f.add("regexQuoteMeta", "(string) string", [](Call& c) {
    std::string out;
    for (char ch : c.text(0)) {
      if (std::string_view("\\.+*?()|[]{}^$").find(ch) != std::string_view::npos) out += '\\';
      out += ch;
    }
    return Any::of(out);
  });
}

}  // namespace slipway::lang::sprig
