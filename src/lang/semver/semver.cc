#include "lang/semver/semver.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace slipway::lang::semver {

namespace {

constexpr size_t kVersionMax = 256, kRangeMax = 512, kGroupsMax = 32;

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}
bool wild_digit(char c) {
  return digit(c) || c == '|' || c == 'x' || c == 'X' || c == '*';
}

void skip_space(std::string_view& text) {
  while (!text.empty() && space(text[0])) text.remove_prefix(1);
}

// A version's pieces, as far as they reach.
struct Pieces {
  std::string_view whole, parts[3], prerelease, metadata;
};

std::string_view take(std::string_view& text, bool (*wanted)(char)) {
  size_t n = 0;
  while (n < text.size() && wanted(text[n])) ++n;
  std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

// "-rc.1", "+build": identifiers between dots behind a mark; nothing taken when there are none.
std::string_view take_identifiers(std::string_view& text, char mark) {
  if (text.size() < 2 || text[0] != mark) return {};
  auto part = [](char c) { return digit(c) || letter(c); };
  size_t end = 1;
  for (;;) {
    size_t start = end;
    while (end < text.size() && part(text[end])) ++end;
    if (end == start) {  // a dot without anything behind it is left
      end = start > 1 ? start - 1 : 0;
      break;
    }
    if (end >= text.size() || text[end] != '.') break;
    ++end;
  }
  if (end < 2) return {};
  std::string_view taken = text.substr(1, end - 1);
  text.remove_prefix(end);
  return taken;
}

bool scan(std::string_view& text, Pieces& out, bool (*digits)(char)) {
  std::string_view start = text;
  if (text.starts_with('v')) text.remove_prefix(1);
  out.parts[0] = take(text, digits);
  if (out.parts[0].empty()) {
    text = start;
    return false;
  }
  for (int i = 1; i < 3; ++i) {
    if (text.size() < 2 || text[0] != '.' || !digits(text[1])) break;
    text.remove_prefix(1);
    out.parts[i] = take(text, digits);
  }
  out.prerelease = take_identifiers(text, '-');
  out.metadata = take_identifiers(text, '+');
  out.whole = start.substr(0, start.size() - text.size());
  return true;
}

int compare_identifiers(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty()) return -1;
  if (b.empty()) return 1;
  bool na = std::ranges::all_of(a, digit), nb = std::ranges::all_of(b, digit);
  if (na && !nb) return -1;
  if (!na && nb) return 1;
  if (!na) return a < b ? -1 : 1;
  while (a.size() > 1 && a[0] == '0') a.remove_prefix(1);
  while (b.size() > 1 && b[0] == '0') b.remove_prefix(1);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a == b ? 0 : a < b ? -1 : 1;
}

int compare_prereleases(std::string_view a, std::string_view b) {
  auto as = base::split(a, '.'), bs = base::split(b, '.');
  for (size_t i = 0; i < std::max(as.size(), bs.size()); ++i) {
    std::string_view x = i < as.size() ? as[i] : std::string_view(), y = i < bs.size() ? bs[i] : std::string_view();
    if (int d = compare_identifiers(x, y)) return d;
  }
  return 0;
}

