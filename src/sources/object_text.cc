#include "sources/object_text.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/timestamp.h"
#include "lang/semver/semver.h"

namespace slipway::sources {
namespace {

// Cuts off and gives what stands before `separator`; everything when it is missing.
std::string_view cut(std::string_view& text, char separator) {
  size_t at = text.find(separator);
  std::string_view head = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return head;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

}  // namespace

// 100644 blob ce013625030ba8dba906f756967f9e9ca394464a       6<TAB>a/b.txt<NUL>
Result<std::vector<TreeLine>> parse_ls_tree(std::string_view text, size_t files_max) {
  std::vector<TreeLine> lines;
  if (!text.empty() && text.back() != '\0') return fail(ErrorKind::unavailable, "git ls-tree: the answer is cut short");
  while (!text.empty()) {
    std::string_view record = cut(text, '\0');
    std::string_view head = cut(record, '\t');
    TreeLine line{.path = std::string(record)};
    std::string_view mode = cut(head, ' ');
    std::string_view type = cut(head, ' ');
    line.id = cut(head, ' ');
    std::string_view size = base::trim(head);
    if (!is_object_id(line.id)) return fail(ErrorKind::unavailable, "git ls-tree: not an entry: \"{}\"", mode);
    if (lines.size() >= files_max) return fail(ErrorKind::too_large, "more than {} files", files_max);
    auto clean = clean_path(line.path);
    if (!clean || *clean != line.path || line.path.empty())
      return fail(ErrorKind::bad_request, "the tree holds an entry that no tree may hold: \"{}\"", line.path);
    line.kind = kind_of_mode(mode);
    if (type == "commit") {
      line.kind = FileEntry::Kind::submodule;
    } else if (type == "blob") {
      auto bytes = base::parse_int(size);
      line.absent = !bytes || *bytes < 0;  // git says "BAD"
      line.size = line.absent ? 0 : static_cast<uint64_t>(*bytes);
    } else {
      return fail(ErrorKind::bad_request, "the tree's entry \"{}\" is neither a file nor a submodule", line.path);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// <id> blob 6<LF>content<LF>, or: <what was asked> missing<LF>
Result<std::vector<BatchObject>> parse_batch(std::string_view text, size_t asked) {
  std::vector<BatchObject> objects;
  while (!text.empty()) {
    std::string_view head = cut(text, '\n');
    BatchObject object;
    if (head.ends_with(" missing") || head.ends_with(" ambiguous")) {
      object.ambiguous = head.ends_with(" ambiguous");
      object.id = head.substr(0, head.rfind(' '));
    } else {
      object.id = cut(head, ' ');
      object.type = cut(head, ' ');
      auto size = base::parse_int(head);
      if (!is_object_id(object.id) || !size || *size < 0 || static_cast<size_t>(*size) >= text.size() ||
          text[static_cast<size_t>(*size)] != '\n')
        return fail(ErrorKind::unavailable, "git cat-file: the answer is cut short");
      object.content = text.substr(0, static_cast<size_t>(*size));
      text.remove_prefix(static_cast<size_t>(*size) + 1);
    }
    objects.push_back(object);
  }
  if (objects.size() != asked) return fail(ErrorKind::unavailable, "git cat-file: the answer is cut short");
  return objects;
}

FileEntry::Kind kind_of_mode(std::string_view mode) {
  using Kind = FileEntry::Kind;
  if (mode == "160000") return Kind::submodule;
  if (mode == "120000") return Kind::symlink;
  return mode == "100755" ? Kind::executable : Kind::file;
}

// <id> blob 6<LF>, or: <what was asked> missing<LF>
Result<std::vector<ObjectSize>> parse_sizes(std::string_view text, size_t asked) {
  std::vector<ObjectSize> sizes;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    ObjectSize object{.id = cut(line, ' '), .type = {}};
    std::string_view type = cut(line, ' ');
    if (auto size = base::parse_int(line); size && *size >= 0) {
      object.type = type;
      object.size = static_cast<uint64_t>(*size);
    }
    sizes.push_back(object);
  }
  if (sizes.size() != asked) return fail(ErrorKind::unavailable, "git cat-file: the answer is cut short");
  return sizes;
}

void describe_commit(std::string_view content, Commit& commit) {
  while (!content.empty()) {
    std::string_view line = cut(content, '\n');
    if (line.empty()) break;
    if (!line.starts_with("author ")) continue;
    line.remove_prefix(7);  // Name <mail> 1700000000 +0100
    size_t mail_end = line.rfind('>');
    if (mail_end == line.npos) continue;
    commit.author = line.substr(0, mail_end + 1);
    std::string_view when = base::trim(line.substr(mail_end + 1));
    auto seconds = base::parse_int(cut(when, ' '));
    if (seconds && *seconds >= 0 && *seconds <= base::Timestamp::latest)
      commit.date = base::format_rfc3339(base::Timestamp{*seconds});
  }
  std::string_view message = base::trim(content);
  commit.subject = std::string(message.substr(0, message.find('\n'))).substr(0, 200);
}

std::vector<Ref> parse_ls_remote(std::string_view text) {
  std::vector<Ref> refs;
  for (std::string_view line : base::split_lines(text)) {
    std::string_view id = cut(line, '\t');
    if (!is_object_id(id) || line.empty()) continue;
    if (line.ends_with("^{}")) {
      line.remove_suffix(3);
      if (!refs.empty() && refs.back().name == line) refs.back().peeled = id;
    } else {
      refs.push_back({line, id, {}});
    }
  }
  return refs;
}

bool is_object_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && is_hex(text);
}
bool is_id_prefix(std::string_view text) {
  return text.size() >= 4 && text.size() <= 64 && is_hex(text);
}

Result<> check_revision(std::string_view revision) {
  bool strange = revision.starts_with('-') || revision.find("..") != revision.npos ||
                 revision.find("@{") != revision.npos || revision.size() > 1000 ||
                 std::ranges::any_of(revision, [](unsigned char c) {
                   return c <= ' ' || c == 127 ||
                          std::string_view("~^:?*[\\").find(static_cast<char>(c)) != std::string_view::npos;
                 });
  if (!strange) return {};
  return fail(ErrorKind::bad_request, "\"{}\" is no revision; expected a branch, a tag, HEAD or a commit's SHA",
              revision);
}

std::string find_revision(const std::vector<Ref>& refs, std::string_view revision) {
  std::string wanted[] = {std::string(revision), fmt::format("refs/heads/{}", revision),
                          fmt::format("refs/tags/{}", revision), fmt::format("refs/{}", revision)};
  for (const std::string& name : wanted) {
    if (name == revision && name != "HEAD" && !name.starts_with("refs/")) continue;
    for (const Ref& ref : refs)
      if (ref.name == name) return std::string(ref.peeled.empty() ? ref.id : ref.peeled);
  }
  return {};
}

bool is_tag_range(std::string_view revision) {
  using lang::semver::Range;
  using lang::semver::Version;
  return revision.size() <= 256 && !Version::parse(revision) && Range::parse(revision);
}

std::string newest_tag(const std::vector<Ref>& refs, std::string_view range) {
  using lang::semver::Version;
  auto wanted = lang::semver::Range::parse(range);
  if (!wanted) return {};
  std::optional<Version> newest;
  for (const Ref& ref : refs) {
    if (!ref.name.starts_with("refs/tags/")) continue;
    auto version = Version::parse(ref.name.substr(10));
    if (version && wanted->contains(*version) && (!newest || version->compare(*newest) > 0)) newest = *version;
  }
  return newest ? newest->original : std::string();
}

std::string unresolved_words(std::string_view revision) {
  return fmt::format("unable to resolve '{}' to a commit SHA", revision);
}

Error unresolved(const std::vector<Ref>& refs, std::string_view revision) {
  std::vector<std::string> names, tags;
  for (const Ref& ref : refs) {
    for (std::string_view prefix : {"refs/heads/", "refs/tags/"})
      if (ref.name.starts_with(prefix)) names.emplace_back(ref.name.substr(prefix.size()));
    if (ref.name.starts_with("refs/tags/")) tags.emplace_back(ref.name.substr(10));
  }
  if (refs.empty()) return Error(ErrorKind::not_found, "the repository has no commits");
  std::string why;
  if (is_tag_range(revision)) {
    std::string any = newest_tag(refs, ">= 0.0.0-0");
    why = any.empty() ? fmt::format("; no tag is a version ({} tags)", tags.size())
                      : fmt::format("; no tag is in that range, the newest version is \"{}\"", any);
  } else if (auto near = base::nearest(revision.starts_with("refs/heads/")  ? revision.substr(11)
                                       : revision.starts_with("refs/tags/") ? revision.substr(10)
                                                                            : revision,
                                       names);
             near && *near != revision) {
    why = fmt::format("; did you mean \"{}\"?", *near);
  } else if (is_id_prefix(revision)) {
    why = "; no branch or tag has this name, and no commit this SHA";
  }
  return fail(ErrorKind::not_found, "{}{}", unresolved_words(revision), why);
}

Error why_unresolved(std::string_view lines, std::string_view said, const std::vector<std::string>& names,
                     std::string_view revision) {
  std::string plain;
  std::string_view head, other;
  auto is_meant = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  for (std::string_view line : base::split_lines(lines)) {
    std::string_view id = cut(line, '\t');
    std::string_view name = cut(line, '\t');
    bool is_head = line == "HEAD";
    if ((is_head && revision == "HEAD") || is_meant(name))
      return fail(ErrorKind::not_found, "{}; {} is {}, {}", unresolved_words(revision), name, id,
                  "which the repository does not hold, or which is no commit");
    plain += fmt::format("{}\t{}\n", id, name);
    if (is_head) head = name;
    if (other.empty() && name.starts_with("refs/heads/")) other = name.substr(11);
  }
  // "warning: ignoring broken ref refs/heads/main"
  for (std::string_view line : base::split_lines(said)) {
    size_t at = line.find("broken ref ");
    if (at == line.npos) continue;
    std::string_view name = base::trim(line.substr(at + 11));
    if (!is_meant(name) && !plain.empty() && revision != "HEAD") continue;
    return fail(ErrorKind::not_found, "{}; the reference {} is broken", unresolved_words(revision), name);
  }
  if (revision == "HEAD" && !other.empty())
    return fail(ErrorKind::not_found,
                "unable to resolve 'HEAD' to a commit SHA; HEAD is on a branch without commits, there is \"{}\"",
                other);
  return unresolved(parse_ls_remote(plain), revision);
}

}  // namespace slipway::sources