Error invalid(std::string message) {
  return Error(ErrorKind::invalid, std::move(message));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

// "1.2 - 1.4" becomes ">= 1.2, <= 1.4 ".
std::string without_dashes(std::string text) {
  if (text.find('-') == text.npos) return text;
  static const char* cv =
      R"((v?[0-9|xX*]+(?:\.[0-9|xX*]+)?(?:\.[0-9|xX*]+)?(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?))";
  static const re2::RE2 expression(std::string("(\\s*") + cv + "\\s+-\\s+" + cv + "\\s*)");
  std::string in = text;
  re2::StringPiece rest(in);
  std::string whole, low, high;
  while (re2::RE2::FindAndConsume(&rest, expression, &whole, &low, &high)) {
    size_t at = text.find(whole);
    if (at != text.npos) text.replace(at, whole.size(), ">= " + low + ", <= " + high + " ");
  }
  return text;
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  if (text.size() > kVersionMax) return invalid("version string is too long (max 256 bytes)");
  Pieces pieces;
  std::string_view rest = text;
  if (!scan(rest, pieces, digit) || !rest.empty()) return invalid("invalid semantic version");
  Version v;
  v.original = text;
  uint64_t* numbers[] = {&v.major, &v.minor, &v.patch};
  for (int i = 0; i < 3; ++i) {
    std::string_view part = pieces.parts[i];
    if (part.empty()) continue;
    auto done = std::from_chars(part.data(), part.data() + part.size(), *numbers[i]);
    if (done.ec != std::errc())
      return invalid(fmt::format("error parsing version segment: strconv.ParseUint: parsing {}: value out of range",
                                 quoted(part)));
  }
  v.prerelease = pieces.prerelease;
  v.metadata = pieces.metadata;
  if (!v.prerelease.empty()) {
    for (std::string_view id : base::split(v.prerelease, '.')) {
      if (std::ranges::all_of(id, digit) && id.size() > 1 && id[0] == '0')
        return invalid("version segment starts with 0");
    }
  }
  return v;
}

std::string Version::str() const {
  std::string out = fmt::format("{}.{}.{}", major, minor, patch);
  if (!prerelease.empty()) out += "-" + prerelease;
  if (!metadata.empty()) out += "+" + metadata;
  return out;
}

int Version::compare(const Version& o) const {
  auto by = [](uint64_t a, uint64_t b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (int d = by(major, o.major)) return d;
  if (int d = by(minor, o.minor)) return d;
  if (int d = by(patch, o.patch)) return d;
  if (prerelease.empty() && o.prerelease.empty()) return 0;
  if (prerelease.empty()) return 1;
  if (o.prerelease.empty()) return -1;
  return compare_prereleases(prerelease, o.prerelease);
}

Result<Range> Range::parse(std::string_view text) {
  if (text.size() > kRangeMax) return invalid("constraint string is too long (max 512 bytes)");
  std::string plain = without_dashes(std::string(text));
  std::vector<std::string> groups;
  for (size_t from = 0;;) {
    size_t at = plain.find("||", from);
    groups.push_back(plain.substr(from, at == plain.npos ? at : at - from));
    if (at == plain.npos) break;
    from = at + 2;
  }
  if (groups.size() > kGroupsMax) return invalid("too many constraint groups (max 32)");
  Range range;
  for (const std::string& said : groups) {
    auto improper = [&said] { return invalid("improper constraint: " + quoted(said)); };
    Group group;
    std::vector<std::pair<Op, std::string>> parts;  // all of them must look right before one is read
    std::string_view rest = said;
    for (bool first = true;; first = false) {
      skip_space(rest);
      if (!first) {
        if (rest.empty()) break;
        bool comma = rest.starts_with(',');
        bool parted = comma || space(rest.data()[-1]);
        if (!parted) return improper();
        if (comma) rest.remove_prefix(1);
        skip_space(rest);
      }
      static constexpr std::pair<std::string_view, Op> ops[] = {
          {"!=", Op::not_equal},  {">=", Op::greater_equal}, {"=>", Op::greater_equal}, {"<=", Op::less_equal},
          {"=<", Op::less_equal}, {"~>", Op::tilde},         {"=", Op::tilde_or_equal}, {">", Op::greater},
          {"<", Op::less},        {"~", Op::tilde},          {"^", Op::caret}};
      Op op = Op::tilde_or_equal;
      for (auto [word, meaning] : ops) {
        if (!rest.starts_with(word)) continue;
        op = meaning;
        rest.remove_prefix(word.size());
        break;
      }
      skip_space(rest);
      Pieces pieces;
      if (!scan(rest, pieces, wild_digit)) return improper();
      parts.emplace_back(op, pieces.whole);
    }
    for (const auto& [op, version] : parts) {
      Part one = OR_RETURN(part(op, version));
      if (!one.version.prerelease.empty()) group.prereleases = true;
      group.parts.push_back(std::move(one));
    }
    range.groups_.push_back(std::move(group));
  }
  return range;
}

Result<Range::Part> Range::part(Op op, std::string_view text) {
  Pieces pieces;
  std::string_view rest = text;
  scan(rest, pieces, wild_digit);
  auto is_x = [](std::string_view s) { return s.empty() || s == "x" || s == "*" || s == "X"; };
  Part part{.op = op, .version = {}, .original = std::string(text)};
  std::string version(text);
  std::string end = pieces.prerelease.empty() ? "" : "-" + std::string(pieces.prerelease);
  if (is_x(pieces.parts[0])) {
    version = "0.0.0" + end;
    part.dirty = true;
  } else if (is_x(pieces.parts[1])) {
    part.minor_dirty = part.dirty = true;
    version = std::string(pieces.parts[0]) + ".0.0" + end;
  } else if (is_x(pieces.parts[2])) {
    part.dirty = part.patch_dirty = true;
    version = std::string(pieces.parts[0]) + "." + std::string(pieces.parts[1]) + ".0" + end;
  }
  auto parsed = Version::parse(version);
  if (!parsed) return invalid("constraint parser error");
  part.version = std::move(*parsed);
  return part;
}

bool Range::contains(const Version& version) const {
  return std::ranges::any_of(groups_, [&](const Group& group) {
    return std::ranges::all_of(group.parts,
                               [&](const Part& part) { return fault(part, version, group.prereleases).empty(); });
  });
}

bool Range::contains(const Version& version, std::vector<std::string>& why) const {
  bool said = false;
  for (const Group& group : groups_) {
    bool all = true;
    for (const Part& part : group.parts) {
      bool pre = !group.prereleases && !version.prerelease.empty();
      std::string wrong = fault(part, version, group.prereleases);
      if (wrong.empty() && !pre) continue;
      all = false;
      if (pre && said) continue;
      said = said || pre;
      why.push_back(std::move(wrong));
    }
    if (all) {
      why.clear();
      return true;
    }
  }
  return false;
}

// Empty: it holds.
std::string Range::fault(const Part& c, const Version& v, bool prereleases) {
  const Version& w = c.version;
  std::string name = quoted(v.str()), said = quoted(c.original);
  if (!v.prerelease.empty() && !prereleases)
    return name + " is a prerelease version and the constraint is only looking for release versions";
  auto same = [&] { return name + " is equal to " + said; };
  auto not_above = [&] { return name + " is less than or equal to " + said; };
  auto above = [&] { return name + " is greater than " + said; };
  auto below = [&] { return name + " is less than " + said; };
  auto other_major = [&] { return name + " does not have same major version as " + said; };
  auto tilde = [&]() -> std::string {
    if (v.compare(w) < 0) return below();
    if (w.major == 0 && w.minor == 0 && w.patch == 0 && !c.minor_dirty && !c.patch_dirty) return {};
    if (v.major != w.major) return other_major();
    if (v.minor != w.minor && !c.minor_dirty) return name + " does not have same major and minor version as " + said;
    return {};
  };
  switch (c.op) {
    case Op::tilde_or_equal:
      if (c.dirty) return tilde();
      return v.compare(w) == 0 ? "" : name + " is not equal to " + said;
    case Op::tilde:
      return tilde();
    case Op::not_equal:
      if (c.dirty) {
        if (v.major != w.major) return {};
        if (v.minor != w.minor && !c.minor_dirty) return {};
        if (c.minor_dirty) return same();
        if (v.patch != w.patch && !c.patch_dirty) return {};
        if (c.patch_dirty) {
          bool differ =
              (!v.prerelease.empty() || !w.prerelease.empty()) && compare_prereleases(v.prerelease, w.prerelease) != 0;
          return differ ? "" : same();
        }
      }
      return v.compare(w) == 0 ? same() : "";
    case Op::greater:
      if (!c.dirty) return v.compare(w) > 0 ? "" : not_above();
      if (v.major != w.major) return v.major > w.major ? "" : not_above();
      if (c.minor_dirty) return not_above();
      if (c.patch_dirty) return v.minor > w.minor ? "" : not_above();
      return v.compare(w) > 0 ? "" : not_above();
    case Op::less:
      return v.compare(w) < 0 ? "" : name + " is greater than or equal to " + said;
    case Op::greater_equal:
      return v.compare(w) >= 0 ? "" : below();
    case Op::less_equal:
      if (!c.dirty) return v.compare(w) <= 0 ? "" : above();
      if (v.major > w.major) return above();
      if (v.major == w.major && v.minor > w.minor && !c.minor_dirty) return above();
      return {};
    case Op::caret:
      if (v.compare(w) < 0) return below();
      if (w.major > 0 || c.minor_dirty) return v.major == w.major ? "" : other_major();
      if (v.major > 0) return other_major();
      if (w.minor > 0 || c.patch_dirty) {
        return v.minor == w.minor ? ""
                                  : name + " does not have same minor version as " + said +
                                        ". Expected minor versions to match when constraint major version is 0";
      }
      if (v.minor > 0) return name + " does not have same minor version as " + said;
      return v.patch == w.patch ? ""
                                : name + " does not equal " + said +
                                      ". Expect version and constraint to equal when major and minor versions are 0";
  }
  return {};
}

}  // namespace slipway::lang::semver
